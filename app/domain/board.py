"""What stands in one partner's feed: the postings of its outlets, their numbers, and the page that a reader is to get.

A posting is a delivery of the newest notice of an alert. It has its number from the moment at which it is first given
(a polled outlet) or seen in the feed and on its way (one that huijia calls). Pure: no clock, no waiting.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from itertools import takewhile

from app.domain.words import Kind, Status

LAST = 10
"""How many notices a heartbeat names."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Posting:
    """``waits``: a polled outlet has not taken it, or it has no number yet. ``open``: it was given before, so that giving
    it again changes nothing. ``over_at``: when it is not to be given any more; ``None`` for a retraction, which the ledger
    stops giving in its own time."""

    delivery: int
    partner: int
    outlet: int
    alert: int
    code: str
    number: int
    kind: Kind
    status: Status
    profile: str
    polled: bool
    priority: int
    issued_at: datetime
    over_at: datetime | None
    sequence: int | None
    waits: bool
    open: bool

    @property
    def notice(self) -> str:
        """The notice's id: alert and number."""
        return f"{self.code}/{self.number}"

    def numbered(self, sequence: int) -> "Posting":
        """The same posting, taken under this number."""
        return replace(self, sequence=sequence, waits=False, open=self.open or self.polled)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a reader wants. ``live``: with a live key. ``all``: of the outlets that huijia calls as well. ``newest``: from
    the newest backwards, below ``before`` where that is given. ``since``, ``alert`` and ``outlet`` narrow it."""

    partner: int
    live: bool
    all: bool
    cursor: int = 0
    limit: int = 100
    newest: bool = False
    before: int | None = None
    since: datetime | None = None
    alert: str | None = None
    outlet: int | None = None

    @property
    def narrowed(self) -> str:
        """Of what the reader left out, a word for the tag: the same board has another answer for it."""
        said = (self.newest, self.before, self.since and self.since.isoformat(), self.alert, self.outlet)
        plain = said == (False, None, None, None, None)
        return "" if plain else "-" + blake2b(repr(said).encode(), digest_size=4).hexdigest()

    def wants(self, posting: Posting) -> bool:
        """True when such a posting may be given to this reader at all."""
        return (
            (self.live or posting.status is not Status.ACTUAL)
            and (self.all or posting.polled)
            and (self.since is None or posting.issued_at >= self.since)
            and (self.alert is None or posting.code == self.alert)
            and (self.outlet is None or posting.outlet == self.outlet)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """``given`` have numbers, in the order asked for; ``taking`` are to be numbered and accepted first, and come at the
    new end. ``more``: there is more than fits."""

    given: Sequence[Posting]
    taking: Sequence[Posting]
    more: bool


class Face:
    """What can be told of a board at once as one kind of key sees it; worked out when it is asked for."""

    def __init__(self, view: Ask, numbered: Sequence[Posting], waiting: Sequence[Posting]) -> None:
        self._view = view
        self._every = numbered
        self._numbered = [p for p in numbered if view.wants(p)]
        self._waiting = [p for p in waiting if view.wants(p)]
        self.top = _sequence(self._numbered[-1]) if self._numbered else 0
        """The highest number."""
        self.waits = bool(self._waiting)
        """Whether something has not been taken."""

    @cached_property
    def tag(self) -> str:
        """It changes with everything that a reader could be given."""
        said = " ".join(f"{p.sequence}:{p.delivery}" for p in (*self._numbered, *self._waiting))
        return blake2b(f"{self._view.live} {self._view.all} {said}".encode(), digest_size=12).hexdigest()

    @cached_property
    def last(self) -> tuple[str, ...]:
        """The newest notices, those that are pushed as well, newest first."""
        every = replace(self._view, all=True)
        return tuple(dict.fromkeys(p.notice for p in reversed(self._every) if every.wants(p)))[:LAST]


class Board:
    """``head``: the partner's highest number that is known here; every number up to it is known, or known to be left out."""

    def __init__(self, head: int, postings: Iterable[Posting] = ()) -> None:
        self._postings = {p.delivery: p for p in postings}
        self._numbered: list[Posting] = []
        self._waiting: list[Posting] = []
        self._faces: dict[tuple[bool, bool], Face] = {}
        self._order()
        self.head = max(head, self.top)

    def __iter__(self) -> Iterator[Posting]:
        return iter(self._postings.values())

    def replace(self, alerts: frozenset[int], postings: Iterable[Posting]) -> bool:
        """Of these alerts, these postings stand and no others. False when that changes nothing."""
        new = {p.delivery: p for p in postings}
        if not new and alerts.isdisjoint(self._alerts):
            return False
        kept = {id: p for id, p in self._postings.items() if p.alert not in alerts} | new
        if kept == self._postings:
            return False
        self._postings = kept
        self._order()
        return True

    def numbered(self, sequences: Mapping[int, int], head: int) -> "Board":
        """The board that it becomes when these deliveries have got these numbers."""
        return Board(head, (p.numbered(sequences[id]) if id in sequences else p for id, p in self._postings.items()))

    def opened(self, deliveries: Iterable[int]) -> None:
        """These were given."""
        found = [p for id in deliveries if (p := self._postings.get(id)) is not None and not p.open]
        self._postings.update((p.delivery, replace(p, open=True)) for p in found)
        if found:
            self._order()

    @property
    def top(self) -> int:
        """The highest number that stands here. Above ``head`` it was given by another process: the numbers before it are
        not all known, and the board must be read anew."""
        return _sequence(self._numbered[-1]) if self._numbered else 0

    def unnumbered(self) -> Sequence[Posting]:
        """Those of outlets that huijia calls: nobody has to take them, they only have to be numbered."""
        return [p for p in self._waiting if not p.polled]

    def face(self, live: bool, all: bool) -> Face:
        """Kept until something changes."""
        if (found := self._faces.get((live, all))) is None:
            found = self._faces[live, all] = Face(Ask(0, live, all), self._numbered, self._waiting)
        return found

    def page(self, ask: Ask, now: datetime, *, taken: bool = False) -> Page:
        """What this reader is to get, as far as is known here. ``taken``: it has taken what it can; what has a number now
        is what it gets."""
        numbered = self._standing(ask, now)
        waiting = [p for p in self._waiting if ask.wants(p) and not _over(p, now)]
        if ask.newest:
            return _newest(ask, numbered, waiting, taken=taken)
        given = numbered[bisect_right(numbered, ask.cursor, key=_sequence) :][: ask.limit + 1]
        taking = waiting[: max(0, ask.limit - len(given))]
        return Page(given[: ask.limit], taking, len(given) > ask.limit or len(taking) < len(waiting))

    def known(self, ask: Ask, now: datetime) -> Page:
        """As ``page``, of what was given before: for when the ledger cannot be asked. It ends before what never was: no
        cursor may pass that."""
        page = self.page(ask, now, taken=True)
        if ask.newest:
            return Page([p for p in page.given if p.open], (), page.more)
        given = list(takewhile(lambda p: p.open, page.given))
        return Page(given, (), page.more or len(given) < len(page.given))

    def _standing(self, ask: Ask, now: datetime) -> list[Posting]:
        return [p for p in self._numbered if ask.wants(p) and not _over(p, now)]

    def _order(self) -> None:
        self._faces.clear()
        postings = self._postings.values()
        self._alerts = {p.alert for p in postings}
        self._numbered = sorted((p for p in postings if not p.waits), key=_sequence)
        self._waiting = sorted((p for p in postings if p.waits), key=lambda p: (p.priority, p.delivery))


def left_out(after: int, to: int, given: Iterable[int]) -> Sequence[Span]:
    """The numbers above ``after`` and up to ``to`` that are not among those given, as ranges with both ends in."""
    spans, low = [], after + 1
    for sequence in given:
        if sequence > low:
            spans.append((low, sequence - 1))
        low = max(low, sequence + 1)
    if to >= low:
        spans.append((low, to))
    return spans


def _newest(ask: Ask, numbered: Sequence[Posting], waiting: Sequence[Posting], *, taken: bool) -> Page:
    """What waits is newer than all that has a number."""
    below = [p for p in reversed(numbered) if ask.before is None or _sequence(p) < ask.before]
    fresh = sorted(waiting, key=lambda p: p.delivery, reverse=True) if ask.before is None else []
    taking = fresh[: ask.limit - min(len(below), ask.limit) if taken else ask.limit]
    given = below[: ask.limit - len(taking)]
    return Page(given, taking, len(taking) + len(given) < len(below) + len(fresh))


def _over(p: Posting, now: datetime) -> bool:
    return p.over_at is not None and p.over_at <= now


def _sequence(p: Posting) -> int:
    return p.sequence or 0
