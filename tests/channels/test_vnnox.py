"""NovaStar's cloud: what it is told, what its answers mean, one by one, and what tending does."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.carriers.vnnox import Vnnox, VnnoxSettings
from channels.carriers.vnnox_page import LAPSES
from channels.contract import (
    Accepted,
    Cleared,
    Grouped,
    Hears,
    Outcome,
    Proves,
    Reason,
    Refused,
    Retracts,
    Retry,
    Send,
    Tended,
    WireError,
)
from tests.channels.clouds import BASE, LED_KEY, LED_SECRET, CloudWire
from tests.channels.notices import NOW, PUBLISH, RETRACT, UPDATE, rendered
from tests.channels.posters import POSTER, POSTER_BYTES, with_poster
from tests.channels.wire import FakeWire, reply

VNNOX = Vnnox()
NOTICE_URL = "https://huijia.example/in/17/t0ken"


def settings(player: str = "led-1", **changes: Any) -> VnnoxSettings:
    given = {"url": f"{BASE}/led", "app_key": LED_KEY, "app_secret": LED_SECRET, "player": player}
    return VnnoxSettings.model_validate(given | changes)


def sends(*players: str, prior: str | None = None) -> list[Send]:
    return [Send(settings(player), f"dlv_{index}", prior) for index, player in enumerate(players)]


async def answered(body: str | bytes, status: int = 200, **headers: str) -> Outcome:
    wire = FakeWire(reply(status, body, **headers), media={POSTER.sha256: POSTER_BYTES})
    return await VNNOX.send(with_poster(), settings(), key="dlv_9", prior=None, now=NOW, wire=wire)


def test_what_the_wire_can_do() -> None:
    powers: tuple[Grouped[VnnoxSettings], Tended[VnnoxSettings], Hears[VnnoxSettings]] = (VNNOX, VNNOX, VNNOX)
    assert powers
    assert (VNNOX.retracts, VNNOX.proves, VNNOX.most) == (Retracts.BY_TARGET_ONLY, Proves.AIRED, 100)
    assert VNNOX.tend_every == timedelta(minutes=1)
    assert timedelta(hours=1) == LAPSES
    assert VNNOX.renews_within is not None
    assert 3 * (VNNOX.renews_within + VNNOX.timeout) < LAPSES, "two renewals may be missed"


async def test_the_call_is_signed_and_says_all_that_the_table_of_fields_asks_for() -> None:
    wire = FakeWire(reply(200, '{"success":["led-1"],"fail":[]}'), media={POSTER.sha256: POSTER_BYTES})
    outcome = await VNNOX.send(with_poster(), settings(), key="dlv_9", prior=None, now=NOW, wire=wire)
    assert isinstance(outcome, Accepted)
    (call,) = wire.calls
    assert call.url == f"{BASE}/led/v2/player/emergency-program/page"
    nonce, at = call.headers["Nonce"], call.headers["CurTime"]
    assert (len(nonce), at, call.headers["AppKey"]) == (16, "1795417446", LED_KEY)
    assert call.headers["CheckSum"] == hashlib.sha256((LED_SECRET + nonce + at).encode()).hexdigest()
    said = json.loads(call.body)
    assert said["playerIds"] == ["led-1"]
    assert said["attribute"] == {"spotsType": "IMMEDIATELY", "normalProgramStatus": "PAUSE", "duration": 3_600_000}
    assert said["page"]["name"] == "紧急寻人 HJ-2026-000123/1"
    (widget,) = said["page"]["widgets"]
    assert widget == {
        "name": "紧急寻人 HJ-2026-000123/1",
        "type": "PICTURE",
        "url": POSTER.url,
        "md5": hashlib.md5(POSTER_BYTES).hexdigest(),
        "size": len(POSTER_BYTES),
        "duration": 3_600_000,
        "zIndex": 1,
        "layout": {"x": "0%", "y": "0%", "width": "100%", "height": "100%"},
        "inAnimation": {"type": "NONE", "duration": 0},
    }


async def test_it_never_outlasts_the_alert() -> None:
    wire = FakeWire(reply(200, '{"success":["led-1"],"fail":[]}'), media={POSTER.sha256: POSTER_BYTES})
    ending = replace(PUBLISH, expires_at=NOW + timedelta(minutes=7))
    await VNNOX.send(with_poster(ending), settings(), key="dlv_9", prior=None, now=NOW, wire=wire)
    assert json.loads(wire.calls[0].body)["attribute"]["duration"] == 7 * 60_000


async def test_words_where_there_is_no_poster_or_it_is_no_longer_kept() -> None:
    for rendition in (rendered(PUBLISH, "screen"), with_poster(poster=replace(POSTER, sha256="00" * 32))):
        wire = FakeWire(reply(200, '{"success":["led-1"],"fail":[]}'))
        outcome = await VNNOX.send(rendition, settings(font_size=48), key="dlv_9", prior=None, now=NOW, wire=wire)
        assert isinstance(outcome, Accepted)
        (widget,) = json.loads(wire.calls[0].body)["page"]["widgets"]
        assert widget["type"] == "ARCH_TEXT"
        lines = [line["textAttributes"][0] for line in widget["lines"]]
        assert [line["content"] for line in lines] == list(rendition.texts["lines"])
        assert {line["fontSize"] for line in lines} == {48}


async def test_nothing_to_show_is_refused_without_a_call() -> None:
    wire = FakeWire()
    outcome = await VNNOX.send(rendered(PUBLISH, "tv"), settings(), key="dlv_9", prior=None, now=NOW, wire=wire)
    assert isinstance(outcome, Refused)
    assert wire.calls == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", Reason.UNINTELLIGIBLE),
        ("<html>busy</html>", Reason.UNINTELLIGIBLE),
        ("[]", Reason.UNINTELLIGIBLE),
        ("{}", Reason.UNINTELLIGIBLE),
        ('{"success":["led-1"],"fa', Reason.UNINTELLIGIBLE),
        ('{"success":"led-1","fail":""}', Reason.UNINTELLIGIBLE),
        ('{"success":[],"fail":[]}', Reason.UNINTELLIGIBLE),
        ('{"success":["led-2"],"fail":[]}', Reason.UNINTELLIGIBLE),
        ('{"success":[["led-1"]],"fail":[null]}', Reason.UNINTELLIGIBLE),
        ('{"status":11,"message":"internal","logid":1588056252560}', Reason.UNINTELLIGIBLE),
        ('{"errcode":310000,"errmsg":"sign not match"}', Reason.UNINTELLIGIBLE),
        ('{"success":[],"fail":["led-1"]}', Reason.UNREACHABLE),
        ('{"success":["led-1"],"fail":["led-1"]}', Reason.UNREACHABLE),
    ],
)
async def test_a_200_that_does_not_name_the_player_is_no_success(body: str, reason: Reason) -> None:
    outcome = await answered(body)
    assert isinstance(outcome, Retry), outcome
    assert outcome.reason is reason


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (302, Retry, Reason.REDIRECTED),
        (400, Refused, Reason.REJECTED),
        (401, Refused, Reason.BAD_CREDENTIALS),
        (403, Refused, Reason.BAD_CREDENTIALS),
        (406, Refused, Reason.REJECTED),
        (429, Retry, Reason.THROTTLED),
        (500, Retry, Reason.SERVER_ERROR),
        (504, Retry, Reason.SERVER_ERROR),
    ],
)
async def test_the_published_table_of_statuses(status: int, kind: type[Outcome], reason: Reason) -> None:
    outcome = await answered('{"message":"enterprise authentication failed"}', status, retry_after="7")
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Accepted)
    assert outcome.reason is reason
    assert outcome.detail == f"HTTP {status} enterprise authentication failed" or status == 302
    assert getattr(outcome, "after", None) == (timedelta(seconds=7) if kind is Retry else None)


@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.TIMEOUT, Reason.BROKEN])
async def test_tls_that_fails_and_answers_that_never_come_are_everybodys(reason: Reason) -> None:
    wire = FakeWire(WireError(reason, "无法建立连接"), media={POSTER.sha256: POSTER_BYTES})
    outcomes = await VNNOX.send_all(with_poster(), sends("led-1", "led-2"), now=NOW, wire=wire)
    assert [(type(one), one.reason) for one in outcomes if not isinstance(one, Accepted)] == [(Retry, reason)] * 2


async def test_one_call_and_an_outcome_for_each_player() -> None:
    body = '{"success":["c","a"],"fail":["b"]}'
    wire = FakeWire(reply(200, body), media={POSTER.sha256: POSTER_BYTES})
    outcomes = await VNNOX.send_all(with_poster(), sends("a", "b", "c", "d", "a"), now=NOW, wire=wire)
    (call,) = wire.calls
    assert json.loads(call.body)["playerIds"] == ["a", "b", "c", "d"], "a player is named once"
    kinds = [type(one) if isinstance(one, Accepted) else one.reason for one in outcomes]
    assert kinds == [Accepted, Reason.UNREACHABLE, Accepted, Reason.UNINTELLIGIBLE, Accepted]


def test_who_shares_a_call() -> None:
    assert VNNOX.group(settings("a")) == VNNOX.group(settings("b", notice_url=NOTICE_URL))
    for other in ({"app_key": "x"}, {"app_secret": "y"}, {"url": "https://open-eu.vnnox.com"}, {"font_size": 20}):
        assert VNNOX.group(settings("a")) != VNNOX.group(settings("a", **other))
    assert LED_SECRET not in repr(VNNOX.group(settings()))


async def test_a_hundred_players_are_one_call_that_the_far_end_takes() -> None:
    wire = CloudWire()
    names = [f"p{index}" for index in range(VNNOX.most)]
    outcomes = await VNNOX.send_all(with_poster(), sends(*names), now=NOW, wire=wire)
    assert len(wire.calls) == 1
    assert {one.reason for one in outcomes if not isinstance(one, Accepted)} == {Reason.UNREACHABLE}, "406 otherwise"


# ── Tending ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def published(wire: CloudWire, notice: Any = PUBLISH, player: str = "led-1", prior: str | None = None) -> str:
    outcome = await VNNOX.send(
        with_poster(notice), settings(player), key=f"dlv_{notice.number}", prior=prior, now=wire.now, wire=wire
    )
    assert isinstance(outcome, Accepted), outcome
    assert outcome.reference is not None
    assert len(outcome.reference) <= 200
    await wire.led.settle()
    return outcome.reference


async def tended(wire: CloudWire, notice: Any, reference: str | None, **changes: Any) -> None:
    at = settings(**changes)
    assert await VNNOX.tend(with_poster(notice), at, key="dlv_9", reference=reference, now=wire.now, wire=wire) == ()
    await wire.led.settle()


def seen(wire: CloudWire, player: str = "led-1") -> str | None:
    shown = wire.led.showing(player)
    return shown["name"] if shown else None


async def test_a_screen_that_nobody_can_reach_falls_back_by_itself() -> None:
    wire = CloudWire()
    reference = await published(wire)
    wire.led.players["led-1"].online = False
    wire.now += LAPSES - timedelta(minutes=1)
    assert seen(wire) == "紧急寻人 HJ-2026-000123/1"
    with pytest.raises(WireError, match="unreachable"):
        await tended(wire, PUBLISH, reference)
    wire.now += timedelta(minutes=1)
    assert seen(wire) is None


async def test_it_is_up_as_long_as_it_is_tended_with_two_misses_in_between() -> None:
    wire = CloudWire()
    reference = await published(wire)
    for _ in range(30):
        wire.now += timedelta(minutes=20)
        assert seen(wire) == "紧急寻人 HJ-2026-000123/1"
        await tended(wire, PUBLISH, reference)
    wire.now += timedelta(minutes=59)
    assert seen(wire) == "紧急寻人 HJ-2026-000123/1"


async def test_a_cancellation_clears_the_screen_and_tending_brings_the_live_one_back() -> None:
    wire, other = CloudWire(), replace(PUBLISH, alert="HJ-2026-000124")
    ended = await published(wire)
    live = await published(wire, other)
    await published(wire, replace(RETRACT, alert=PUBLISH.alert), prior=ended)
    assert seen(wire) is None, "the cloud knows no programmes, only players"
    await tended(wire, other, live)
    assert seen(wire) == "紧急寻人 HJ-2026-000124/1"


async def test_nothing_is_inserted_after_the_alert_ends() -> None:
    wire = CloudWire()
    reference = await published(wire)
    wire.now = PUBLISH.expires_at
    before = len(wire.calls)
    await tended(wire, PUBLISH, reference, notice_url=NOTICE_URL)
    assert len(wire.calls) == before
    await tended(wire, RETRACT, reference)
    assert len(wire.calls) == before


def verbs(wire: CloudWire, since: int = 0) -> list[str]:
    return [path.rpartition("/")[2] for path in wire.paths()[since:]]


async def looked(wire: CloudWire, reference: str, later: timedelta, **changes: Any) -> list[Any]:
    """What the look says that is made so long after the end."""
    wire.now = NOW + later
    said = await VNNOX.tend(
        with_poster(RETRACT), settings(**changes), key="dlv_9", reference=reference, now=wire.now, wire=wire
    )
    await wire.led.settle()
    return list(said)


@pytest.mark.parametrize("seconds", [3, 60, 120])
async def test_an_insertion_that_takes_effect_after_the_end_is_cancelled_again(seconds: int) -> None:
    """The far end knows no numbers of notices: what it was sent last is on the screen."""
    wire = CloudWire()
    ended = await published(wire, RETRACT, prior=await published(wire))
    await published(wire)
    assert seen(wire) == "紧急寻人 HJ-2026-000123/1"
    assert await looked(wire, ended, timedelta(seconds=seconds)) == [Cleared()]
    assert seen(wire) is None


async def test_it_is_cancelled_again_a_few_times_and_photographed_longer() -> None:
    """Each cancellation clears what else is live there, and the account bears so many calls."""
    wire = CloudWire()
    ended, before = await published(wire, RETRACT, prior=await published(wire)), len(wire.calls)
    for later in (3, 60, 120, 180, 600):
        await looked(wire, ended, timedelta(seconds=later), notice_url=NOTICE_URL)
    assert verbs(wire, before) == ["screen-capture", "cancel"] * 3 + ["screen-capture"] * 2
    assert await looked(wire, ended, timedelta(minutes=20), notice_url=NOTICE_URL) == []
    assert len(wire.calls) == before + 8


async def test_what_may_have_cleared_the_screen_says_so() -> None:
    """No answer is no sign that nothing happened, and a screenshot that cannot be had keeps nothing up."""
    wire = CloudWire()
    ended = await published(wire, RETRACT, prior=await published(wire))
    for lost in (1, 2):
        await published(wire)
        wire.lose_nth(lost)
        assert await looked(wire, ended, timedelta(seconds=3), notice_url=NOTICE_URL) == [Cleared()]
        assert seen(wire) is None


async def test_an_update_takes_the_place_of_the_first() -> None:
    wire = CloudWire()
    await published(wire, UPDATE, prior=await published(wire))
    assert seen(wire) == "更新寻人信息 HJ-2026-000123/2"


async def test_screenshots_are_asked_for_while_they_prove_something() -> None:
    wire = CloudWire()
    reference = await published(wire)
    for minutes, captures in ((1, 1), (13, 1), (20, 0)):
        wire.now, before = NOW + timedelta(minutes=minutes), len(wire.calls)
        await tended(wire, PUBLISH, reference, notice_url=NOTICE_URL)
        paths = [path.rpartition("/")[2] for path in wire.paths()[before:]]
        assert paths == ["screen-capture"] * captures + ["page"]


async def test_a_screenshot_that_cannot_be_had_does_not_keep_the_page_from_being_renewed() -> None:
    wire = FakeWire(reply(429), reply(200, '{"success":["led-1"],"fail":[]}'), media={POSTER.sha256: POSTER_BYTES})
    said = await VNNOX.tend(
        with_poster(), settings(notice_url=NOTICE_URL), key="dlv_9", reference=f"{int(NOW.timestamp())} -", now=NOW, wire=wire
    )  # fmt: skip
    assert said == ()
    assert [call.url.rpartition("/")[2] for call in wire.calls] == ["screen-capture", "page"]
    after = replace(RETRACT, expires_at=NOW + timedelta(hours=1))
    with pytest.raises(WireError, match="throttled"):
        await VNNOX.tend(
            with_poster(after), settings(notice_url=NOTICE_URL), key="dlv_9", reference=f"{int(NOW.timestamp())} -",
            now=NOW + timedelta(minutes=5), wire=FakeWire(reply(429)),
        )  # fmt: skip


@pytest.mark.parametrize("reference", [None, "", "playout-20261123-0042", "9" * 40, "١٢٣ -", "1795417446 a/b?c"])
async def test_a_reference_that_is_not_ours_still_renews(reference: str | None) -> None:
    wire = CloudWire()
    await tended(wire, PUBLISH, reference, notice_url=NOTICE_URL)
    assert seen(wire) == "紧急寻人 HJ-2026-000123/1"
    assert all(url == f"{NOTICE_URL}/up/-/dlv_9" for url, _ in wire.told)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "https://open-cn.vnnox.com/?a=1"),
        ("app_key", "a b"),
        ("app_secret", ""),
        ("app_secret", "密钥"),
        ("player", ""),
        ("player", "屏"),
        ("notice_url", "huijia.example/in/17"),
        ("font_size", 3),
    ],
)
def test_settings_that_will_not_do(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        settings(**{field: value})
