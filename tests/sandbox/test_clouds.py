"""The clouds: how strict they are, what the public sees there, and how they misbehave. Every call is made by hand."""

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from sandbox import roster
from sandbox.outlets import CLOUDS
from sandbox.town import CHINA
from tests.sandbox.stage import Stage, stage

INSERT, CANCEL = "/led/v2/player/emergency-program/page", "/led/v2/player/emergency-program/cancel"
CAPTURE = "/led/v2/player/real-time-control/screen-capture"
GIVEN = {outlet.carrier: outlet for outlet in CLOUDS}


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as here:
        yield here


def picture(shade: str = "red") -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 36), shade).save(out, "PNG")
    return out.getvalue()


# ── The LED cloud ───────────────────────────────────────────────────────────────────────────────────────────────────


def page(body: bytes | None = None, **changes: Any) -> dict[str, Any]:
    body = picture() if body is None else body
    widget = {
        "type": "PICTURE",
        "url": "http://huijia/media/1.png",
        "md5": hashlib.md5(body).hexdigest(),
        "size": len(body),
        "duration": 60_000,
        "layout": {"x": "0%", "y": "0%", "width": "100%", "height": "100%"},
    }
    return {
        "playerIds": ["led-1"],
        "attribute": {"spotsType": "IMMEDIATELY", "normalProgramStatus": "PAUSE", "duration": 60_000},
        "page": {"name": "【演练】紧急寻人 HJ-2026-000123/2", "widgets": [widget | changes]},
    }


def led_headers(here: Stage, **changes: str) -> dict[str, str]:
    nonce, now = secrets.token_hex(8), str(int(time.time()))
    cloud = here.town.clouds.led
    signed = hashlib.sha256((cloud.secret + nonce + now).encode()).hexdigest()
    return {"AppKey": cloud.key, "Nonce": nonce, "CurTime": now, "CheckSum": signed} | changes


async def led(here: Stage, path: str, body: Any, **changes: str) -> httpx.Response:
    answer = await here.client.post(path, json=body, headers=led_headers(here, **changes))
    await here.town.clouds.led.settle()
    return answer


def hosting(here: Stage, body: bytes | None) -> None:
    async def fetch(url: str) -> bytes | None:
        assert url == "http://huijia/media/1.png"
        return body

    here.town.clouds.led.fetch = fetch


async def test_a_page_is_seen_once_its_picture_is_there_and_until_it_ends(at: Stage) -> None:
    hosting(at, picture())
    assert (await led(at, INSERT, page())).json() == {"success": ["led-1"], "fail": []}
    (shown,) = (await at.now("led-1"))["showing"]
    assert (shown["alert"], shown["number"], shown["status"]) == ("HJ-2026-000123", 2, "exercise")
    assert shown["media"] == [{"role": "poster", "url": "http://huijia/media/1.png"}]
    assert (await at.now("led-2"))["showing"] == []
    at.town.clouds.led.clock = lambda: datetime.now(CHINA) + timedelta(minutes=2)
    assert (await at.now("led-1"))["showing"] == []


@pytest.mark.parametrize("body", [None, b"", picture("blue")])
async def test_a_picture_that_is_not_the_one_announced_is_not_shown(at: Stage, body: bytes | None) -> None:
    hosting(at, body)
    assert (await led(at, INSERT, page())).status_code == 200, "it was sent to the player all the same"
    assert (await at.now("led-1"))["showing"] == []
    assert at.town.clouds.led.players["led-1"].complaint


async def test_a_cancellation_clears_the_player_whatever_is_on_it(at: Stage) -> None:
    hosting(at, picture())
    await led(at, INSERT, page() | {"playerIds": ["led-1", "led-2"]})
    assert (await led(at, CANCEL, {"playerIds": ["led-1", "nobody"]})).json() == {
        "success": ["led-1"],
        "fail": ["nobody"],
    }
    assert (await at.now("led-1"))["showing"] == []
    assert len((await at.now("led-2"))["showing"]) == 1


@pytest.mark.parametrize(
    "headers",
    [{"CheckSum": "0" * 64}, {"Nonce": ""}, {"CurTime": "1"}, {"CurTime": "now"}, {"AppKey": "another"}],
)
async def test_only_signed_calls(at: Stage, headers: dict[str, str]) -> None:
    assert (await led(at, CANCEL, {"playerIds": ["led-1"]}, **headers)).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        page() | {"playerIds": []},
        page() | {"playerIds": ["led-1", "led-1"]},
        page() | {"playerIds": [f"p{index}" for index in range(101)]},
        page() | {"playerIds": "led-1"},
        page() | {"page": [page()["page"]]},
        page() | {"attribute": {"spotsType": "NOW", "normalProgramStatus": "PAUSE", "duration": 1}},
        page() | {"attribute": {"spotsType": "TIMING", "normalProgramStatus": "PAUSE", "duration": 1}},
        page() | {"attribute": {"spotsType": "IMMEDIATELY", "normalProgramStatus": "PAUSE", "duration": 86_400_001}},
        page(type="HTML"),
        page(md5="ABC"),
        page(size=0),
        page(size="25943"),
        page(url="file:///etc/passwd"),
        page(duration=None),
        page(layout={"x": 0, "y": 0, "width": 100, "height": 100}),
        page(type="ARCH_TEXT", lines="text"),
    ],
)
async def test_a_page_that_breaks_a_rule_is_not_acceptable(at: Stage, wrong: Any) -> None:
    assert (await led(at, INSERT, wrong)).status_code == 406
    assert (await at.now("led-1"))["showing"] == []


async def test_a_screenshot_is_told_to_the_notice_url_again_until_it_is_answered_ok(at: Stage) -> None:
    told: list[dict[str, Any]] = []

    async def tell(url: str, said: dict[str, Any]) -> str:
        assert url == "http://huijia/in/1/t"
        told.append(said)
        return "ok" if len(told) == 2 else ""

    at.town.clouds.led.tell = tell
    hosting(at, picture())
    await led(at, INSERT, page())
    assert (await led(at, CAPTURE, {"playerIds": ["led-1"]})).status_code == 406, "noticeUrl is required"
    await led(at, CAPTURE, {"playerIds": ["led-1"], "noticeUrl": "http://huijia/in/1/t"})
    assert len(told) == 2
    assert set(told[0]) == {"playerId", "playerTime", "screenShotUrl"}
    path = told[0]["screenShotUrl"].removeprefix("http://127.0.0.1:8100")
    whole = await at.client.get(path)
    part = await at.client.get(path, headers={"range": "bytes=0-99"})
    assert (part.status_code, part.content) == (206, whole.content[:100])
    assert part.headers["content-range"] == f"bytes 0-99/{len(whole.content)}"
    with Image.open(BytesIO(whole.content)) as image:
        red, green, blue = image.convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert red > 200 > green + blue


# ── The signage CMS ─────────────────────────────────────────────────────────────────────────────────────────────────


async def token(here: Stage, **changes: str) -> httpx.Response:
    given = roster.settings(GIVEN["xibo"], here.state)
    form = {
        "grant_type": "client_credentials",
        "client_id": given["client_id"],
        "client_secret": given["client_secret"],
    }
    return await here.client.post("/signage/api/authorize/access_token", data=form | changes)


async def cms(here: Stage, method: str, path: str, **rest: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {(await token(here)).json()['access_token']}"}
    return await here.client.request(method, f"/signage/api/{path}", headers=headers, **rest)


def clock(minutes: int) -> str:
    return f"{datetime.now(CHINA) + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"


def event(campaign: int, **changes: Any) -> dict[str, Any]:
    return {
        "eventTypeId": 4,
        "campaignId": campaign,
        "name": "紧急寻人 HJ-2026-000123/1 L1 M1",
        "shareOfVoice": 3600,
        "displayGroupIds[]": 42,
        "fromDt": clock(-5),
        "toDt": clock(5),
    } | changes


async def put_up(here: Stage) -> tuple[int, int, int]:
    """Picture, campaign and event."""
    sent = await cms(here, "POST", "library", data={"name": "a"}, files={"files[]": ("a.png", picture(), "image/png")})
    media = sent.json()["files"][0]["mediaId"]
    layout = (await cms(here, "POST", "layout/fullscreen", data={"id": media, "type": "media"})).json()
    made = await cms(here, "POST", "schedule", data=event(layout["campaignId"]))
    assert made.status_code == 201
    return media, layout["campaignId"], made.json()["eventId"]


async def test_what_is_scheduled_is_seen_and_counted_and_what_is_deleted_is_not(at: Stage) -> None:
    media, campaign, number = await put_up(at)
    (shown,) = (await at.now("signage-1"))["showing"]
    assert (shown["alert"], shown["status"]) == ("HJ-2026-000123", "actual")
    poster = await at.client.get(shown["media"][0]["url"].removeprefix("http://127.0.0.1:8100"))
    assert poster.content == picture()
    stats = await cms(
        at, "GET", "stats", params={"type": "layout", "campaignId": campaign, "fromDt": clock(-9), "toDt": clock(9)}
    )
    assert {row["displayId"] for row in stats.json()} == {1, 2}
    assert (await cms(at, "DELETE", f"library/{media}")).status_code == 422, "in use"
    assert (await cms(at, "DELETE", f"schedule/{number}")).status_code == 204
    assert (await cms(at, "DELETE", f"schedule/{number}")).status_code == 404
    assert (await at.now("signage-1"))["showing"] == []
    assert (await cms(at, "DELETE", f"library/{media}", params={"forceDelete": 1})).status_code == 204
    assert (await at.client.get(shown["media"][0]["url"].removeprefix("http://127.0.0.1:8100"))).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"eventTypeId": 1},
        {"campaignId": 1},
        {"campaignId": "none"},
        {"shareOfVoice": 0},
        {"shareOfVoice": 3601},
        {"displayGroupIds[]": 43},
        {"toDt": clock(-6)},
        {"toDt": "2026-11-23T15:04:05+08:00"},
        {"fromDt": ""},
    ],
)
async def test_an_event_that_breaks_a_rule_is_refused(at: Stage, wrong: dict[str, Any]) -> None:
    _, campaign, number = await put_up(at)
    said = await cms(at, "PUT", f"schedule/{number}", data=event(campaign, **wrong))
    assert said.status_code == 422
    assert said.json()["error"]["code"] == 422


async def test_a_put_that_is_no_form_brings_nothing(at: Stage) -> None:
    _, campaign, number = await put_up(at)
    assert (await cms(at, "PUT", f"schedule/{number}", json=event(campaign))).status_code == 422


async def test_strangers_are_told_so(at: Stage) -> None:
    assert (await token(at, client_secret="x")).status_code == 401
    assert (await token(at, grant_type="password")).status_code == 400
    assert (await at.client.get("/signage/api/schedule", headers={"authorization": "Bearer x"})).status_code == 401
    assert (await at.client.get("/signage/api/schedule")).status_code == 401


# ── The chat ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def chat_token(here: Stage) -> str:
    given = roster.settings(GIVEN["dingtalk_app"], here.state)
    said = await here.client.post(
        "/dingtalk/v1.0/oauth2/accessToken", json={"appKey": given["app_key"], "appSecret": given["app_secret"]}
    )
    assert said.json()["expireIn"] == 7200
    return str(said.json()["accessToken"])


async def chat(here: Stage, verb: str, **changes: Any) -> httpx.Response:
    given = roster.settings(GIVEN["dingtalk_app"], here.state)
    body = {"robotCode": given["robot_code"], "openConversationId": given["conversation"]} | changes
    headers = {"x-acs-dingtalk-access-token": await chat_token(here)}
    return await here.client.post(f"/dingtalk/v1.0/robot/groupMessages/{verb}", json=body, headers=headers)


CARD = {
    "title": "【测试】紧急寻人",
    "text": "编号HJ-2026-000123",
    "singleTitle": "看",
    "singleURL": "http://huijia/p/1",
}


async def test_a_message_is_read_and_recalled_without_a_trace(at: Stage) -> None:
    said = await chat(at, "send", msgKey="sampleActionCard", msgParam=json.dumps(CARD))
    key = said.json()["processQueryKey"]
    (shown,) = (await at.now("dingtalk-2"))["messages"]
    assert (shown["alert"], shown["status"], shown["links"]) == (
        "HJ-2026-000123",
        "test",
        [["看", "http://huijia/p/1"]],
    )
    assert (await chat(at, "query", processQueryKey=key)).json()["readUserIds"] == []
    at.town.clouds.chat.read_by("user0101")
    assert (await chat(at, "query", processQueryKey=key)).json()["readUserIds"] == ["user0101"]
    recalled = await chat(at, "recall", processQueryKeys=[key, "none"])
    assert recalled.json() == {"successResult": [key], "failedResult": {"none": "消息不存在"}}
    assert (await at.now("dingtalk-2"))["messages"] == []
    assert (await chat(at, "query", processQueryKey=key)).json()["sendStatus"] == "RECALLED"
    assert (await chat(at, "recall", processQueryKeys=[key])).json()["failedResult"] == {key: "消息已撤回"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"msgKey": "actionCard"}, "invalidParameter.msgKey.invalid"),
        ({"msgParam": CARD}, "invalidParameter.msgParam.invalid"),
        ({"msgParam": "{"}, "invalidParameter.msgParam.invalid"),
        ({"msgParam": json.dumps(CARD | {"singleURL": ""})}, "invalidParameter.msgParam.invalid"),
        (
            {"msgParam": json.dumps(CARD | {"text": "字" * 5001}, ensure_ascii=False)},
            "invalidParameter.msgParam.invalid",
        ),
        ({"robotCode": "x"}, "invalidParameter.robotCode.notExsit"),
        ({"openConversationId": "x"}, "invalid.openConversationId"),
    ],
)
async def test_a_message_that_breaks_a_rule_is_refused(at: Stage, changes: dict[str, Any], code: str) -> None:
    said = await chat(at, "send", **({"msgKey": "sampleActionCard", "msgParam": json.dumps(CARD)} | changes))
    assert (said.status_code, said.json()["code"]) == (400, code)
    assert (await at.now("dingtalk-2"))["messages"] == []


async def test_twenty_calls_in_a_second_and_no_more(at: Stage) -> None:
    value = {"x-acs-dingtalk-access-token": await chat_token(at)}
    calls = [at.client.post("/dingtalk/v1.0/robot/groupMessages/query", json={}, headers=value) for _ in range(21)]
    statuses = [answer.status_code for answer in await asyncio.gather(*calls)]
    assert statuses.count(403) == 1
    stranger = {"x-acs-dingtalk-access-token": "x"}
    said = await at.client.post("/dingtalk/v1.0/robot/groupMessages/query", json={}, headers=stranger)
    assert (said.status_code, said.json()["code"]) == (401, "InvalidAuthentication")


# ── All of them ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("slug", ["led-1", "signage-1", "dingtalk-2"])
@pytest.mark.parametrize(("mode", "status"), [("down", 503), ("lying", 200), ("flaky", 500)])
async def test_they_misbehave_on_request_and_nothing_is_shown(at: Stage, slug: str, mode: str, status: int) -> None:
    assert (await at.turn(slug, mode)).json() == {"mode": mode, "changed": [slug]}
    hosting(at, picture())
    calls = {
        "led-1": ("/led/v2/player/emergency-program/page", page(), led_headers(at)),
        "signage-1": ("/signage/api/schedule", {}, {}),
        "dingtalk-2": ("/dingtalk/v1.0/robot/groupMessages/send", {}, {}),
    }
    path, body, headers = calls[slug]
    said = await at.client.post(path, json=body, headers=headers)
    assert said.status_code == status
    if mode == "lying":
        assert said.json() in (
            {"success": [], "fail": ["led-1"]},
            {"grid": False, "success": False, "error": {"message": "Access Denied", "code": 403, "data": {}}},
            {"code": "bot.stopped", "message": "群机器人已经停用", "requestid": "0"},
        )
    assert (await at.now(slug))["showing"] == []


async def test_a_reset_leaves_nothing_anywhere(at: Stage) -> None:
    hosting(at, picture())
    await led(at, INSERT, page())
    await put_up(at)
    await chat(at, "send", msgKey="sampleActionCard", msgParam=json.dumps(CARD))
    await at.client.post("/reset")
    for slug in ("led-1", "signage-1", "dingtalk-2"):
        here = await at.now(slug)
        assert (here["showing"], here["messages"]) == ([], [])


async def test_what_can_be_watched_holds_no_secret(at: Stage) -> None:
    text = (await at.client.get("/now")).text
    assert not any(secret in text for secret in at.state.secrets.values())
