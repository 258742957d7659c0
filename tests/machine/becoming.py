"""What a delivery must become of an answer, a receipt or time: written down once more, apart from the code that does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.db.engine import Session
from app.domain.words import DeliveryState as S
from app.domain.words import Kind, Outcome, ReceiptKind
from tests.machine.far_end import Violation

R = ReceiptKind
SHOWS = {R.RECEIVED: S.CONFIRMED, R.AIRED: S.CONFIRMED, R.REJECTED: S.FAILED}
ENDS = {R.TAKEN_DOWN: S.CONFIRMED, R.REJECTED: S.FAILED}

Receipt = tuple[int, ReceiptKind, datetime]
"""Of which delivery, what, and when: the same once more is no news."""

_STANDING = (
    "SELECT id, kind, state, tries, refusals, heard, confirmed_at IS NOT NULL AS confirmed, lease_until FROM delivery "
    "WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id"
)
_GIVEN = text("SELECT delivery_id, kind, at FROM receipt WHERE delivery_id = ANY(CAST(:ids AS bigint[]))")
_WRITTEN = text("SELECT count(*) FROM attempt WHERE delivery_id = ANY(CAST(:ids AS bigint[]))")


@dataclass(frozen=True, slots=True)
class Standing:
    """A delivery as the ledger holds it. ``confirmed``: once it was."""

    id: int
    kind: Kind
    state: S
    tries: int
    refusals: int
    heard: bool
    confirmed: bool
    lease_until: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a settle is about to write of one attempt. ``over``: its next one may come too late."""

    delivery: int
    tries: int
    outcome: Outcome
    newest: bool
    over: bool
    said: ReceiptKind | None


async def standing(session: Session, ids: Sequence[int], *, held: bool = False) -> Mapping[int, Standing]:
    """``held``: nobody changes them until this transaction ends."""
    found = await session.execute(text(_STANDING + " FOR UPDATE" if held else _STANDING), {"ids": list(ids)})
    return {r.id: Standing(r.id, Kind(r.kind), S(r.state), *r[3:]) for r in found}


async def given(session: Session, ids: Sequence[int]) -> set[Receipt]:
    """The receipts that were taken of these deliveries."""
    return {(r.delivery_id, R(r.kind), r.at) for r in await session.execute(_GIVEN, {"ids": list(ids)})}


async def written(session: Session, ids: Sequence[int]) -> int:
    """How many attempts at these deliveries stand in the ledger."""
    return int((await session.execute(_WRITTEN, {"ids": list(ids)})).scalar_one())


def by_receipt(state: S, kind: Kind, said: ReceiptKind) -> S:
    """Nothing revives what was replaced; what says nothing of this kind of notice leaves it as it is."""
    return state if state is S.SUPERSEDED else (ENDS if kind is Kind.RETRACT else SHOWS).get(said, state)


def by_answer(was: Standing, answer: Answer) -> set[S]:
    """Only what is being sent; a receipt may have come first, and it stands."""
    if was.state is not S.SENDING:
        return {was.state}
    if answer.outcome is Outcome.ACCEPTED:
        return {S.CONFIRMED if was.confirmed else S.ACCEPTED}
    if answer.outcome is Outcome.REFUSED:
        return {S.FAILED}
    if not answer.newest:
        return {S.SUPERSEDED}
    return {S.PENDING, S.FAILED} if answer.over else {S.PENDING}


def check_said(was: Standing, now: Standing, said: ReceiptKind, *, news: bool) -> None:
    """After one receipt."""
    wanted = by_receipt(was.state, was.kind, said) if news else was.state
    if now.state is not wanted:
        raise Violation(f"{said} makes {was} {now.state}, and must make it {wanted}")
    if now.heard != (was.heard or (news and said in (R.RECEIVED, R.AIRED))):
        raise Violation(f"after {said} {was} is heard: {now.heard}")
    if (now.tries, now.refusals, now.lease_until) != (was.tries, was.refusals, was.lease_until):
        raise Violation(f"{said} changes the attempts of {was}: {now}")


def check_settled(
    before: Mapping[int, Standing], after: Mapping[int, Standing], answers: Sequence[Answer], before_said: set[Receipt],
    now: datetime,
) -> None:  # fmt: skip
    """Whoever holds the lease writes what came of it, and ends no other's; then what was said inside the answers counts."""
    ours = {a.delivery: a for a in answers if before[a.delivery].lease_until and before[a.delivery].tries == a.tries}
    for id, was in before.items():
        is_now = after[id]
        may = by_answer(was, ours[id]) if id in ours else {was.state}
        for said in [a.said for a in answers if a.delivery == id and a.said]:
            if (id, said, now) not in before_said:
                before_said.add((id, said, now))
                may = {by_receipt(state, was.kind, said) for state in may}
        if is_now.state not in may:
            raise Violation(f"{was} has become {is_now.state} by {answers}, and may become {sorted(may)}")
        if is_now.lease_until != (None if id in ours else was.lease_until):
            raise Violation(f"by {answers} the lease of {was} has become {is_now.lease_until}")
        refused = id in ours and ours[id].outcome is Outcome.REFUSED
        if (is_now.tries, is_now.refusals) != (was.tries, was.refusals + refused):
            raise Violation(f"by {answers} {was} counts {is_now.tries} tries and {is_now.refusals} refusals")
