"""What each notice says on a JSON wire, as bytes prepared once for every outlet that is given the same."""

import logging
from collections.abc import Iterable, Sequence

import orjson

from app.db import alerts
from app.db.engine import Session
from app.domain.board import Posting
from app.domain.notice import from_json
from app.flows.ports import Press

log = logging.getLogger("huijia.feed")

Key = tuple[int, int]
ROOMY = 256
"""Notices held before those that nobody's board shows any more are dropped."""


class Shelf:
    """By notice and profile."""

    def __init__(self, press: Press, base_url: str) -> None:
        self._press, self._base = press, base_url
        self._payloads: dict[Key, dict[str, bytes]] = {}

    async def fill(self, session: Session, postings: Sequence[Posting]) -> Sequence[Posting]:
        """Prepare what these say. Those whose rendition cannot be read are left out, and keep no other waiting."""
        wanted: dict[Key, set[str]] = {}
        for p in postings:
            if p.profile not in self._payloads.get((p.alert, p.number), ()):
                wanted.setdefault((p.alert, p.number), set()).add(p.profile)
        for key, profiles in wanted.items():
            await self._prepare(session, key, profiles)
        return [p for p in postings if p.profile in self._payloads.get((p.alert, p.number), ())]

    async def _prepare(self, session: Session, key: Key, profiles: Iterable[str]) -> None:
        notice = from_json(dict(await alerts.notice_body(session, *key)))
        rendered = await alerts.renditions(session, *key)
        kept = self._payloads.setdefault(key, {})
        for profile in profiles:
            try:
                kept[profile] = orjson.dumps(self._press.payload(notice, rendered[profile]))
            except Exception:
                log.exception("notice %s/%d cannot be told in profile %s", notice.alert, notice.number, profile)

    def forget(self, alerts: Iterable[int]) -> None:
        """What is said of these alerts is to be prepared anew: their pictures have been made meanwhile."""
        gone = set(alerts)
        for key in [key for key in self._payloads if key[0] in gone]:
            del self._payloads[key]

    def keep_only(self, shown: Iterable[Key]) -> None:
        """Drop what no board shows, once there is much."""
        if len(self._payloads) > ROOMY:
            still = set(shown)
            self._payloads = {key: said for key, said in self._payloads.items() if key in still}

    def item(self, p: Posting) -> bytes:
        """A feed item: docs/partners/pull.md."""
        frame = {
            "sequence": p.sequence,
            "delivery": f"dlv_{p.delivery}",
            "outlet": str(p.outlet),
            "notice": p.notice,
            "pushed": not p.polled,
            "cap": f"{self._base}/v1/alerts/{p.code}/cap/{p.number}.xml",
        }
        return orjson.dumps(frame)[:-1] + b',"payload":' + self._payloads[p.alert, p.number][p.profile] + b"}"
