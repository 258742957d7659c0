"""Signed, expiring media URLs."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from app.domain.media_url import media_allowed, media_path

SECRET = b"0123456789abcdef"
ALERT, PICTURE = "HJ-2026-000123", "ab" * 32
UNTIL = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
TICK = timedelta(seconds=1)


def _parts(path: str) -> tuple[str, str, int, str]:
    url = urlsplit(path)
    _, alert, sha256 = url.path.strip("/").split("/")
    query = parse_qs(url.query, strict_parsing=True)
    return alert, sha256, int(query["expires"][0]), query["signature"][0]


def test_what_was_signed_opens_until_it_expires() -> None:
    alert, sha256, expires, signature = _parts(media_path(SECRET, ALERT, PICTURE, UNTIL))
    assert (alert, sha256, expires) == (ALERT, PICTURE, int(UNTIL.timestamp()))
    assert media_allowed(SECRET, alert, sha256, expires, signature, UNTIL - TICK)
    assert not media_allowed(SECRET, alert, sha256, expires, signature, UNTIL)
    assert not media_allowed(SECRET, alert, sha256, expires, signature, UNTIL + TICK)


@pytest.mark.parametrize(
    "change",
    [
        {"secret": b"another"},
        {"alert": "HJ-2026-000124"},
        {"sha256": "ba" * 32},
        {"expires": int(UNTIL.timestamp()) + 86_400},
        {"signature": ""},
        {"signature": "0" * 64},
        {"signature": "签" * 64},
    ],
)
def test_anything_changed_opens_nothing(change: dict[str, object]) -> None:
    *_, signature = _parts(media_path(SECRET, ALERT, PICTURE, UNTIL))
    right: dict[str, object] = {
        "secret": SECRET, "alert": ALERT, "sha256": PICTURE, "expires": int(UNTIL.timestamp()), "signature": signature,
    }  # fmt: skip
    assert media_allowed(**right, now=UNTIL - TICK)  # type: ignore[arg-type]
    assert not media_allowed(**(right | change), now=UNTIL - TICK)  # type: ignore[arg-type]


def test_the_parts_cannot_be_moved_into_one_another() -> None:
    """The same characters cut at another place are another picture."""
    path = media_path(SECRET, "HJ-1", "2" + "a" * 63, UNTIL)
    assert not media_allowed(SECRET, "HJ-12", "a" * 63, _parts(path)[2], _parts(path)[3], UNTIL - TICK)
