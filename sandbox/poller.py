"""A partner's app that asks huijia for news instead of being called."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx

from sandbox.faults import Fault
from sandbox.sites import Site
from sandbox.stations import Verdict
from sandbox.town import Town

EVERY_SECONDS = 0.5
SLOW_SECONDS = 3.0
LONGEST_WAIT = 5.0

log = logging.getLogger("sandbox.poller")


class Poller:
    """Reads one partner's feed from a cursor on. ``keep`` is told each cursor once everything up to it is handled.

    The modes, for somebody who calls instead of being called: *slow* asks every three seconds, *down* and *hanging* do
    not ask, *flaky* loses every other answer – half of these after acting on it, so that it comes twice –, and *lying*
    reads on without showing anything.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        huijia: str,
        town: Town,
        site: Site,
        key: str,
        cursor: str | None,
        keep: Callable[[str], None],
    ) -> None:
        self._client = client
        self._url = f"{huijia.rstrip('/')}/v1/feed"
        self._headers = {"authorization": f"Bearer {key}"}
        self._town = town
        self._site = site
        self._cursor = cursor
        self._keep = keep
        self._failures = 0

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            wait = await self.turn()
            await asyncio.sleep(wait)

    async def turn(self) -> float:
        """One round; gives the seconds to wait before the next."""
        fault = self._site.switch.strike()
        if fault in (Fault.DOWN, Fault.HANGING):
            return EVERY_SECONDS
        answer = await self._ask()
        if answer is None:
            self._failures += 1
            return min(EVERY_SECONDS * 2.0 ** min(self._failures, 9), LONGEST_WAIT)
        self._failures = 0
        if fault is not Fault.SERVER_ERROR:
            self._handle(*answer, fault)
        return SLOW_SECONDS if fault is Fault.SLOW else EVERY_SECONDS

    async def _ask(self) -> tuple[str, list[Any]] | None:
        params = {} if self._cursor is None else {"cursor": self._cursor}
        try:
            reply = await self._client.get(self._url, params=params, headers=self._headers)
            page = reply.raise_for_status().json()
            cursor, items = page["cursor"], page["items"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            if self._failures == 0:
                log.warning("feed: no usable answer (%s)", type(error).__name__)
            return None
        if not isinstance(cursor, str) or not isinstance(items, list):
            log.warning("feed: cursor or items of the wrong kind")
            return None
        return cursor, items

    def _handle(self, cursor: str, items: list[Any], fault: Fault | None) -> None:
        for item in items:
            self._hear(item, fault)
        if fault is not Fault.HUNG_UP and cursor != self._cursor:
            self._cursor = cursor
            try:
                self._keep(cursor)
            except OSError as error:  # it reads on all the same, and what it reads again after a restart it has had
                log.warning("feed: the cursor cannot be kept (%s)", error.strerror)

    def _hear(self, item: Any, fault: Fault | None) -> None:
        delivery = item.get("delivery") if isinstance(item, dict) else None
        if not isinstance(delivery, str):
            self._town.calls.add(self._site.outlet.slug, self._town.clock(), Verdict.MALFORMED, note="delivery")
        elif fault is Fault.LYING:
            self._town.calls.add(
                self._site.outlet.slug, self._town.clock(), Verdict.UNHEARD, webhook_id=delivery, fault=fault
            )
        else:
            self._town.feed_item(self._site, delivery, item.get("payload"), fault)
