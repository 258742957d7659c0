"""Who is told says so: anything else is no telling."""

from datetime import timedelta

import orjson
import pytest

from app.dispatch.alarm import alarm
from channels.contract import Reason, Reply, WireError
from tests.channels.wire import FakeWire, reply

URL = "http://duty.test/alarm?token=secret-token"
LIMIT = timedelta(seconds=8)


@pytest.mark.parametrize("body", ["", "ok", '{"errcode":0,"errmsg":"ok"}', '{"id":7}', "[1]"])
async def test_taken(body: str) -> None:
    wire = FakeWire(reply(201, body))
    assert await alarm(wire, URL, "回家平台告警：试一试", LIMIT) is None
    (call,) = wire.calls
    assert orjson.loads(call.body) == {"msgtype": "text", "text": {"content": "回家平台告警：试一试"}}
    assert call.timeout == LIMIT


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (reply(200, '{"errcode":310000,"errmsg":"keywords not in content"}'), "errcode 310000"),
        (reply(200, '\ufeff{"errcode":300001,"errmsg":"token is not exist"}'), "errcode 300001"),
        (reply(200, '{"errcode":130101,"errmsg":"send too fast"}'), "errcode 130101"),
        (reply(302), "HTTP 302"),
        (reply(500, '{"errcode":0}'), "HTTP 500"),
        (WireError(Reason.TIMEOUT), "timeout"),
        (RuntimeError("a bug"), "a fault of ours"),
    ],
)
async def test_not_taken(answer: Reply | Exception, why: str, caplog: pytest.LogCaptureFixture) -> None:
    assert await alarm(FakeWire(answer), URL, "x", LIMIT) == why
    assert "secret-token" not in caplog.text
