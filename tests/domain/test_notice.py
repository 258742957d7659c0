"""A notice is frozen, travels through JSON unchanged, and a retraction tells nothing of the child."""

from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.notice import Photo, PublicNotice, correction, from_json, publication, to_json
from app.domain.record import PublicFacts
from app.domain.words import Kind, Status

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]))
heights = st.none() | st.integers(30, 230)
sizes = st.integers(1, 2**31)
pictures = st.none() | st.builds(Photo, words, words, sizes, sizes, sizes)


@st.composite
def facts(draw: st.DrawFn) -> PublicFacts:
    said: dict[str, Any] = {f.name: draw(words) for f in fields(PublicFacts)}
    own = {"sex": draw(st.sampled_from(["male", "female"])), "age": draw(st.integers(0, 17))}
    return PublicFacts(**(said | own | {"height_cm": draw(heights), "lost_at": draw(moments)}))


@st.composite
def notices(draw: st.DrawFn) -> PublicNotice:
    status, number = draw(st.sampled_from(Status)), draw(st.integers(1, 50))
    issued, expires = draw(moments), draw(moments)
    kind = draw(st.sampled_from(Kind))
    if kind is Kind.RETRACT:
        return correction(
            alert=draw(words), number=number, status=status, unit=draw(words), phone=draw(words), masked=draw(words),
            issued_at=issued, expires_at=expires, line=draw(words),
        )  # fmt: skip
    return publication(
        kind, draw(facts()), alert=draw(words), number=number, status=status, photo=draw(pictures), issued_at=issued,
        expires_at=expires,
    )  # fmt: skip


@given(notices())
def test_there_and_back_through_json(notice: PublicNotice) -> None:
    """Through the very bytes: a list for a tuple or a string for a moment would show."""
    back = from_json(orjson.loads(orjson.dumps(to_json(notice))))
    assert back == notice
    assert type(back.kind) is Kind
    assert type(back.status) is Status
    assert type(back.facts) is type(notice.facts)
    assert type(back.photo) is type(notice.photo)


@given(notices())
def test_a_notice_ends_every_earlier_one(notice: PublicNotice) -> None:
    assert notice.ends == tuple(range(1, notice.number))


FACTS = PublicFacts(
    "李小明",
    "李某某",
    "male",
    6,
    118,
    "",
    "红色短袖",
    NOW,
    "小寨",
    "610113",
    "陕西省西安市雁塔区",
    "",
    "",
    "",
    "雁塔分局",
    "029-1",
)
PUBLISH = publication(
    Kind.PUBLISH, FACTS, alert="HJ-2026-000001", number=1, status=Status.ACTUAL, photo=None, issued_at=NOW,
    expires_at=NOW + timedelta(hours=24),
)  # fmt: skip
RETRACT = correction(
    alert="HJ-2026-000001", number=2, status=Status.ACTUAL, unit="雁塔分局", phone="029-1", masked="李某某",
    issued_at=NOW, expires_at=NOW + timedelta(hours=24),
)  # fmt: skip
PHOTO = Photo("ab" * 32, "image/jpeg", 1000, 120, 160)


@pytest.mark.parametrize(
    ("notice", "change"),
    [
        (RETRACT, {"facts": FACTS}),
        (RETRACT, {"photo": PHOTO}),
        (RETRACT, {"facts": FACTS, "photo": PHOTO}),
        (PUBLISH, {"facts": None}),
        (PUBLISH, {"kind": Kind.RETRACT}),
        (replace(PUBLISH, kind=Kind.UPDATE), {"facts": None}),
        (RETRACT, {"kind": Kind.PUBLISH}),
        (RETRACT, {"kind": Kind.UPDATE}),
    ],
)
def test_what_cannot_be_constructed(notice: PublicNotice, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="retraction carries no facts"):
        replace(notice, **change)


def test_nor_read_back_from_a_row_that_was_tampered_with() -> None:
    body = to_json(RETRACT) | {"facts": to_json(PUBLISH)["facts"]}
    with pytest.raises(ValueError, match="retraction carries no facts"):
        from_json(body)


def test_a_retraction_holds_no_name() -> None:
    said = orjson.dumps(to_json(RETRACT)).decode()
    assert "李小明" not in said
    assert "红色" not in said
    assert "小寨" not in said
    assert "李某某" in said


def test_a_notice_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        PUBLISH.line = "另一句"  # type: ignore[misc]
