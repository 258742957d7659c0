"""What every channel and every carrier owes, ours and outsiders' alike: a new adapter brings fixtures and a page."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote_plus

import pytest

from channels.contract import (
    Accepted,
    Carrier,
    Kind,
    Notice,
    Outcome,
    Profile,
    Reason,
    Refused,
    Rendition,
    Reply,
    Retracts,
    Retry,
    Status,
    WireError,
)
from channels.registry import CARRIERS, CHANNELS, is_sent
from tests.channels.far_ends import FAR_ENDS
from tests.channels.notices import ALL, NOW, PHOTO, PUBLISH, RETRACT, SECRETS_OF_THE_CHILD, named, rendered, told
from tests.channels.posters import POSTER, POSTER_BYTES, completed
from tests.channels.recorded import DOCS, answer, before, secrets_of, settings_of
from tests.channels.wire import FakeWire, reply

SENT = {name: carrier for name, carrier in CARRIERS.items() if is_sent(carrier)}
ONE_CALL = [name for name in SENT if name not in FAR_ENDS]  # the others: test_far_ends.py
MARKS = {Status.ACTUAL: "", Status.EXERCISE: "【演练】", Status.TEST: "【测试】"}
BEGINS = {Kind.PUBLISH: "紧急寻人", Kind.UPDATE: "更新", Kind.RETRACT: "寻人结束"}
CHAINED = {"ebd"}  # takes back what was accepted before, by an id that it gave

channels = pytest.mark.parametrize("medium", CHANNELS)
carriers = pytest.mark.parametrize("name", ONE_CALL)
notices = pytest.mark.parametrize("notice", ALL, ids=named)


def firsts(rendition: Rendition) -> Iterator[str]:
    return (text if isinstance(text, str) else text[0] for text in rendition.texts.values())


def carried(name: str, notice: Notice = PUBLISH) -> Rendition:
    """A rendition that this carrier takes; most take any channel's."""
    return completed(rendered(notice, min(SENT[name].carries or {"tv"})))


def far(name: str, *script: Reply | Exception) -> FakeWire:
    """A far end that answers the calls on the way as recorded, and the one that decides from the script."""
    return FakeWire(*before(name), *script, media={POSTER.sha256: POSTER_BYTES})


def said(wire: FakeWire) -> str:
    """Everything that left, as the far end reads it."""
    bodies = [(call.headers.get("content-type", ""), call.body.decode(errors="replace")) for call in wire.calls]
    return "\n".join(unquote_plus(body) if "urlencoded" in kind else body for kind, body in bodies)


def wordless(name: str, sent: str) -> bool:
    """True for a retraction that only takes off: it names what goes, and says nothing."""
    return SENT[name].retracts is not Retracts.FOLLOW_UP and not re.search("[一-鿿]", sent)


async def send(
    name: str,
    wire: FakeWire,
    rendition: Rendition | None = None,
    key: str = "dlv_9",
    now: Any = NOW,
    prior: str | None = None,
) -> Outcome:
    carrier: Carrier[Any] = SENT[name]
    outgoing = rendition or carried(name)
    return await carrier.send(outgoing, settings_of(name), key=key, prior=prior, now=now, wire=wire)


async def on_the_wire(name: str, rendition: Rendition) -> str | None:
    """What leaves for a notice, as the far end reads it; ``None`` when it is turned away without a call. A wire that takes
    back by its own ids has had the notice that this one ends accepted before."""
    wire, prior, notice = far(name, *[answer(name, "accepted")] * 4), None, rendition.notice
    if name in CHAINED and notice.kind is not Kind.PUBLISH:
        first = rendered(replace(PUBLISH, status=notice.status), rendition.channel)
        accepted = await send(name, wire, first, "dlv_1")
        prior = accepted.reference if isinstance(accepted, Accepted) else None
    earlier = len(wire.calls)
    last = await send(name, wire, rendition, "dlv_2", prior=prior)
    if isinstance(last, Refused):
        assert len(wire.calls) == earlier, "turned away without a call"
        return None
    del wire.calls[:earlier]
    return said(wire)


# ── Channels ────────────────────────────────────────────────────────────────────────────────────────────────────────


@channels
@notices
def test_every_text_begins_with_its_mark_and_its_kind(medium: str, notice: Notice) -> None:
    rendition = rendered(notice, medium)
    assert rendition.channel == medium
    assert rendition.notice is notice
    assert rendition.texts
    for first in firsts(rendition):
        assert first.startswith(MARKS[notice.status] + BEGINS[notice.kind])


@channels
@notices
def test_what_is_real_is_not_marked_and_no_reserved_word_is_used(medium: str, notice: Notice) -> None:
    whole = "\n".join(told(rendered(notice, medium)))
    assert whole.strip()
    assert "预警" not in whole
    assert "不是演练" not in whole
    if notice.status is Status.ACTUAL:
        assert not any(word in whole for word in ("【", "】", "演练", "测试"))
    else:
        assert ("演练信息" if notice.status is Status.EXERCISE else "测试信息") in whole


@channels
@pytest.mark.parametrize("status", Status)
def test_a_retraction_is_unmistakable_and_tells_nothing(medium: str, status: Status) -> None:
    rendition = rendered(replace(RETRACT, status=status), medium)
    whole = "\n".join(told(rendition))
    assert not [fact for fact in SECRETS_OF_THE_CHILD if fact in whole]
    assert not any(word in whole for word in ("找到", "寻获", "误报", "不实", "平安", "原因"))
    assert "李某某" in whole
    assert "停止转发" in whole
    assert "感谢" in whole or "谢谢" in whole
    assert "西安市公安局雁塔分局" in whole
    assert "HJ-2026-000123" in whole or "HJ，二零二六，零零零幺二三" in whole
    assert rendition.media == ()


@channels
def test_a_line_of_the_officer_goes_along(medium: str) -> None:
    assert "家人感谢大家" in "\n".join(told(rendered(replace(RETRACT, line="家人感谢大家"), medium)))


@channels
def test_rendering_is_pure(medium: str) -> None:
    first, second = rendered(PUBLISH, medium), rendered(PUBLISH, medium)
    assert first == second
    assert first.duty == Profile().duty


@channels
def test_the_photo_goes_where_it_can_be_taken_back(medium: str) -> None:
    shows = {"tv", "screen", "billboard", "partner"}
    assert rendered(PUBLISH, medium).media == ((PHOTO,) if medium in shows else ())
    assert rendered(replace(PUBLISH, photo=None), medium).media == ()
    assert "huijia.example/media" not in "\n".join(told(rendered(PUBLISH, medium)))


@channels
def test_a_channel_has_a_page_that_names_its_texts(medium: str) -> None:
    page = (DOCS / f"{medium}.md").read_text(encoding="utf-8")
    assert CHANNELS[medium].title in page
    for text in rendered(PUBLISH, medium).texts:
        assert f"`{text}`" in page


# ── Carriers ────────────────────────────────────────────────────────────────────────────────────────────────────────


def by_status(status: int) -> tuple[type[Outcome], Reason]:
    """The whole table, written a second time by hand."""
    if status in (401, 403, 407):
        return Refused, Reason.BAD_CREDENTIALS
    if status in (404, 410):
        return Refused, Reason.GONE
    if status in (409, 421, 423, 425):
        return Retry, Reason.SERVER_ERROR
    if status in (408, 429):
        return Retry, Reason.TIMEOUT if status == 408 else Reason.THROTTLED
    if 400 <= status <= 499:
        return Refused, Reason.REJECTED
    if 300 <= status <= 399:
        return Retry, Reason.REDIRECTED
    return Retry, Reason.SERVER_ERROR if status >= 500 else Reason.UNINTELLIGIBLE


@carriers
@pytest.mark.parametrize("hundred", [100, 300, 400, 500])
async def test_the_whole_status_table(name: str, hundred: int) -> None:
    for status in range(hundred, hundred + 100):
        outcome = await send(name, far(name, reply(status)))
        assert not isinstance(outcome, Accepted), status
        assert (type(outcome), outcome.reason) == by_status(status), status
        assert str(status) in outcome.detail


@carriers
async def test_any_2xx_takes_and_none_hides_a_refusal(name: str) -> None:
    yes, no = answer(name, "accepted"), answer(name, "refused")
    for status in range(200, 300):
        assert isinstance(await send(name, far(name, replace(yes, status=status))), Accepted), status
        hidden = await send(name, far(name, replace(no, status=status)))
        # Where refusals are told by the status, the words of one under a 2xx are of no known meaning: no yes, at least.
        assert isinstance(hidden, Refused if no.status < 300 else Refused | Retry), status


@carriers
async def test_recorded_answers_mean_what_they_are_filed_under(name: str) -> None:
    accepted = await send(name, far(name, answer(name, "accepted")))
    refused = await send(name, far(name, answer(name, "refused")))
    throttled = await send(name, far(name, answer(name, "throttled")))
    assert isinstance(accepted, Accepted)
    assert isinstance(refused, Refused)
    assert isinstance(throttled, Retry)
    assert throttled.reason is Reason.THROTTLED
    assert throttled.after is not None


@carriers
@pytest.mark.parametrize("status", [429, 503, 307, 409])
async def test_the_wait_asked_for_is_kept_in_both_forms(name: str, status: int) -> None:
    at = format_datetime(NOW + timedelta(seconds=90))
    for value, seconds in (("120", 120), (at, 89.75), ("999999999999", 3600), ("0", 0), ("-5", None), ("soon", None)):
        outcome = await send(name, far(name, reply(status, retry_after=value)))
        assert isinstance(outcome, Retry)
        assert outcome.after == (None if seconds is None else timedelta(seconds=seconds)), value


@carriers
@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.TIMEOUT, Reason.BROKEN, Reason.NO_FILE])
async def test_no_answer_means_nobody_knows(name: str, reason: Reason) -> None:
    outcome = await send(name, far(name, WireError(reason, "reset by peer")))
    assert isinstance(outcome, Retry)
    assert outcome.reason is reason


@carriers
async def test_a_bug_is_not_disguised_as_an_answer(name: str) -> None:
    with pytest.raises(ZeroDivisionError):
        await send(name, far(name, ZeroDivisionError()))


@carriers
async def test_one_call_within_the_deadline(name: str) -> None:
    wire = far(name, answer(name, "throttled"))
    await send(name, wire)
    assert len(wire.calls) == len(before(name)) + 1
    for call in wire.calls:
        assert timedelta(0) < call.timeout <= SENT[name].timeout
        assert call.headers["user-agent"] == "huijia"
        kinds = ("json", "urlencoded", "multipart/form-data;")
        assert not call.body or any(kind in call.headers["content-type"] for kind in kinds)


@carriers
@notices
async def test_the_wire_carries_the_mark(name: str, notice: Notice) -> None:
    sent = await on_the_wire(name, carried(name, notice))
    assert sent is not None
    if notice.kind is Kind.RETRACT and wordless(name, sent):
        return
    assert BEGINS[notice.kind] in sent
    assert {mark for mark in MARKS.values() if mark and mark in sent} == {MARKS[notice.status]} - {""}


@carriers
@channels
async def test_a_retraction_on_the_wire_tells_nothing_of_the_child(name: str, medium: str) -> None:
    sent = await on_the_wire(name, rendered(RETRACT, medium))
    if sent is None:
        return
    assert "寻人结束" in sent or wordless(name, sent)
    assert not [fact for fact in SECRETS_OF_THE_CHILD if fact in sent]


@carriers
async def test_the_same_key_twice_is_the_same_message(name: str) -> None:
    wires = (
        [far(name, *[answer(name, "accepted")] * 3)] * 3 if name in CHAINED else [_far_accepting(name) for _ in "123"]
    )
    calls = []
    for wire, key, later in zip(wires, ("dlv_9", "dlv_9", "dlv_10"), (0, 30, 0), strict=True):
        before_it = len(wire.calls)
        await send(name, wire, key=key, now=NOW + timedelta(seconds=later))
        calls.append(wire.calls[before_it:])
    first, second, _ = calls
    assert [unsigned(call.body) for call in first] == [unsigned(call.body) for call in second]
    identity = [sent[0].headers.get("webhook-id") for sent in calls]
    assert identity in (["dlv_9", "dlv_9", "dlv_10"], [None, None, None])


def _far_accepting(name: str) -> FakeWire:
    return far(name, answer(name, "accepted"))


def unsigned(body: bytes) -> bytes:
    """Without an SM2 signature, which has a new nonce each time it is made."""
    return re.sub(b"<SignatureValue>[^<]*", b"", body)


def leaks(text: str, secrets: list[str]) -> list[str]:
    return [secret for secret in [*secrets, "http", "://", "李小明"] if secret in text.replace("HTTP", "")]


@carriers
async def test_no_secret_in_a_detail_even_when_the_far_end_repeats_it(name: str) -> None:
    settings = settings_of(name)
    secrets = secrets_of(settings)
    assert secrets
    echo = f"bad call to {settings.url}?access_token={' '.join(secrets)} for 李小明 " + "错" * 500
    bodies = (f'{{"errcode": 40000, "errmsg": "{echo}"}}', f'{{"accepted": false, "note": "{echo}"}}', echo)
    script: list[Reply | Exception] = [reply(status, body) for status in (200, 400, 500) for body in bodies]
    for words in [*script, WireError(Reason.UNREACHABLE, echo)]:
        for wire in (far(name, words), FakeWire(words, media={POSTER.sha256: POSTER_BYTES})):
            outcome = await send(name, wire)
            assert not leaks(repr(outcome), secrets), outcome
            assert isinstance(outcome, Accepted) or len(outcome.detail) <= 200


@pytest.mark.parametrize("name", SENT)
def test_no_secret_in_settings(name: str) -> None:
    settings = settings_of(name)
    assert not leaks(f"{settings!r} {settings!s}", secrets_of(settings))


@carriers
async def test_nothing_is_logged(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for which in ("accepted", "refused", "throttled"):
            await send(name, far(name, answer(name, which)))
    assert caplog.records == []


@pytest.mark.parametrize("name", SENT)
def test_settings_that_do_not_fit_are_refused_without_repeating_them(name: str) -> None:
    good = settings_of(name)
    raw = {field: getattr(value, "get_secret_value", lambda v=value: v)() for field, value in dict(good).items()}
    for field in type(good).model_fields:
        with pytest.raises(ValueError, match=field) as caught:
            type(good).model_validate({**raw, field: ["顶针 hunter2"]})
        assert "hunter2" not in str(caught.value)
    with pytest.raises(ValueError, match="nonsense"):
        type(good).model_validate({**raw, "nonsense": 1})


@pytest.mark.parametrize("name", CARRIERS)
def test_a_carrier_has_a_page_that_names_its_settings(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert CARRIERS[name].title in page
    for field, about in CARRIERS[name].settings.model_fields.items():
        assert f"`{field}`" in page
        assert about.title, "operators see the title, in Chinese"
    assert settings_of(name)
