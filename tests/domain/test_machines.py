"""Every cell of the two machines, each with the answer written out."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from app.domain.errors import WrongState
from app.domain.machines import after_ask_again, after_attempt, after_newer_notice, after_receipt, alert_after
from app.domain.words import AlertState, DeliveryState, Kind, Outcome, ReceiptKind

A, D, R = AlertState, DeliveryState, ReceiptKind
ACTS = ("activate", "decline", "amend", "retract", "expire")
NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)

# A row is a state, a column an act; None is a refusal.
ALERT_TABLE = {
    A.SUBMITTED: (A.ACTIVE, A.DECLINED, None, None, None),
    A.ACTIVE: (None, None, A.ACTIVE, A.RETRACTED, A.EXPIRED),
    A.RETRACTED: (None, None, None, None, None),
    A.EXPIRED: (None, None, None, None, None),
    A.DECLINED: (None, None, None, None, None),
}


def test_the_alert_table_is_whole() -> None:
    assert set(ALERT_TABLE) == set(AlertState)


@pytest.mark.parametrize(
    ("state", "act", "after"),
    [(s, act, after) for s, row in ALERT_TABLE.items() for act, after in zip(ACTS, row, strict=True)],
)
def test_alert(state: AlertState, act: str, after: AlertState | None) -> None:
    if after is not None:
        assert alert_after(state, act) is after
        return
    with pytest.raises(WrongState) as refusal:
        alert_after(state, act)
    assert refusal.value.zh
    assert refusal.value.en


def test_an_act_nobody_knows_is_refused_in_every_state() -> None:
    for state in AlertState:
        with pytest.raises(WrongState):
            alert_after(state, "activate ")


def _after(outcome: Outcome, *, newest: bool, left: timedelta = timedelta(hours=1)) -> tuple[DeliveryState, bool]:
    settled = after_attempt(
        outcome, newest=newest, tries=1, asked=None, jitter=0.5, now=NOW, give_up_at=NOW + left
    )  # fmt: skip
    return settled.state, settled.due_at is not None


SOON = timedelta(milliseconds=500)  # less than the first wait: there is no time for another try

ATTEMPT_TABLE = [
    # outcome           newest  left               state          due again
    (Outcome.ACCEPTED, True, timedelta(hours=1), D.ACCEPTED, False),
    (Outcome.ACCEPTED, False, timedelta(hours=1), D.ACCEPTED, False),
    (Outcome.ACCEPTED, True, SOON, D.ACCEPTED, False),
    (Outcome.ACCEPTED, False, SOON, D.ACCEPTED, False),
    (Outcome.REFUSED, True, timedelta(hours=1), D.FAILED, False),
    (Outcome.REFUSED, False, timedelta(hours=1), D.FAILED, False),
    (Outcome.REFUSED, True, SOON, D.FAILED, False),
    (Outcome.REFUSED, False, SOON, D.FAILED, False),
    (Outcome.RETRY, True, timedelta(hours=1), D.PENDING, True),
    (Outcome.RETRY, False, timedelta(hours=1), D.SUPERSEDED, False),
    (Outcome.RETRY, True, SOON, D.FAILED, False),
    (Outcome.RETRY, False, SOON, D.SUPERSEDED, False),
]


def test_the_attempt_table_is_whole() -> None:
    cells = {(outcome, newest, left) for outcome, newest, left, *_ in ATTEMPT_TABLE}
    assert cells == set(product(Outcome, (True, False), (timedelta(hours=1), SOON)))


@pytest.mark.parametrize(("outcome", "newest", "left", "state", "due"), ATTEMPT_TABLE)
def test_attempt(outcome: Outcome, newest: bool, left: timedelta, state: DeliveryState, due: bool) -> None:
    assert _after(outcome, newest=newest, left=left) == (state, due)


def test_a_try_that_would_come_at_the_very_end_is_not_made() -> None:
    """A retry that is due at the moment of giving up is too late; one a microsecond before it is not."""
    at_the_end = timedelta(seconds=1)  # the first wait, with a jitter of one half
    assert _after(Outcome.RETRY, newest=True, left=at_the_end) == (D.FAILED, False)
    assert _after(Outcome.RETRY, newest=True, left=at_the_end + timedelta(microseconds=1)) == (D.PENDING, True)


def test_a_retry_is_due_when_backoff_says() -> None:
    settled = after_attempt(
        Outcome.RETRY, newest=True, tries=3, asked=timedelta(seconds=90), jitter=0.0, now=NOW,
        give_up_at=NOW + timedelta(hours=1),
    )  # fmt: skip
    assert settled.due_at == NOW + timedelta(seconds=90)


SHOWS = (Kind.PUBLISH, Kind.UPDATE)

# A row is a state, a column received, aired, taken_down, rejected. Publish and update share a table.
RECEIPT_TABLE_SHOWING = {
    D.PENDING: (D.CONFIRMED, D.CONFIRMED, D.PENDING, D.FAILED),
    D.SENDING: (D.CONFIRMED, D.CONFIRMED, D.SENDING, D.FAILED),
    D.ACCEPTED: (D.CONFIRMED, D.CONFIRMED, D.ACCEPTED, D.FAILED),
    D.CONFIRMED: (D.CONFIRMED, D.CONFIRMED, D.CONFIRMED, D.FAILED),
    D.FAILED: (D.CONFIRMED, D.CONFIRMED, D.FAILED, D.FAILED),
    D.SUPERSEDED: (D.SUPERSEDED, D.SUPERSEDED, D.SUPERSEDED, D.SUPERSEDED),
}
RECEIPT_TABLE_RETRACTION = {
    D.PENDING: (D.PENDING, D.PENDING, D.CONFIRMED, D.FAILED),
    D.SENDING: (D.SENDING, D.SENDING, D.CONFIRMED, D.FAILED),
    D.ACCEPTED: (D.ACCEPTED, D.ACCEPTED, D.CONFIRMED, D.FAILED),
    D.CONFIRMED: (D.CONFIRMED, D.CONFIRMED, D.CONFIRMED, D.FAILED),
    D.FAILED: (D.FAILED, D.FAILED, D.CONFIRMED, D.FAILED),
    D.SUPERSEDED: (D.SUPERSEDED, D.SUPERSEDED, D.SUPERSEDED, D.SUPERSEDED),
}
RECEIPTS = (R.RECEIVED, R.AIRED, R.TAKEN_DOWN, R.REJECTED)


def test_the_receipt_tables_are_whole() -> None:
    assert set(RECEIPT_TABLE_SHOWING) == set(RECEIPT_TABLE_RETRACTION) == set(DeliveryState)
    assert set(RECEIPTS) == set(ReceiptKind)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("state", list(DeliveryState))
@pytest.mark.parametrize("receipt", RECEIPTS)
def test_receipt(kind: Kind, state: DeliveryState, receipt: ReceiptKind) -> None:
    table = RECEIPT_TABLE_SHOWING if kind in SHOWS else RECEIPT_TABLE_RETRACTION
    assert after_receipt(state, kind, receipt) is table[state][RECEIPTS.index(receipt)]


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (D.PENDING, D.SUPERSEDED),
        (D.SENDING, D.SENDING),
        (D.ACCEPTED, D.ACCEPTED),
        (D.CONFIRMED, D.CONFIRMED),
        (D.FAILED, D.FAILED),
        (D.SUPERSEDED, D.SUPERSEDED),
    ],
)
def test_newer_notice(state: DeliveryState, after: DeliveryState) -> None:
    assert after_newer_notice(state) is after


@pytest.mark.parametrize(("state", "newest"), list(product(DeliveryState, (True, False))))
def test_ask_again(state: DeliveryState, newest: bool) -> None:
    """Of the twelve cells one is allowed."""
    if (state, newest) == (D.FAILED, True):
        assert after_ask_again(state, newest=newest) is D.PENDING
        return
    with pytest.raises(WrongState):
        after_ask_again(state, newest=newest)
