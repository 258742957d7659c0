"""Somebody is told. A loop outside the path of deliveries looks for troubles and raises the alarm, again and again while
they last. The processes take turns at it, and what was told stands in the ledger: one that dies or freezes silences nobody. What
a process alone knows, that it cannot reach the database or cannot look, it keeps and tells by itself."""

import asyncio
import logging
import os
import random
import secrets
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import watch
from app.db.engine import StoreUnavailable, transaction
from app.dispatch.alarm import alarm
from app.dispatch.known_here import KnownHere
from app.domain.telling import Standing
from app.flows.watching import look, standing
from channels.contract import Wire

EVERY_SECONDS = 2.0
REST = 0.75 * EVERY_SECONDS
AFTER_A_NO = 10.0
"""Seconds before an alarm that was not taken is raised again: a DingTalk robot that is called more than twenty times a minute
takes nothing for ten."""
LIMIT = 8.0
AWAY = {"store_away": "数据库连不上，新的寻人和撤回都无法受理。请立即检查数据库。"}
BLIND = {
    "watchdog_blind": "值守程序无法查看平台状况，有故障也看不到。请立即运行 huijia doctor；"
    "刚升级过程序的，先运行 huijia migrate。"
}
OVER = {
    "dispatcher_silent": "投递进程已在运行。",
    "late_to_expire": "没有到期而未结束的紧急寻人。",
    "retraction_unheard": "没有仍未收到撤回的发布点。",
    "proposal_unconfirmed": "没有实发信息仍在等待第二名民警。",
    "unclaimed": "没有到时仍无人处理的投递。",
    "schema_behind": "数据库结构已是最新。",
    "outlet_quarantined": "没有发布点仍被隔离。",
    "watchdog_stumbles": "各项检查都能进行。",
    "store_away": "数据库已恢复。",
    "watchdog_blind": "值守程序又能查看平台状况。",
}

log = logging.getLogger("huijia.watchdog")


class Watchdog:
    """``alarm_url``: where a JSON message goes (it is one that a DingTalk robot takes, too). A process without it says in its log
    what is found, and leaves the telling to those that have one."""

    def __init__(self, engine: AsyncEngine, wire: Wire, alarm_url: str | None) -> None:
        self._engine, self._wire, self._url = engine, wire, alarm_url
        self._name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._here = KnownHere()
        self._not_ours_to_tell: Mapping[str, str] = {}
        self._blind = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``, whatever happens."""
        while not stop.is_set():
            rest = AFTER_A_NO
            try:
                rest = EVERY_SECONDS if await self.look() else AFTER_A_NO
            except Exception:
                log.exception("the watchdog stumbled")
            with suppress(TimeoutError):  # not in step with the others, so that each has its turns
                await asyncio.wait_for(stop.wait(), rest * random.uniform(0.75, 1.25))  # noqa: S311

    async def look(self) -> bool:
        """Look once, if it is our turn, and tell what is to be told. False when that was not taken."""
        alone, taken = dict[str, str](), True
        try:
            ends, found = await self._turn()
            if self._url is None:
                self._not_ours_to_tell = {one.name: one.zh for one in found if one.over is None}
            elif ends is not None:
                taken = await self._tell_of([one for one in found if one.is_due], ends)
            self._blind = False
        except StoreUnavailable as e:
            log.warning("the watchdog cannot look: %s", e)
            alone = AWAY
        except Exception as e:
            log.error("the watchdog cannot look: %s", type(e).__name__, exc_info=not self._blind)  # at length once
            alone, self._blind = BLIND, True
        return await self._tell_of_mine({**self._not_ours_to_tell, **alone}) and taken

    async def _turn(self) -> tuple[float | None, Sequence[Standing]]:
        """When by the monotonic clock our turn ends, ``None`` when it is another's; and what stands in the ledger."""
        async with transaction(self._engine) as session:
            if (follows := await watch.take(session)) is None:
                return None, await standing(session)
            found = await look(session, follows=follows)
            ends = time.monotonic() + watch.LONGEST
            tells = self._url is not None and any(one.is_due for one in found)
            await watch.looked(session, self._name, watch.LONGEST if tells else REST)
        return ends, found

    async def _tell_of(self, due: Sequence[Standing], ends: float) -> bool:
        """What stands in the ledger. Nothing when this process was frozen for most of its turn: another has told it."""
        left = ends - time.monotonic()
        if not due or left < watch.LONGEST - LIMIT:
            return True
        taken = await self._tell(due, left)
        try:
            async with transaction(self._engine) as session:
                if taken:
                    lasting = {one.name: one.zh for one in due if one.over is None}
                    await watch.told(session, lasting, [one.name for one in due if one.over is not None])
                await watch.rest(session, self._name, REST if taken else AFTER_A_NO)
        except StoreUnavailable as e:
            log.warning("that it was told is not written down, it is told again: %s", e)
        return taken

    async def _tell_of_mine(self, alone: Mapping[str, str]) -> bool:
        self._here.found(alone)
        due = [one for one in self._here.standing() if one.is_due]
        taken = await self._tell(due, LIMIT) if due else True
        if taken:
            self._here.told(due)
        return taken

    async def _tell(self, due: Sequence[Standing], seconds: float) -> bool:
        """All of it in one message. False when nobody could be told."""
        for one in due:
            log.error("trouble %s: %s", one.name, one.zh if one.over is None else "over")
        if self._url is None:
            return True
        words = "\n".join(_words(one) for one in due)
        why = await alarm(self._wire, self._url, words, timedelta(seconds=min(seconds, LIMIT)))
        if why is not None:
            log.error("the alarm was not taken: %s", why)
        return why is None


def _words(one: Standing) -> str:
    if one.over is None:
        return f"回家平台告警：{one.zh}"
    return f"回家平台告警解除：{OVER.get(one.name, one.zh)}"
