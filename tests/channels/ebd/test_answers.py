"""The wrong answers, one by one, and what each of them is taken for."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
import uvicorn

from channels.carriers.ebd import carrier as carriers
from channels.carriers.ebd.carrier import Ebd
from channels.carriers.ebd.heartbeat import beat
from channels.contract import Accepted, Outcome, Reason, Refused, Reply, Retry
from sandbox.ebd.answers import Voice
from sandbox.ebd.manners import Manner
from sandbox.ebd.platform import Platform
from sandbox.ebd.server import Post, create_app
from sandbox.serving import server
from tests.channels.ebd.stage import (
    AT_ONCE,
    OUR_KEYS,
    THEIR_KEYS,
    ReachingWire,
    Stage,
    carried,
    identity,
    settings,
    signed,
    stage,
)
from tests.channels.ebd.test_hostile import DOCUMENTS, TARS, tar
from tests.channels.notices import NOW, PUBLISH, UPDATE
from tests.channels.wire import FakeWire, reply

VOICE = Voice(Platform(identity()))
FIRST = "10261000000000001030101990000000000000001"
MEANS: list[tuple[int, type[Outcome], Reason | None, str]] = [
    (0, Accepted, None, ""),
    (1, Accepted, None, ""),
    (2, Refused, Reason.REJECTED, "答复 2 接收解析失败"),
    (3, Refused, Reason.REJECTED, "答复 3 数据内容缺失"),
    (4, Refused, Reason.BAD_CREDENTIALS, "答复 4 签名验证失败"),
    (5, Retry, Reason.SERVER_ERROR, "答复 5 其它错误"),
]


async def met(answer: Reply | bytes) -> Outcome:
    wire = FakeWire(reply(200, answer) if isinstance(answer, bytes) else answer)
    return await Ebd().send(carried(PUBLISH), settings(), key="dlv_1", prior=None, now=NOW, wire=wire)


@pytest.mark.parametrize(("code", "kind", "reason", "says"), MEANS)
@pytest.mark.parametrize("status", [200, 201, 299])
async def test_every_code(code: int, kind: type[Outcome], reason: Reason | None, says: str, status: int) -> None:
    _, body = VOICE.response(code, "平台说明", FIRST, NOW)
    outcome = await met(Reply(status, {}, body))
    assert isinstance(outcome, kind)
    if not isinstance(outcome, Accepted):
        assert outcome.reason is reason
        assert outcome.detail == f"{says}：平台说明"


@pytest.mark.parametrize(
    "code", ["", "6", "-1", "01", "一", "1 1", "200", "</ResultCode><ResultCode>1"], ids=lambda code: f"<{code}>"
)
async def test_a_code_that_nobody_knows_is_no_yes(code: str) -> None:
    ebdid, body = VOICE.response(1, "", FIRST, NOW)
    business = carriers_business(body).replace(b"<ResultCode>1<", f"<ResultCode>{code}<".encode())
    outcome = await met(tar((f"EBDB_{ebdid}.xml", business)))
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.UNINTELLIGIBLE


def carriers_business(body: bytes) -> bytes:
    start = body.index(b"<?xml")
    return body[start : body.index(b"</EBD>") + 6]


@pytest.mark.parametrize("name", TARS)
async def test_a_200_with_a_bad_tar_is_no_yes(name: str) -> None:
    outcome = await met(TARS[name])
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.UNINTELLIGIBLE


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_200_with_a_bad_document_is_no_yes(name: str) -> None:
    outcome = await met(tar(("EBDB_1.xml", DOCUMENTS[name])))
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.UNINTELLIGIBLE


async def test_another_kind_of_packet_is_no_yes() -> None:
    for _, body in (VOICE.heartbeat(NOW), VOICE.log(NOW)):
        outcome = await met(body)
        assert isinstance(outcome, Retry)
        assert outcome.reason is Reason.UNINTELLIGIBLE


async def test_the_answer_to_another_packet_is_no_yes() -> None:
    _, body = VOICE.response(1, "", FIRST[:-1] + "2", NOW)
    outcome = await met(body)
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.UNINTELLIGIBLE
    _, body = VOICE.response(1, "", "", NOW)
    assert isinstance(await met(body), Accepted), "one that names none can only be about this one"


@pytest.mark.parametrize(
    ("keys", "says"),
    [(None, "缺少签名文件"), (OUR_KEYS, "签名验证失败"), (THEIR_KEYS, "")],
    ids=["none", "other", "theirs"],
)
async def test_an_answer_that_should_be_signed(keys: object, says: str) -> None:
    voice = Voice(Platform(replace(identity(), keys=keys)))  # type: ignore[arg-type]  # Keys or None
    _, body = voice.response(1, "", FIRST, NOW)
    wire = FakeWire(reply(200, body))
    outcome = await Ebd().send(carried(PUBLISH), signed(), key="dlv_1", prior=None, now=NOW, wire=wire)
    if says:
        assert isinstance(outcome, Retry)
        assert says in outcome.detail
    else:
        assert isinstance(outcome, Accepted)


async def test_nothing_secret_comes_back_in_their_words() -> None:
    outlet = signed(peer_key="")
    echo = f"{outlet.url} {outlet.callback} {OUR_KEYS.private_hex} 李小明 " + "错" * 300
    for code in (2, 3, 4, 5):
        _, body = VOICE.response(code, echo, FIRST, NOW)
        wire = FakeWire(reply(200, body))
        outcome = await Ebd().send(carried(PUBLISH), outlet, key="dlv_1", prior=None, now=NOW, wire=wire)
        said = repr(outcome)
        assert not [bad for bad in ("http", "k3yinp4th7Qz", OUR_KEYS.private_hex, "李小明", "linkage") if bad in said]
        assert len(getattr(outcome, "detail", "")) <= 200


# ── The platform itself, switched to fail ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("manner", "kind", "reason", "airs"),
    [
        (Manner.OK, Accepted, None, True),
        (Manner.SLOW, Accepted, None, True),
        (Manner.DOWN, Retry, Reason.SERVER_ERROR, False),
        (Manner.REFUSE, Retry, Reason.SERVER_ERROR, False),
        (Manner.LYING, Accepted, None, False),
        (Manner.GARBAGE, Retry, Reason.UNINTELLIGIBLE, False),
        (Manner.TRUNCATED, Retry, Reason.UNINTELLIGIBLE, True),
        (Manner.STRANGER, Retry, Reason.UNINTELLIGIBLE, True),
    ],
)
async def test_every_manner(manner: Manner, kind: type[Outcome], reason: Reason | None, airs: bool) -> None:
    at = stage()
    at.post.manner, at.post.slow_seconds = manner, 0.05
    outcome = await at.send(PUBLISH, "dlv_1")
    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) is reason
    assert bool(at.on_air(1)) == airs
    at.post.manner = Manner.OK
    assert isinstance(await at.send(PUBLISH, "dlv_1"), Accepted), "and whatever it was, the next try is taken"
    assert len(at.on_air(1)) == 1


@contextlib.contextmanager
def serving(post: Post) -> Iterator[str]:
    """On a real socket: only there can a platform hang, drip or hang up."""
    listening = socket.create_server(("127.0.0.1", 0))
    running = server(create_app(post))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not running.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join(5)


@pytest.mark.parametrize(
    ("manner", "reason", "airs"),
    [(Manner.HANGING, Reason.TIMEOUT, False), (Manner.DEAF, Reason.BROKEN, True), (Manner.SLOW, Reason.TIMEOUT, True)],
)
async def test_on_a_socket(manner: Manner, reason: Reason, airs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carriers, "_WHOLE", timedelta(seconds=0.4))
    post = Post(Platform(identity(), AT_ONCE), manner=manner, slow_seconds=1.0)
    at = Stage(settings(), post, FakeWire(), NOW)  # type: ignore[arg-type]  # replaced below
    post.clock = lambda: at.now
    with serving(post) as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            at.wire = ReachingWire(client)
            began = time.monotonic()
            outcome = await at.send(PUBLISH, "dlv_1")
            assert time.monotonic() - began < 1.0
            assert isinstance(outcome, Retry), outcome
            assert outcome.reason is reason
            assert bool(at.on_air(1)) == airs


async def test_an_update_to_one_that_hangs_keeps_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carriers, "_WHOLE", timedelta(seconds=0.6))
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    asked: list[float] = []

    async def hanging(*_: object, timeout: timedelta, **__: object) -> Reply:
        asked.append(timeout.total_seconds())
        await asyncio.sleep(0)
        return reply(200, VOICE.response(5, "查找不到该EBMID", "", NOW)[1])

    monkeypatch.setattr(at.wire, "request", hanging)
    await at.send(UPDATE, "dlv_2")
    assert asked == [0.3, 0.3], "both calls together take no longer than one"


# ── The heartbeat ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("version", ["2016", "2018"])
async def test_a_heartbeat_arrives(version: str) -> None:
    at = stage(signed(version))
    assert await beat(at.settings, now=NOW, wire=at.wire) == Accepted(), at.rules()
    assert at.platform.alive_at == NOW
    at.post.manner = Manner.DOWN
    outcome = await beat(at.settings, now=NOW, wire=at.wire)
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.SERVER_ERROR


async def test_a_platform_that_does_not_know_us_says_so() -> None:
    at = stage(settings(source="26100000000000103019999"))
    outcome = await beat(at.settings, now=NOW, wire=at.wire)
    assert isinstance(outcome, Retry)
    assert "答复 5" in outcome.detail


def test_the_server_of_the_sandbox_is_uvicorn() -> None:
    assert isinstance(server(create_app(Post(Platform(identity())))), uvicorn.Server)
