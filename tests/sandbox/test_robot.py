"""The group robot: HTTP is 200 whatever happens, the errcode tells."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from sandbox.robot import Robot
from sandbox.town import CHINA
from tests.sandbox.stage import Stage, stage

NOW = datetime(2026, 11, 23, 15, 4, 5, tzinfo=CHINA)
SECRET = "SEC0123456789abcdef"
TEXT = {"msgtype": "text", "text": {"content": "紧急寻人，编号HJ-2026-000123。"}, "at": {"isAtAll": True}}


def sign(secret: str, at: datetime) -> dict[str, str]:
    stamp = str(int(at.timestamp() * 1000))
    digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return {"timestamp": stamp, "sign": base64.b64encode(digest).decode()}


def say(robot: Robot, message: Any, at: datetime = NOW, content_type: str = "application/json", **query: str) -> int:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return robot.hear(sign(SECRET, at) | query, content_type, body, at)[0]


MESSAGES: dict[str, tuple[Any, int]] = {
    "text": (TEXT, 0),
    "markdown": ({"msgtype": "markdown", "markdown": {"title": "寻人", "text": "### 寻人"}}, 0),
    "link": ({"msgtype": "link", "link": {"title": "寻人", "text": "男", "messageUrl": "https://x/", "picUrl": ""}}, 0),
    "card with one button": (
        {
            "msgtype": "actionCard",
            "actionCard": {"title": "寻人", "text": "x", "singleTitle": "查看", "singleURL": "h"},
        },
        0,
    ),
    "card with buttons": (
        {
            "msgtype": "actionCard",
            "actionCard": {"title": "a", "text": "b", "btns": [{"title": "c", "actionURL": "d"}]},
        },
        0,
    ),
    "feedCard": ({"msgtype": "feedCard", "feedCard": {"links": [{"title": "a", "messageURL": "b", "picURL": "c"}]}}, 0),
    "no JSON": (b"text=hello", 40035),
    "not UTF-8": (b"\xff\xfe", 40035),
    "not an object": ([TEXT], 40035),
    "no msgtype": ({"text": {"content": "x"}}, 400105),
    "an msgtype that is none": ({"msgtype": "voice", "voice": {}}, 400105),
    "an msgtype that is no word": ({"msgtype": ["text"]}, 400105),
    "no part": ({"msgtype": "text"}, 40035),
    "an empty text": ({"msgtype": "text", "text": {"content": " "}}, 40035),
    "markdown without a title": ({"msgtype": "markdown", "markdown": {"text": "x"}}, 40035),
    "link spelt as in feedCard": ({"msgtype": "link", "link": {"title": "a", "text": "b", "messageURL": "c"}}, 40035),
    "card without a button": ({"msgtype": "actionCard", "actionCard": {"title": "a", "text": "b"}}, 40035),
    "feedCard spelt as in link": (
        {"msgtype": "feedCard", "feedCard": {"links": [{"title": "a", "messageUrl": "b"}]}},
        40035,
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_each_kind_of_message(name: str) -> None:
    robot, (message, errcode) = Robot("token", SECRET), MESSAGES[name]
    assert say(robot, message) == errcode
    assert len(robot.chat()) == (1 if errcode == 0 else 0)


@pytest.mark.parametrize(
    ("query", "errmsg"),
    [
        ({"sign": "AAAA"}, "sign not match"),
        ({"sign": ""}, "sign not match"),
        ({"sign": "签名"}, "sign not match"),
        (sign("SECanother", NOW), "sign not match"),
        ({"timestamp": ""}, "invalid timestamp"),
        ({"timestamp": "soon"}, "invalid timestamp"),
        ({"timestamp": str(int(NOW.timestamp()))}, "invalid timestamp"),  # seconds instead of milliseconds
        (sign(SECRET, NOW - timedelta(minutes=61)), "invalid timestamp"),
        (sign(SECRET, NOW + timedelta(minutes=61)), "invalid timestamp"),
    ],
)
def test_what_is_not_signed_is_310000(query: dict[str, str], errmsg: str) -> None:
    robot = Robot("token", SECRET)
    told = robot.hear(sign(SECRET, NOW) | query, "application/json", json.dumps(TEXT).encode(), NOW)
    assert told == (310000, errmsg)
    assert robot.chat() == []


def test_a_signature_holds_for_an_hour() -> None:
    early = sign(SECRET, NOW - timedelta(minutes=59))
    assert say(Robot("token", SECRET), TEXT, NOW, **early) == 0


def test_only_json_is_read() -> None:
    robot = Robot("token", SECRET)
    assert say(robot, TEXT, content_type="text/plain") == 43004
    assert say(robot, TEXT, content_type="application/json; charset=utf-8") == 0


def test_more_than_twenty_a_minute_are_blocked_for_ten_minutes() -> None:
    robot = Robot("token", SECRET)
    assert [say(robot, TEXT, NOW + timedelta(seconds=second)) for second in range(20)] == [0] * 20
    assert say(robot, TEXT, NOW + timedelta(seconds=30)) == 130101
    assert say(robot, TEXT, NOW + timedelta(minutes=10, seconds=29)) == 130101
    assert say(robot, TEXT, NOW + timedelta(minutes=10, seconds=30)) == 0
    assert len(robot.chat()) == 21


def test_twenty_a_minute_may_go_on_for_ever() -> None:
    robot = Robot("token", SECRET)
    assert {say(robot, TEXT, NOW + timedelta(seconds=3 * each)) for each in range(100)} == {0}


def test_a_bubble_tells_what_it_is() -> None:
    robot = Robot("token", SECRET)
    say(robot, TEXT)
    say(robot, {"msgtype": "markdown", "markdown": {"title": "【演练】寻人", "text": "【演练】x"}})
    say(robot, {"msgtype": "text", "text": {"content": "【测试】x"}})
    assert [(one["status"], one["alert"], one["everyone"]) for one in robot.chat()] == [
        ("actual", "HJ-2026-000123", True),
        ("exercise", None, False),
        ("test", None, False),
    ]


async def call(at: Stage, message: Any, token: str | None = None) -> Any:
    """As a sender would, the sign percent-encoded by hand."""
    robot = at.town.sites["dingtalk-1"].robot
    assert robot is not None
    signature = sign(robot._secret, datetime.now(CHINA))
    query = f"timestamp={signature['timestamp']}&sign={quote_plus(signature['sign'])}"
    reply = await at.client.post(f"/robot/send?access_token={token or robot.token}&{query}", json=message)
    assert reply.status_code == 200
    return reply.json()


async def test_a_correction_is_a_second_bubble(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        correction = {"msgtype": "text", "text": {"content": "更正 HJ-2026-000123"}}
        assert await call(at, TEXT) == {"errcode": 0, "errmsg": "ok"}
        assert await call(at, correction) == {"errcode": 0, "errmsg": "ok"}
        assert [one["text"] for one in (await at.now("dingtalk-1"))["messages"]] == [
            "紧急寻人，编号HJ-2026-000123。",
            "更正 HJ-2026-000123",
        ]
        assert [(one["verdict"], one["alert"]) for one in await at.calls()] == [("shown", "HJ-2026-000123")] * 2


async def test_an_unknown_token_is_400101(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        assert (await call(at, TEXT, token="0" * 64))["errcode"] == 400101
        assert (await at.client.post("/robot/send")).json()["errcode"] == 400101
        assert (await at.now("dingtalk-1"))["messages"] == []
        assert [(one["verdict"], one["note"]) for one in await at.calls()] == [("refused", "errcode 400101")] * 2


async def test_a_robot_can_lie_and_be_down(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        await at.turn("dingtalk-1", "lying")
        assert await call(at, TEXT) == {"errcode": 310000, "errmsg": "sign not match"}
        await at.turn("dingtalk-1", "down")
        robot = at.town.sites["dingtalk-1"].robot
        assert robot is not None
        assert (await at.client.post(f"/robot/send?access_token={robot.token}")).status_code == 503
        assert robot.chat() == []
        assert [one["fault"] for one in await at.calls()] == ["lying", "down"]


async def test_reset_empties_the_chat_and_lifts_the_block(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        answers = [(await call(at, TEXT))["errcode"] for _ in range(22)]
        assert answers == [0] * 20 + [130101] * 2
        await at.client.post("/reset")
        assert (await at.now("dingtalk-1"))["messages"] == []
        assert (await call(at, TEXT))["errcode"] == 0
