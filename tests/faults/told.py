"""Whether every outlet was told as it should be, from the ledger's rows and from what the outlets' addresses heard."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.hosts import Message, address
from bench.ledger import Ledger

PUBLISH, RETRACT = 1, 2  # numbers: nothing is amended here


@dataclass(frozen=True, slots=True)
class Told:
    """How many outlets heard of the alert and of its end, how many messages were doubles, and how many sends were lost with
    their senders."""

    publish: int
    retract: int
    doubles: int
    lost: int


async def assert_told(ledger: Ledger, code: str, heard: Sequence[Message], *, everyone: int | None = None) -> Told:
    """Of an alert that was taken back. ``everyone``: so many outlets, every one of which is to have had both."""
    rows = await ledger.sql(
        "SELECT 'dlv_' || d.id AS id, CAST(substr(o.name, 2) AS int) AS outlet, d.number, d.kind, d.state, d.tries, d.refusals, "
        "(SELECT array_agg(t.number ORDER BY t.number) FROM attempt t WHERE t.delivery_id = d.id) AS attempts, "
        "(SELECT count(*) FROM attempt t WHERE t.delivery_id = d.id AND t.reason = 'lease_lost') AS lost "
        "FROM delivery d JOIN outlet o ON o.id = d.outlet_id JOIN alert a ON a.id = d.alert_id WHERE a.code = :code",
        code=code,
    )
    messages = [one for one in heard if one.alert == code]
    await _assert_nothing_stuck(ledger)
    _assert_known(rows, messages)
    _assert_in_order(messages)
    had = {number: {m.place for m in messages if m.number == number} for number in (PUBLISH, RETRACT)}
    _assert_all_taken_back(rows, had)
    if everyone is not None:
        assert len(had[PUBLISH]) == len(had[RETRACT]) == everyone
        assert Counter((r.number, r.state) for r in rows) == {
            (PUBLISH, "accepted"): everyone,
            (RETRACT, "accepted"): everyone,
        }
    doubles = len(messages) - len({m.id for m in messages})
    return Told(len(had[PUBLISH]), len(had[RETRACT]), doubles, sum(r.lost for r in rows))


async def _assert_nothing_stuck(ledger: Ledger) -> None:
    left = await ledger.sql(
        "SELECT number, state, lease_until IS NOT NULL AS leased, count(*) FROM delivery "
        "WHERE state IN ('pending', 'sending') OR lease_until IS NOT NULL GROUP BY 1, 2, 3"
    )
    assert not left, f"stuck: {left}"


def _assert_known(rows: Sequence[Any], messages: Sequence[Message]) -> None:
    """Every message is a delivery of the ledger's, to the outlet it is for, under its own id, sent no more often than it was
    tried; each try stands in the ledger once; and what was accepted was heard."""
    known = {r.id: (address(r.outlet), r.kind, r.number) for r in rows}
    strange = [m for m in messages if known.get(m.id) != (m.place, m.kind, m.number)]
    assert not strange, strange[:5]
    ids: Mapping[tuple[str, int], set[str]] = defaultdict(set)
    for m in messages:
        ids[m.place, m.number].add(m.id)
    assert all(len(each) == 1 for each in ids.values()), "one notice under two ids"
    times = Counter(m.id for m in messages)
    wrong = [r for r in rows if times[r.id] > r.tries or list(r.attempts or ()) != list(range(1, r.tries + 1))]
    assert not wrong, wrong[:5]
    unheard = [r for r in rows if r.state == "accepted" and not times[r.id]]
    assert not unheard, unheard[:5]


def _assert_in_order(messages: Sequence[Message]) -> None:
    """At no outlet the start after the end."""
    over: set[str] = set()
    late = []
    for m in sorted(messages, key=lambda one: one.at):
        if m.number == RETRACT:
            over.add(m.place)
        elif m.place in over:
            late.append(m)
    assert not late, f"{len(late)} outlets had the start after the end: {late[:5]}"


def _assert_all_taken_back(rows: Sequence[Any], had: Mapping[int, set[str]]) -> None:
    """Who heard the start heard the end and has said yes to it; so did whoever may have heard it, by the ledger's tries."""
    down = {address(r.outlet) for r in rows if r.number == RETRACT and r.state == "accepted"}
    may = {address(r.outlet) for r in rows if r.number == PUBLISH and r.tries > r.refusals}
    assert had[PUBLISH] <= may, f"heard, and never tried: {sorted(had[PUBLISH] - may)[:5]}"
    assert may <= down, f"may show it still: {sorted(may - down)[:5]}"
    assert down <= had[RETRACT], f"down, and never told: {sorted(down - had[RETRACT])[:5]}"
    bad = [
        r for r in rows if r.state not in ("accepted", "superseded") or (r.number == RETRACT and r.state != "accepted")
    ]
    assert not bad, bad[:5]
