"""What one reader is answered, as the bytes of its wire. Readers who asked the same share them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import orjson

from app.domain.board import Posting, Span


@dataclass(frozen=True)
class Sheet:
    """``items`` are the postings' bytes. ``tag`` changes with what a reader could be given; ``None``: something was held
    back, and the same question may have another answer at once. ``stale``: the ledger could not be asked."""

    postings: Sequence[Posting]
    items: Sequence[bytes]
    cursor: int
    left_out: Sequence[Span]
    more: bool
    tag: str | None
    stale: bool
    unchanged: bool = False

    @cached_property
    def _front(self) -> bytes:
        rest = {"left_out": self.left_out, "more": self.more, "stale": self.stale}
        return b'{"cursor":"%d","items":[%b],%b,"heartbeat":' % (
            self.cursor, b",".join(self.items), orjson.dumps(rest)[1:-1],
        )  # fmt: skip

    def json(self, heartbeat: bytes) -> bytes:
        """The body of ``GET /v1/feed``."""
        return self._front + heartbeat + b"}"

    @cached_property
    def events(self) -> bytes:
        """The notices as server-sent events, each with its number as its id; before them, what was left out."""
        found = []
        if self.left_out:
            found.append(b"event: left_out\ndata: %b\n\n" % orjson.dumps(self.left_out))
        for posting, item in zip(self.postings, self.items, strict=True):
            found.append(b"id: %d\nevent: notice\ndata: %b\n\n" % (posting.sequence or 0, item))
        return b"".join(found)

    def beat(self, heartbeat: bytes) -> bytes:
        """The heartbeat as an event. Its id is the cursor: whoever comes back goes on from there."""
        stale = b"true" if self.stale else b"false"
        said = b'%b,"cursor":"%d","stale":%b}' % (heartbeat[:-1], self.cursor, stale)
        return b"id: %d\nevent: heartbeat\ndata: %b\n\n" % (self.cursor, said)
