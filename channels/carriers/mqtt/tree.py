"""What lies on the topics of a network, as its listener has seen it, and what the ledger says should: what is lost is put
back, what is over is cleared, and an end that did not reach a topic is carried there. Pure: time is an argument."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.carriers.answer import json_object, moment
from channels.carriers.mqtt.retained import Document
from channels.contract import Kind

SETTLING = timedelta(seconds=3)
"""How long a broker has for telling a listener what it has kept. What it does not tell, it has forgotten."""

LAGGING = timedelta(seconds=30)
"""How long the ordinary way has for carrying an end to all topics of its alert."""

OVER = timedelta(minutes=10)
"""How long after its time a document is cleared. A broker that knows message expiry was quicker."""


@dataclass(slots=True)
class Leaf:
    """The newest document of one topic. ``look_at``: when something may have to be done about it."""

    document: Document
    kind: Kind
    there: bool
    look_at: datetime | None = None


class Tree:
    """One for a network. It outlives a lost connection: only so can it tell what a broker has lost; what was lost before
    this process began, the ledger tells."""

    def __init__(self) -> None:
        self._leaves: dict[str, Leaf] = {}
        self._ends: dict[str, tuple[Document, datetime]] = {}  # by alert, since when

    def begin(self, now: datetime) -> None:
        """A new connection: everything is to be seen again."""
        for leaf in self._leaves.values():
            leaf.there, leaf.look_at = False, now + SETTLING

    def hear(self, topic: str, payload: bytes, now: datetime) -> None:
        """A document came, or an empty payload that clears the topic."""
        leaf = self._leaves.get(topic)
        if not payload:
            if leaf is not None:
                leaf.there, leaf.look_at = False, now + SETTLING
            return
        read = _read(topic, payload)
        if read is None:
            return
        document, kind = read
        if leaf is None or document.number >= leaf.document.number:
            self._leaves[topic] = Leaf(document, kind, there=True)
        else:  # the newer one is gone from the broker
            leaf.there, leaf.look_at = False, now
        if kind is Kind.RETRACT:
            self._ends.setdefault(document.alert, (document, now))

    def know(self, document: Document, kind: Kind, now: datetime) -> None:
        """The ledger says that this is the newest of its topic. What has been seen there since is newer still."""
        leaf = self._leaves.get(document.topic)
        if leaf is None or leaf.document.number < document.number:
            self._leaves[document.topic] = Leaf(document, kind, there=False, look_at=now + SETTLING)
        if kind is Kind.RETRACT:
            self._ends.setdefault(document.alert, (document, now))

    def due(self, now: datetime) -> Iterator[Document]:
        """What is to be published now. Each comes again until the topic shows that it was done."""
        for topic, leaf in list(self._leaves.items()):
            if leaf.look_at is not None and now < leaf.look_at:
                continue
            document = self._wanted(leaf, now)
            if now >= leaf.document.expires_at + OVER:
                del self._leaves[topic]
                self._ends.pop(leaf.document.alert, None)
            else:
                leaf.look_at = now + LAGGING if document is not None else None
            if document is not None:
                yield document

    def _wanted(self, leaf: Leaf, now: datetime) -> Document | None:
        mine = leaf.document
        if now >= mine.expires_at + OVER:
            return Document(mine.topic, mine.alert, mine.number, True, b"", mine.expires_at) if leaf.there else None
        end, since = self._ends.get(mine.alert, (mine, now))
        if end.number > mine.number:
            if now < since + LAGGING:
                return None
            return Document(mine.topic, end.alert, end.number, True, end.payload, end.expires_at)
        return mine if not leaf.there and now < mine.expires_at else None


def _read(topic: str, payload: bytes) -> tuple[Document, Kind] | None:
    """A document that somebody else may have written: ``None`` when it is not one of ours."""
    said: Any = json_object(payload)
    try:
        data = said["data"]
        kind, number, alert, expires = Kind(data["kind"]), data["number"], data["alert"], moment(data["expires_at"])
    except (TypeError, KeyError, ValueError):
        return None
    if type(number) is not int or not isinstance(alert, str) or expires is None or not topic.endswith(f"/{alert}"):
        return None
    return Document(topic, alert, number, kind is Kind.RETRACT, payload, expires.astimezone(UTC)), kind
