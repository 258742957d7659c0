"""The robot's signature, its card, and every ``errcode`` of its published table."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from channels.carriers.dingtalk_robot import DingTalkRobot, RobotSettings
from channels.contract import Accepted, Outcome, Pace, Proves, Reason, Refused, Retracts, Retry, Status
from tests.channels.notices import NOW, PUBLISH, RETRACT, rendered
from tests.channels.wire import Call, FakeWire, reply

OK = '{"errcode":0,"errmsg":"ok"}'
TOKEN, SECRET = "4f7c1de0b5a94b1e8c3a6d2f90e7b1c8", "SEC8c0a4d7e5b3f1926"


def settings(**changes: Any) -> RobotSettings:
    return RobotSettings.model_validate({"access_token": TOKEN, "secret": SECRET, **changes})


async def sent(body: str = OK, status: int = 200, *, notice: Any = PUBLISH, **changes: Any) -> tuple[Outcome, Call]:
    wire = FakeWire(reply(status, body))
    outcome = await DingTalkRobot().send(
        rendered(notice, "dingtalk"), settings(**changes), key="dlv_9", prior=None, now=NOW, wire=wire
    )
    return outcome, wire.calls[0]


def test_what_the_wire_can_do() -> None:
    assert (DingTalkRobot.retracts, DingTalkRobot.proves) == (Retracts.FOLLOW_UP, Proves.NOTHING)
    assert DingTalkRobot.pace == Pace(20, timedelta(minutes=1), reserve=2)
    assert DingTalkRobot.timeout == timedelta(seconds=8)


async def test_the_signature_is_that_of_the_security_mode() -> None:
    _, call = await sent()
    parts = urlsplit(call.url)
    query = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://oapi.dingtalk.com/robot/send"
    assert query["access_token"] == TOKEN
    assert query["timestamp"] == "1795417446250", "milliseconds"
    expected = hmac.new(SECRET.encode(), f"1795417446250\n{SECRET}".encode(), hashlib.sha256).digest()
    assert base64.b64decode(query["sign"], validate=True) == expected
    assert "+" not in parts.query, "a bare + would be read as a blank"


async def test_a_loopback_robot_can_stand_in() -> None:
    _, call = await sent(url="http://127.0.0.1:9321/robot/send")
    assert call.url.startswith("http://127.0.0.1:9321/robot/send?access_token=")


async def test_the_card() -> None:
    _, call = await sent()
    said = json.loads(call.body)
    assert said["msgtype"] == "actionCard"
    card = said["actionCard"]
    assert set(card) == {"title", "text", "singleTitle", "singleURL"}
    assert card["title"] == "紧急寻人：李小明（男，6岁）"
    assert card["singleTitle"] == "紧急寻人：照片和最新情况"
    assert card["singleURL"] == "https://huijia.example/p/HJ-2026-000123"
    assert "huijia.example/media" not in call.body.decode()


@pytest.mark.parametrize("status", [Status.EXERCISE, Status.TEST])
async def test_a_drill_is_marked_before_the_keyword(status: Status) -> None:
    _, call = await sent(notice=replace(RETRACT, status=status), keyword="平安陕西")
    card = json.loads(call.body)["actionCard"]
    mark = "【演练】寻人结束" if status is Status.EXERCISE else "【测试】寻人结束"
    assert all(card[name].startswith(mark) for name in ("title", "text", "singleTitle"))
    assert card["text"].endswith("\n\n平安陕西")


async def test_a_keyword_that_is_said_anyway_is_not_said_twice() -> None:
    _, call = await sent(keyword="寻人")
    assert json.loads(call.body)["actionCard"]["text"] == rendered(PUBLISH, "dingtalk").texts["markdown"]


TABLE: list[tuple[int, str, type[Outcome], Reason]] = [
    (-1, "系统繁忙", Retry, Reason.SERVER_ERROR),
    (40035, "缺少参数 json", Refused, Reason.REJECTED),
    (43004, "无效的HTTP HEADER Content-Type", Refused, Reason.REJECTED),
    (400105, "不支持的消息类型", Refused, Reason.REJECTED),
    (88, "鉴权异常", Refused, Reason.BAD_CREDENTIALS),
    (300001, "token is not exist", Refused, Reason.BAD_CREDENTIALS),
    (300005, "token is not exist", Refused, Reason.BAD_CREDENTIALS),
    (400101, "access_token不存在", Refused, Reason.BAD_CREDENTIALS),
    (310000, "sign not match", Refused, Reason.BAD_CREDENTIALS),
    (310000, "ip 10.0.0.1 not in whitelist", Refused, Reason.BAD_CREDENTIALS),
    (310000, "token is not exist", Refused, Reason.BAD_CREDENTIALS),
    (310000, "", Refused, Reason.BAD_CREDENTIALS),
    (310000, "keywords not in content", Refused, Reason.BAD_CONTENT),
    (310000, "invalid timestamp", Retry, Reason.BAD_CREDENTIALS),
    (400013, "群已被解散", Refused, Reason.GONE),
    (400102, "机器人已停用", Refused, Reason.GONE),
    (400106, "机器人不存在", Refused, Reason.GONE),
    (410100, "发送速度太快而限流", Retry, Reason.THROTTLED),
    (130101, "send too fast, exceed 20 times per minute", Retry, Reason.THROTTLED),
    (302033, "send too fast", Retry, Reason.THROTTLED),
    (999999, "send too fast", Retry, Reason.THROTTLED),
    (430101, "含有不安全的外链", Refused, Reason.BAD_CONTENT),
    (430102, "含有不合适的文本", Refused, Reason.BAD_CONTENT),
    (430103, "含有不合适的图片", Refused, Reason.BAD_CONTENT),
    (430104, "含有不合适的内容", Refused, Reason.BAD_CONTENT),
    (123456, "什么都可能", Retry, Reason.UNINTELLIGIBLE),
]


@pytest.mark.parametrize(("code", "words", "kind", "reason"), TABLE)
@pytest.mark.parametrize("status", [200, 400])
async def test_the_table_of_codes(code: int, words: str, kind: type[Outcome], reason: Reason, status: int) -> None:
    outcome, _ = await sent(json.dumps({"errcode": code, "errmsg": words}), status)
    assert not isinstance(outcome, Accepted)
    assert (type(outcome), outcome.reason) == (kind, reason)
    assert str(code) in outcome.detail
    assert not isinstance(outcome, Retry) or (outcome.after is not None) == (reason is Reason.THROTTLED)


async def test_only_errcode_0_is_success() -> None:
    assert (await sent(OK))[0] == Accepted()
    assert (await sent('{"errcode":"0","errmsg":"ok"}'))[0] == Accepted()
    for body in ("", "ok", "{}", "[]", '{"errmsg":"ok"}', '{"errcode":null}', '{"errcode":false}', '{"errcode":[0]}'):
        outcome, _ = await sent(body)
        assert isinstance(outcome, Retry), body
        assert outcome.reason is Reason.UNINTELLIGIBLE


async def test_the_gateway_before_the_robot_throttles_in_its_own_words() -> None:
    outcome, _ = await sent('{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"24ce64f68ff5dc05"}')
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == (Reason.THROTTLED, timedelta(minutes=1))


async def test_a_rendition_of_another_medium_is_not_sent() -> None:
    wire = FakeWire()
    outcome = await DingTalkRobot().send(
        rendered(PUBLISH, "tv"), settings(), key="dlv_9", prior=None, now=NOW, wire=wire
    )
    assert isinstance(outcome, Refused)
    assert wire.calls == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}"),
        ("url", "oapi.dingtalk.com/robot/send"),
        ("access_token", ""),
        ("access_token", f"access_token={TOKEN}"),
        ("access_token", "令牌"),
        ("secret", " "),
        ("secret", "SEC 8c0a"),
        ("keyword", "测试"),
        ("keyword", "演练群"),
        ("keyword", "预警"),
        ("keyword", "词" * 21),
    ],
)
def test_settings_that_will_not_do(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=field) as caught:
        settings(**{field: value})
    assert TOKEN not in str(caught.value)
