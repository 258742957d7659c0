"""A partner's heartbeat: what it ought to have by now, and when huijia last knew that, signed."""

from datetime import datetime, timedelta

import orjson

from app.domain.beijing import beijing
from app.domain.board import Board
from app.flows.notary import Notary

SERVES = timedelta(seconds=5)
"""For how long one signature serves all readers of a partner, while nothing changes."""


class Heartbeats:
    """Signed once for many readers. docs/partners/pull.md says how it is verified."""

    def __init__(self, notary: Notary) -> None:
        self._notary = notary
        self._kept: dict[tuple[int, bool], tuple[object, datetime, bytes]] = {}

    def beat(self, partner: int, live: bool, board: Board, at: datetime) -> bytes:
        """JSON. ``at`` is when this was known to be so: while the ledger is away it stands still."""
        last = board.face(live, False).last
        said = (last, board.head)
        kept = self._kept.get((partner, live))
        if kept is not None and kept[0] == said and at - kept[1] < SERVES:
            return kept[2]
        time = beijing(at).isoformat(timespec="seconds")
        text = "\n".join(("huijia.heartbeat.v1", str(partner), str(board.head), ",".join(last), time))
        beat = orjson.dumps(
            {
                "partner": str(partner), "head": board.head, "last": last, "at": time, "key": self._notary.key_id,
                "signature": self._notary.sign(text.encode()),
            }
        )  # fmt: skip
        self._kept[partner, live] = (said, at, beat)
        return beat
