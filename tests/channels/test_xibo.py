"""A Xibo CMS: what is put there, how it is taken away again, and what its answers mean."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from channels.carriers.xibo import LAPSES, Xibo, XiboSettings
from channels.contract import (
    Accepted,
    Outcome,
    Proves,
    Reason,
    ReceiptKind,
    Refused,
    Reply,
    Retracts,
    Retry,
    StatedReceipt,
    Status,
    Tended,
    WireError,
)
from sandbox.signage import Display
from tests.channels.clouds import BASE, CMS_CLIENT, CMS_SECRET, GROUP, CloudWire
from tests.channels.notices import NOW, PUBLISH, RETRACT, UPDATE, rendered
from tests.channels.posters import POSTER, POSTER_BYTES, with_poster
from tests.channels.recorded import answer, before
from tests.channels.wire import Call, FakeWire, reply

XIBO = Xibo()
OTHER = replace(PUBLISH, alert="HJ-2026-000124")


def settings(**changes: Any) -> XiboSettings:
    given = {"url": f"{BASE}/signage", "client_id": CMS_CLIENT, "client_secret": CMS_SECRET, "group": GROUP}
    return XiboSettings.model_validate(given | changes)


async def sent(wire: FakeWire, notice: Any = PUBLISH, prior: str | None = None, **changes: Any) -> Outcome:
    now = getattr(wire, "now", NOW)
    return await XIBO.send(with_poster(notice), settings(**changes), key="dlv_9", prior=prior, now=now, wire=wire)


async def accepted(wire: FakeWire, notice: Any = PUBLISH, prior: str | None = None, **changes: Any) -> Accepted:
    outcome = await sent(wire, notice, prior, **changes)
    assert isinstance(outcome, Accepted), outcome
    return outcome


async def tended(wire: FakeWire, notice: Any, reference: str | None) -> list[StatedReceipt]:
    now = getattr(wire, "now", NOW)
    return list(await XIBO.tend(with_poster(notice), settings(), key="dlv_9", reference=reference, now=now, wire=wire))


def seen(wire: CloudWire) -> list[str]:
    return [shown["name"].partition(" L")[0] for shown in wire.cms.showing()]


@pytest.mark.parametrize("status", [Status.EXERCISE, Status.TEST])
async def test_a_real_child_goes_before_whatever_is_rehearsed(status: Status) -> None:
    wire = recorded(answer("xibo", "accepted"))
    await sent(wire, replace(PUBLISH, status=status))
    assert form(wire.calls[-1])["isPriority"] == "8"


def form(call: Call) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(call.body.decode(), strict_parsing=True).items()}


def recorded(*decisive: Reply | Exception) -> FakeWire:
    return FakeWire(*before("xibo"), *decisive, media={POSTER.sha256: POSTER_BYTES})


def test_what_the_wire_can_do() -> None:
    asked: Tended[XiboSettings] = XIBO
    assert asked.tend_every == timedelta(minutes=1)
    assert (XIBO.retracts, XIBO.proves) == (Retracts.TAKE_DOWN, Proves.AIRED)
    assert asked.renews_within is not None
    assert 3 * (asked.renews_within + XIBO.timeout) < LAPSES, "two renewals may be missed"


# ── Putting it up ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_calls_of_a_publish() -> None:
    wire = recorded(answer("xibo", "accepted"))
    assert await sent(wire) == Accepted("731 118 117")
    token, search, upload, layout, schedule = wire.calls
    assert form(token) == {"grant_type": "client_credentials", "client_id": CMS_CLIENT, "client_secret": CMS_SECRET}
    assert all(call.headers["authorization"].startswith("Bearer eyJ0") for call in wire.calls[1:])
    query = parse_qs(urlsplit(search.url).query)
    assert query == {"displayGroupIds[]": ["42"], "eventTypeId": ["4"], "name": ["HJ-2026-000123"], "length": ["20"]}
    head = f"Content-Type: {upload.headers['content-type']}\r\n\r\n".encode()
    parts = {
        part.get_param("name", header="content-disposition"): part
        for part in message_from_bytes(head + upload.body).walk()
    }
    assert parts["files[]"].get_payload(decode=True) == POSTER_BYTES
    assert parts["files[]"].get_content_type() == "image/jpeg"
    name = parts["name"].get_payload(decode=True)
    assert isinstance(name, bytes)
    assert name.decode() == "紧急寻人 HJ-2026-000123/1 G42"
    assert parts["expires"].get_payload() == "2026-11-24 15:04:05"
    assert form(layout) == {"id": "116", "type": "media", "backgroundColor": "#000000"}
    assert form(schedule) == {
        "eventTypeId": "4",
        "name": "紧急寻人 HJ-2026-000123/1 L117 M116",
        "campaignId": "118",
        "displayOrder": "0",
        "isPriority": "9",
        "shareOfVoice": "3600",
        "dayPartId": "0",
        "syncTimezone": "0",
        "fromDt": "2026-11-23 14:04:05",
        "toDt": "2026-11-23 16:10:00",
        "displayGroupIds[]": "42",
    }


async def test_the_cms_lives_in_its_own_time_zone_and_nothing_outlasts_the_alert() -> None:
    ending = replace(PUBLISH, expires_at=NOW + timedelta(minutes=9))
    wire = recorded(answer("xibo", "accepted"))
    await sent(wire, ending, utc_offset=0)
    assert form(wire.calls[-1])["toDt"] == "2026-11-23 07:13:06"


async def test_a_rendition_without_a_poster_is_refused_and_nothing_is_left_behind() -> None:
    wire = CloudWire()
    outcome = await XIBO.send(rendered(PUBLISH, "screen"), settings(), key="k", prior=None, now=NOW, wire=wire)
    assert isinstance(outcome, Refused)
    assert "像素" in outcome.detail
    gone = with_poster(poster=replace(POSTER, sha256="00" * 32))
    assert isinstance(await XIBO.send(gone, settings(), key="k", prior=None, now=NOW, wire=wire), Refused)
    assert wire.cms.library == {}


@pytest.mark.parametrize("status", [Status.EXERCISE, Status.TEST])
async def test_who_works_at_the_cms_sees_that_it_is_a_drill(status: Status) -> None:
    wire = CloudWire()
    await accepted(wire, replace(PUBLISH, status=status))
    (name,) = seen(wire)
    assert name.startswith("【演练】" if status is Status.EXERCISE else "【测试】")


async def test_an_update_takes_the_place_of_the_first_and_the_end_takes_all() -> None:
    wire = CloudWire()
    first = await accepted(wire)
    second = await accepted(wire, UPDATE, first.reference)
    assert seen(wire) == ["更新寻人信息 HJ-2026-000123/2"]
    assert len(wire.cms.library) == len(wire.cms.layouts) == 1
    ended = await accepted(wire, RETRACT, second.reference)
    assert seen(wire) == []
    assert (wire.cms.library, wire.cms.layouts, wire.cms.schedule) == ({}, {}, {})
    assert ended.receipt is None, "the displays have not said anything yet"


async def test_an_older_one_that_cannot_be_removed_is_no_refusal_of_the_new_one() -> None:
    """Refused means that nothing aired: it would let the end of this alert pass the outlet by."""
    wire = CloudWire()
    await accepted(wire)
    request = wire.request

    async def forbidding(method: str, url: str, **rest: Any) -> Reply:
        if method == "DELETE":
            return reply(403, '{"error":{"message":"Access Denied","code":403}}')
        return await request(method, url, **rest)

    wire.request = forbidding  # type: ignore[method-assign]
    outcome = await sent(wire, UPDATE)
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.BAD_CREDENTIALS
    assert "旧通告未能删除" in outcome.detail
    assert len(seen(wire)) == 1
    wire.request = request  # type: ignore[method-assign]
    await accepted(wire, UPDATE)
    assert [one.name.partition(" L")[0] for one in wire.cms.schedule.values()] == ["更新寻人信息 HJ-2026-000123/2"]


async def test_other_alerts_and_other_groups_are_left_alone() -> None:
    wire = CloudWire()
    first = await accepted(wire)
    await accepted(wire, OTHER)
    longer = replace(PUBLISH, alert="HJ-2026-0001239")  # holds the number of the first
    await accepted(wire, longer)
    wire.cms.upload("紧急寻人 HJ-2026-000123/1 G421", "image/jpeg", POSTER_BYTES, "")
    await accepted(wire, RETRACT, first.reference)
    left = {one.name.partition(" L")[0] for one in wire.cms.schedule.values()}
    assert left == {"紧急寻人 HJ-2026-000124/1", "紧急寻人 HJ-2026-0001239/1"}
    assert {one.name for one in wire.cms.library.values()} == {f"{name} G42" for name in left} | {
        "紧急寻人 HJ-2026-000123/1 G421"
    }


async def test_a_picture_that_the_cms_named_anew_goes_too() -> None:
    wire = CloudWire()
    wire.cms.upload("紧急寻人 HJ-2026-000123/1 G42(1)", "image/jpeg", POSTER_BYTES, "")
    await accepted(wire, RETRACT)
    assert wire.cms.library == {}


# ── The token ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_token_that_was_taken_back_is_fetched_anew_once() -> None:
    wire = CloudWire()
    first = await accepted(wire)
    wire.cms.revoke()
    await accepted(wire, RETRACT, first.reference)
    assert sum(path.endswith("/access_token") for path in wire.paths()) == 2


async def test_a_token_serves_until_it_runs_out() -> None:
    wire = CloudWire()
    for minutes, tokens in ((0, 1), (50, 1), (56, 2)):
        wire.now = NOW + timedelta(minutes=minutes)
        await accepted(wire)
        assert sum(path.endswith("/access_token") for path in wire.paths()) == tokens, minutes


async def test_a_wrong_secret_is_a_matter_of_credentials() -> None:
    outcome = await sent(CloudWire(), client_secret="another")
    assert outcome == Refused(Reason.BAD_CREDENTIALS, "HTTP 401 Client authentication failed")


# ── Answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

FULL = '{"files":[{"name":"a","error":"Your library is full. Library Limit: 1024 K"}]}'
ERROR = '{"error":{"message":"Access Denied","code":403,"data":{}}}'
ENVELOPE = '{"grid":false,"success":false,"status":200,"error":{"message":"x","code":429}}'

STEPS = ["token", "search", "upload", "layout", "schedule"]


@pytest.mark.parametrize("step", range(len(STEPS)), ids=STEPS)
@pytest.mark.parametrize(
    ("said", "kind", "reason"),
    [
        (reply(200, "<html>maintenance</html>"), Retry, Reason.UNINTELLIGIBLE),
        (reply(200, '{"cut'), Retry, Reason.UNINTELLIGIBLE),
        (reply(200, "{}"), Retry, Reason.UNINTELLIGIBLE),
        (reply(200, '"yes"'), Retry, Reason.UNINTELLIGIBLE),
        (reply(204), Retry, Reason.UNINTELLIGIBLE),
        (reply(302, location="/login"), Retry, Reason.REDIRECTED),
        (reply(429, retry_after="9"), Retry, Reason.THROTTLED),
        (reply(500, '{"error":{"message":"Unexpected Error","code":500}}'), Retry, Reason.SERVER_ERROR),
        (reply(403, ERROR), Refused, Reason.BAD_CREDENTIALS),
        (WireError(Reason.UNREACHABLE, "TLS"), Retry, Reason.UNREACHABLE),
        (WireError(Reason.TIMEOUT), Retry, Reason.TIMEOUT),
        (WireError(Reason.BROKEN), Retry, Reason.BROKEN),
    ],
)
async def test_every_wrong_answer_at_every_step(step: int, said: Any, kind: type[Outcome], reason: Reason) -> None:
    wire = FakeWire(*before("xibo")[:step], said, media={POSTER.sha256: POSTER_BYTES})
    outcome = await sent(wire)
    assert isinstance(outcome, kind), outcome
    assert not isinstance(outcome, Accepted)
    assert outcome.reason is reason
    assert not isinstance(outcome, Retry) or (outcome.after == timedelta(seconds=9)) == (reason is Reason.THROTTLED)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (ERROR, Refused, Reason.BAD_CREDENTIALS),
        (ENVELOPE, Retry, Reason.THROTTLED),
        ('{"error":"invalid"}', Refused, Reason.REJECTED),
        ('{"eventId":"731"}', Retry, Reason.UNINTELLIGIBLE),
        ('{"eventId":true}', Retry, Reason.UNINTELLIGIBLE),
        ('{"eventId":0}', Retry, Reason.UNINTELLIGIBLE),
    ],
)
async def test_a_200_that_is_none(body: str, kind: type[Outcome], reason: Reason) -> None:
    outcome = await sent(recorded(reply(200, body)))
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Accepted)
    assert outcome.reason is reason


async def test_a_full_library_is_told_with_200() -> None:
    wire = FakeWire(*before("xibo")[:2], reply(200, FULL), reply(200, "[]"), media={POSTER.sha256: POSTER_BYTES})
    outcome = await sent(wire)
    assert outcome == Refused(Reason.REJECTED, "素材库：Your library is full. Library Limit: 1024 K")


@pytest.mark.parametrize("strike", ["search", "delete", "library"])
async def test_a_retraction_that_could_not_be_made_is_no_success(strike: str) -> None:
    wire = CloudWire()
    first = await accepted(wire)
    picks: dict[str, Callable[[Call], bool]] = {
        "search": lambda call: call.method == "GET" and "/schedule" in call.url,
        "delete": lambda call: call.method == "DELETE",
        "library": lambda call: "/library" in call.url,
    }
    wire.lose = picks[strike]
    assert isinstance(await sent(wire, RETRACT, first.reference), Retry)


# ── Tending ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_proof_of_play() -> None:
    wire = CloudWire()
    for display in wire.cms.displays:
        display.online = False
    first = await accepted(wire)
    assert await tended(wire, PUBLISH, first.reference) == []
    for display in wire.cms.displays:
        display.online = True
    wire.cms.collect()
    (aired,) = await tended(wire, PUBLISH, first.reference)
    assert aired.kind is ReceiptKind.AIRED
    assert aired.note.startswith("播放记录")


async def test_down_only_when_every_display_says_so() -> None:
    wire = CloudWire()
    first = await accepted(wire)
    lost = wire.cms.displays[1]
    lost.online = False
    ended = await accepted(wire, RETRACT, first.reference)
    assert seen(wire) != [], "the display that is out of touch still shows it"
    assert await tended(wire, RETRACT, ended.reference) == []
    lost.online = True
    (down,) = await tended(wire, RETRACT, ended.reference)
    assert (down.kind, down.note) == (ReceiptKind.TAKEN_DOWN, "2 块屏在线，均已显示其他内容")


async def test_a_large_group_is_asked_for_in_pages_to_its_last_display() -> None:
    wire = CloudWire()
    wire.cms.displays = [Display(number) for number in range(1, 26)]
    first = await accepted(wire)
    wire.cms.displays[24].online = False
    ended = await accepted(wire, RETRACT, first.reference)
    assert await tended(wire, RETRACT, ended.reference) == []
    wire.cms.displays[24].online = True
    (down,) = await tended(wire, RETRACT, ended.reference)
    assert down.note == "25 块屏在线，均已显示其他内容"


async def test_a_display_out_of_touch_falls_back_by_itself() -> None:
    wire = CloudWire()
    await accepted(wire)
    for display in wire.cms.displays:
        display.online = False
    wire.now += LAPSES - timedelta(minutes=1)
    assert len(seen(wire)) == 1
    wire.now += timedelta(minutes=11)
    assert seen(wire) == []


async def test_it_is_up_as_long_as_it_is_tended_with_two_misses_in_between() -> None:
    wire = CloudWire()
    first = await accepted(wire)
    for _ in range(30):
        wire.now += timedelta(minutes=20)
        assert len(seen(wire)) == 1
        await tended(wire, PUBLISH, first.reference)
        assert len(wire.cms.schedule) == 1


async def test_whoever_deletes_the_event_at_the_cms_has_rejected_it() -> None:
    wire = CloudWire()
    first = await accepted(wire)
    wire.cms.schedule.clear()
    assert await tended(wire, PUBLISH, first.reference) == [
        StatedReceipt(ReceiptKind.REJECTED, note="排期已在 CMS 中被删除")
    ]  # fmt: skip
    assert wire.cms.schedule == {}, "it is not put up again against their will"


async def test_an_alert_that_is_over_is_not_prolonged() -> None:
    wire = CloudWire()
    first = await accepted(wire)
    wire.now, before_that = PUBLISH.expires_at, len(wire.calls)
    assert await tended(wire, PUBLISH, first.reference) == []
    assert len(wire.calls) == before_that


@pytest.mark.parametrize(
    "rows",
    [
        "[]",
        '[{"loggedIn":1,"currentLayoutId":117}]',
        '[{"loggedIn":0,"currentLayoutId":1}]',
        '[{"loggedIn":1,"currentLayoutId":null}]',
        '[{"loggedIn":1}]',
        '[{"loggedIn":1,"currentLayoutId":1},{"loggedIn":0,"currentLayoutId":1}]',
    ],
)
async def test_what_does_not_prove_that_it_is_down(rows: str) -> None:
    assert await tended(FakeWire(before("xibo")[0], reply(200, rows)), RETRACT, "117") == []


@pytest.mark.parametrize("reference", [None, "", "playout-42", "1 2"])
async def test_a_reference_that_is_not_ours_is_not_tended(reference: str | None) -> None:
    wire = FakeWire()
    assert await tended(wire, PUBLISH, reference) == []
    assert wire.calls == []


async def test_a_question_that_is_not_answered_is_asked_again() -> None:
    with pytest.raises(WireError) as caught:
        await tended(FakeWire(before("xibo")[0], reply(503)), PUBLISH, "731 118 117")
    assert caught.value.reason is Reason.SERVER_ERROR


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "https://cms.example/api"),
        ("url", "https://cms.example/?a=1"),
        ("client_id", ""),
        ("client_secret", "a b"),
        ("group", 0),
        ("seconds_per_hour", 3601),
        ("priority", -1),
        ("utc_offset", 15),
    ],
)
def test_settings_that_will_not_do(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        settings(**{field: value})
