"""Keep boards in memory in step with the ledger, and give readers what they ask for: many of them in one transaction.

What is given counts: a polled outlet's notice as accepted, one that huijia sends as heard. That is committed before a byte
leaves; and whatever is given stood in the ledger after it was asked for.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from app import meters
from app.db import feed, postings
from app.db.engine import Session, afterwards, notify
from app.db.postings import Mark
from app.domain.board import Ask, Board, Page, Posting
from app.domain.words import Kind
from app.flows.attempted import tell
from app.flows.tell import CHANGED, DUE

MOST_NUMBERED = 1000
"""Deliveries numbered in one transaction: their rows are locked meanwhile, and the dispatchers want them too."""


Fill = Callable[[Session, Sequence[Posting]], Awaitable[Sequence[Posting]]]
"""Prepares what the postings say, and returns those of which it could: one that cannot be read keeps no other waiting."""


@dataclass(frozen=True, slots=True)
class Looked:
    """``changed`` are the partners whose boards are not what they were."""

    mark: Mark
    changed: frozenset[int]


async def look(
    session: Session, boards: MutableMapping[int, Board], mark: Mark | None, newcomers: Collection[int], fill: Fill
) -> Looked:
    """Bring the boards up to date, and add whole boards for partners who ask for the first time."""
    mark, alerts = await postings.news(session, mark)
    changed, strange = set(), set(newcomers)
    if alerts and boards:
        found = _by_partner(await fill(session, await postings.posted(session, boards, alerts)))
        changed = {partner for partner, board in boards.items() if board.replace(alerts, found.get(partner, ()))}
        strange |= {partner for partner in changed if boards[partner].top > boards[partner].head}
    if strange:
        boards.update(await _whole(session, strange, fill))
    return Looked(mark, frozenset(changed))


async def _whole(session: Session, partners: Collection[int], fill: Fill) -> Mapping[int, Board]:
    """The head is read first: what is numbered after that is on the board as well, and above its head."""
    heads = await postings.heads(session, partners)
    found = _by_partner(await fill(session, await postings.posted(session, partners)))
    return {partner: Board(head, found.get(partner, ())) for partner, head in heads.items()}


def _by_partner(found: Sequence[Posting]) -> Mapping[int, list[Posting]]:
    sorted_out: dict[int, list[Posting]] = {}
    for posting in found:
        sorted_out.setdefault(posting.partner, []).append(posting)
    return sorted_out


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one reader gets, in the order it asked for, and the cursor to go on from. ``whole``: nothing was held back, so
    that the same question has the same answer until the board changes."""

    given: Sequence[Posting]
    cursor: int
    more: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Given:
    """``boards`` are those that take the place of the old ones, once this is committed; ``opened`` may then be given again
    without asking."""

    drawn: Mapping[Ask, Drawn]
    boards: Mapping[int, Board]
    opened: Mapping[int, Collection[int]]


async def give(
    session: Session,
    boards: Mapping[int, Board],
    asks: Collection[Ask],
    restless: Collection[int],
    now: datetime,
    fill: Fill,
) -> Given:
    """One transaction for many readers. First everything that they take is numbered, and then their pages are drawn: what
    one reader takes is never numbered behind another's cursor. ``restless`` are partners whose boards only want numbers.
    ``boards`` are not touched: nothing is true before the commit."""
    fresh = await _number(session, boards, asks, restless, now, fill)
    pages = {ask: fresh.get(ask.partner, boards[ask.partner]).page(ask, now, taken=True) for ask in asks}
    wanted = {p.delivery: p for page in pages.values() for p in page.given}
    if heard := [id for id, p in wanted.items() if not p.polled and p.kind is not Kind.RETRACT]:
        await feed.hear(session, heard)
    may = await feed.standing(session, wanted) if wanted else {}
    heads = {ask: fresh.get(ask.partner, boards[ask.partner]).head for ask in asks}
    drawn = {ask: _draw(ask, page, may, heads[ask]) for ask, page in pages.items()}
    opened: dict[int, set[int]] = {}
    for ask, found in drawn.items():
        opened.setdefault(ask.partner, set()).update(p.delivery for p in found.given if not p.open)
    return Given(drawn, fresh, opened)


async def _number(
    session: Session,
    boards: Mapping[int, Board],
    asks: Collection[Ask],
    restless: Collection[int],
    now: datetime,
    fill: Fill,
) -> Mapping[int, Board]:
    """Give their numbers to what the readers take, and to what huijia sends to these partners."""
    taking = {p.delivery: p for ask in asks for p in boards[ask.partner].page(ask, now).taking}
    for partner in {*restless, *(ask.partner for ask in asks)}:
        taking.update((p.delivery, p) for p in boards[partner].unnumbered()[: max(0, MOST_NUMBERED - len(taking))])
    if not taking:
        return {}
    before = await feed.lock_heads(session, {p.partner for p in taking.values()})
    taken = await feed.take(session, taking, before)
    numbers = taken.numbers
    afterwards(session, partial(tell, taken.fetched))
    afterwards(session, partial(meters.took, taken.accepted))
    if taken.passed_over:
        await notify(session, DUE)
    for code in sorted({taking[id].code for id in numbers if taking[id].polled}):
        await notify(session, CHANGED, code)
    more = Counter(taking[id].partner for id in numbers)
    strange = {partner for partner, head in before.items() if head != boards[partner].head}
    strange |= {p.partner for id, p in taking.items() if p.polled and id not in numbers}  # memory is wrong about it
    whole = await _whole(session, strange, fill) if strange else {}
    fresh = {partner: boards[partner].numbered(numbers, before[partner] + n) for partner, n in more.items()}
    return {**fresh, **whole}


def _draw(ask: Ask, page: Page, may: Mapping[int, bool], head: int) -> Drawn:
    """What does not stand any more is left out. Where something stands that may not leave yet, because somebody else holds
    it just now, the page ends: no cursor may pass it."""
    given = [p for p in page.given if may.get(p.delivery)]
    whole = not page.taking and len(given) == len(page.given)
    if ask.newest:
        return Drawn(given, head, page.more, whole)
    held = next((p for p in page.given if may.get(p.delivery) is False), None)
    if held is not None:
        before = (held.sequence or 0) - 1
        return Drawn([p for p in given if (p.sequence or 0) <= before], max(ask.cursor, before), True, whole)
    full = len(page.given) == ask.limit and page.more
    last = (page.given[-1].sequence or 0) if page.given else 0
    return Drawn(given, last if full else max(ask.cursor, head), page.more, whole)
