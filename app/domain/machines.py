"""The machines: an alert's, a delivery's, and a proposal's that may become an alert. Publish and retract are the same
machine fed different notices."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from app.domain.backoff import next_due
from app.domain.errors import WrongState
from app.domain.words import AlertState, DeliveryState, Kind, Outcome, ProposalState, ReceiptKind

S = DeliveryState

ALERT_MOVES: dict[tuple[AlertState, str], AlertState] = {
    (AlertState.SUBMITTED, "activate"): AlertState.ACTIVE,
    (AlertState.SUBMITTED, "decline"): AlertState.DECLINED,
    (AlertState.ACTIVE, "amend"): AlertState.ACTIVE,
    (AlertState.ACTIVE, "retract"): AlertState.RETRACTED,
    (AlertState.ACTIVE, "expire"): AlertState.EXPIRED,
}

_SAYS = {
    AlertState.SUBMITTED: ("尚未发布", "not issued yet"),
    AlertState.ACTIVE: ("正在发布", "live"),
    AlertState.RETRACTED: ("已撤回", "retracted"),
    AlertState.EXPIRED: ("已到期结束", "expired"),
    AlertState.DECLINED: ("未获批准", "declined"),
}


def alert_after(state: AlertState, act: str) -> AlertState:
    """The state after ``act`` (activate, decline, amend, retract, expire). Raises WrongState where there is no such move."""
    try:
        return ALERT_MOVES[state, act]
    except KeyError:
        zh, en = _SAYS[state]
        raise WrongState(
            f"该条紧急寻人{zh}，不能再做此操作。", f"The alert is {en}; this act does not apply."
        ) from None


PROPOSAL_LASTS = timedelta(hours=4)
"""A record that nobody has confirmed for so long may no longer be true."""

_PROPOSAL_ENDS = {
    "confirm": ProposalState.CONFIRMED,
    "decline": ProposalState.DECLINED,
    "withdraw": ProposalState.WITHDRAWN,
    "lapse": ProposalState.LAPSED,
}
_PROPOSAL_SAYS = {
    ProposalState.CONFIRMED: ("已由第二名民警确认并发出", "confirmed and issued"),
    ProposalState.DECLINED: ("已被退回", "declined"),
    ProposalState.WITHDRAWN: ("已由提交人收回", "withdrawn"),
    ProposalState.LAPSED: ("超过 4 小时无人确认，已失效", "lapsed"),
}


def proposal_after(state: ProposalState, act: str) -> ProposalState:
    """The state after ``act`` (confirm, decline, withdraw, lapse). Only what is proposed can move. Raises WrongState."""
    if state is ProposalState.PROPOSED:
        return _PROPOSAL_ENDS[act]
    zh, en = _PROPOSAL_SAYS[state]
    raise WrongState(f"这份待核实的信息{zh}，没有再执行任何操作。", f"The proposal is {en}; this act does not apply.")


@dataclass(frozen=True, slots=True)
class Settled:
    """What one finished attempt makes of its delivery."""

    state: DeliveryState
    due_at: datetime | None = None


_TAKEN = Settled(S.ACCEPTED)


def after_attempt(
    outcome: Outcome,
    *,
    newest: bool,
    tries: int,
    asked: timedelta | None,
    jitter: float,
    now: datetime,
    give_up_at: datetime,
) -> Settled:
    """sending → what next. ``newest`` is whether no newer notice of the alert exists at the moment of settling."""
    match outcome:
        case Outcome.ACCEPTED:
            return _TAKEN
        case Outcome.REFUSED:
            return Settled(S.FAILED)
        case Outcome.RETRY:
            if not newest:
                return Settled(S.SUPERSEDED)
            due = next_due(tries, asked, jitter, now)
            return Settled(S.PENDING, due) if due < give_up_at else Settled(S.FAILED)
        case _:
            assert_never(outcome)


def after_receipt(state: DeliveryState, kind: Kind, receipt: ReceiptKind) -> DeliveryState:
    """Evidence outranks our opinion, but never revives what a newer notice replaced.

    A publish is confirmed when it was received or aired. A retraction is confirmed only when the outlet says that it is
    down: having received it is not having obeyed it.
    """
    if state is S.SUPERSEDED:
        return state
    if receipt is ReceiptKind.REJECTED:
        return S.FAILED
    heard = receipt is ReceiptKind.RECEIVED and kind is not Kind.RETRACT
    return S.CONFIRMED if heard or receipt is proven_by(kind) else state


def proven_by(kind: Kind) -> ReceiptKind:
    """What an outlet says when it has done what the notice asks for: it is on air; of a retraction, it is down."""
    return ReceiptKind.TAKEN_DOWN if kind is Kind.RETRACT else ReceiptKind.AIRED


def after_newer_notice(state: DeliveryState) -> DeliveryState:
    """A newer notice supersedes what has not left; what is being sent is settled by ``after_attempt``."""
    return S.SUPERSEDED if state is S.PENDING else state


def after_ask_again(state: DeliveryState, *, newest: bool) -> DeliveryState:
    """An operator asks for another try."""
    if state is S.FAILED and newest:
        return S.PENDING
    raise WrongState(
        "只有“失败”且没有更新通告的投递才能重新发送。", "Only a failed delivery of the newest notice can be sent again."
    )


def after_replay(state: DeliveryState, *, newest: bool, sending: bool) -> DeliveryState:
    """The outlet asks to be told again what it has lost, or missed. ``sending``: an attempt is under way."""
    if sending:
        raise WrongState("正在投递，请稍候再要求重发。", "It is being sent right now; ask again in a moment.")
    if not newest or state is S.SUPERSEDED:
        raise WrongState(
            "该通告已被更新的通告取代，不再重发；请取最新一条。",
            "A newer notice has taken its place; ask for that one.",
        )
    return S.PENDING
