from datetime import UTC, datetime, timedelta

import pytest

from app.domain.breaker import ENOUGH, LASTING, PROBES, Sign, probe_wait, quarantined, sign
from app.domain.words import Outcome
from channels.contract import Reason

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)

# Every reason of the contract, written out once more.
OF_THE_OUTLET = {
    Reason.UNREACHABLE: Sign.ILL, Reason.TIMEOUT: Sign.ILL, Reason.BROKEN: Sign.ILL, Reason.SERVER_ERROR: Sign.ILL,
    Reason.REDIRECTED: Sign.ILL, Reason.UNINTELLIGIBLE: Sign.ILL, Reason.BAD_CREDENTIALS: Sign.ILL,
    Reason.GONE: Sign.GONE, Reason.THROTTLED: Sign.NOTHING, Reason.BAD_CONTENT: Sign.NOTHING,
    Reason.REJECTED: Sign.NOTHING, Reason.CRASH: Sign.NOTHING, Reason.LEASE_LOST: Sign.NOTHING,
    Reason.OVERTAKEN: Sign.NOTHING, Reason.NO_FILE: Sign.NOTHING,
}  # fmt: skip


def test_no_reason_is_forgotten() -> None:
    assert set(OF_THE_OUTLET) == set(Reason)


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.REFUSED])
@pytest.mark.parametrize(("reason", "means"), OF_THE_OUTLET.items())
def test_what_a_failure_says_of_the_outlet(outcome: Outcome, reason: Reason, means: Sign) -> None:
    assert sign(outcome, reason) is means


def test_what_was_accepted() -> None:
    assert sign(Outcome.ACCEPTED, None) is Sign.WELL


@pytest.mark.parametrize(
    ("failures", "for_so_long", "enough"),
    [
        (ENOUGH, LASTING, True), (ENOUGH - 1, timedelta(hours=1), False), (500, LASTING - timedelta(seconds=1), False),
        (500, timedelta(hours=1), True),
    ],
)  # fmt: skip
def test_enough(failures: int, for_so_long: timedelta, enough: bool) -> None:
    assert quarantined(failures, NOW - for_so_long, NOW) is enough


def test_probes_thin_out_and_never_end() -> None:
    waits = [probe_wait(n, 0.5) for n in range(100)]
    assert waits[:6] == [*PROBES, PROBES[-1]]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(minutes=5)
    assert probe_wait(0, 0.0) == timedelta(seconds=24)
    assert probe_wait(0, 0.99) < timedelta(seconds=36)
