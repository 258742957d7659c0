"""Retry-After in the forms of RFC 9110, and what a broken wire is called."""

from datetime import UTC, datetime, timedelta

import pytest

from channels.carriers.http import failure, retry_after, unanswered
from channels.contract import Reason, Retry, WireError
from tests.channels.wire import reply

NOW = datetime(1994, 11, 6, 8, 49, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("3600", 3600),
        ("3601", 3600),
        ("9" * 5000, 3600),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 30),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 30),
        ("Sun Nov  6 08:49:37 1994", 30),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ("Mon, 07 Nov 1994 08:49:37 GMT", 3600),
        ("Sun, 06 Nov 1994 16:49:37 +0800", 30),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("1 minute", None),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 3600),
    ],
)
def test_retry_after(value: str, seconds: int | None) -> None:
    assert retry_after(value, NOW) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("status", [0, 99, 600, 999])
def test_a_status_that_http_does_not_know(status: int) -> None:
    outcome = failure(reply(status), NOW)
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.UNINTELLIGIBLE


def test_a_wire_error_is_put_in_words() -> None:
    assert unanswered(WireError(Reason.TIMEOUT)).detail == "对方没有在时限内答复"
    assert unanswered(WireError(Reason.UNREACHABLE, "refused")).detail == "连不上对方：refused"
