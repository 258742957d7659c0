"""Our receiving address: every call is answered with a packet, and only the platform's own words are evidence."""

import asyncio
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.carriers.ebd.carrier import Ebd
from channels.contract import Accepted, Call, Echo, Heard
from sandbox.ebd.answers import Voice
from sandbox.ebd.caller import Caller
from sandbox.ebd.packet import element, opened, written
from sandbox.ebd.platform import Platform
from sandbox.ebd.server import Post
from tests.channels.ebd import stage as stages
from tests.channels.ebd.stage import AT_ONCE, CALLBACK, OUR_KEYS, THEIR_KEYS, Stage, identity, signed, stage
from tests.channels.ebd.test_evidence import kinds, said
from tests.channels.ebd.test_hostile import BUSINESS, DOCUMENTS, TARS, tar
from tests.channels.notices import NOW, PUBLISH, RETRACT
from tests.channels.wire import FakeWire

END = replace(RETRACT, number=2, ends=(1,))
RAW = {"content-type": "application/octet-stream"}
VOICE = Voice(Platform(identity()))


async def call(body: bytes, headers: dict[str, str] | None = None, *, outlet: object = None) -> Heard:
    to = outlet or stages.settings()
    return await Ebd().hear(to, Call("POST", "ebd", headers or RAW, body), now=NOW, wire=FakeWire())  # type: ignore[arg-type]  # settings


def form(*parts: tuple[str, str, bytes], boundary: str = "b0undary") -> tuple[bytes, dict[str, str]]:
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, file, content in parts
    )
    return body + f"--{boundary}--\r\n".encode(), {"content-type": f"multipart/form-data; boundary={boundary}"}


@pytest.mark.parametrize("version", ["2016", "2018"])
async def test_a_heartbeat_shows_that_the_platform_is_there(version: str) -> None:
    voice = Voice(Platform(identity(version)))
    ebdid, body = voice.heartbeat(NOW)
    heard = await call(body, outlet=stages.settings(version))
    assert said(heard) == ("1", "接收解析及数据校验成功")
    assert (heard.alive, heard.echoes, heard.reply.status) == (True, (), 200)
    name = heard.reply.headers["content-disposition"].partition("filename=")[2]
    answer = opened(name, heard.reply.body)
    assert answer.text("RelatedEBD/EBDID") == ebdid
    assert answer.text("DEST/EBRID") == voice._platform.who.own
    assert answer.text("EBDType") == "EBDResponse"


async def test_a_heartbeat_may_be_unsigned_but_not_wrongly_signed() -> None:
    for keys, code in ((None, "1"), (THEIR_KEYS, "1"), (OUR_KEYS, "4")):
        _, body = Voice(Platform(identity(keys=keys))).heartbeat(NOW)
        heard = await call(body, outlet=signed())
        assert said(heard)[0] == code
        assert heard.alive == (code == "1")


async def test_a_report_must_be_signed() -> None:
    at = stage(signed())
    await at.send(PUBLISH, "dlv_1")
    (ebmid,) = at.platform.broadcasts
    for keys, code in ((None, "4"), (OUR_KEYS, "4"), (THEIR_KEYS, "1")):
        at.platform.who = replace(at.platform.who, keys=keys)
        _, body = at.post.voice.report(ebmid, "", NOW + timedelta(seconds=5))
        heard = await Ebd().hear(at.settings, Call("POST", "", RAW, body), now=NOW, wire=at.wire)
        assert (said(heard)[0], bool(heard.echoes)) == (code, code == "1")


async def test_our_answer_is_signed() -> None:
    at = stage(signed())
    _, body = at.post.voice.heartbeat(NOW)
    heard = await Ebd().hear(at.settings, Call("POST", "", RAW, body), now=NOW, wire=at.wire)
    answer = opened(heard.reply.headers["content-disposition"].partition("filename=")[2], heard.reply.body)
    assert answer.signature is not None


@pytest.mark.parametrize(
    ("who", "says"),
    [
        (replace(identity(), own="36199000000000103010101"), "发送方未登记"),
        (replace(identity(), own=""), "发送方未登记"),
        (replace(identity(), peer="26100000000000103010188"), "不是发给本系统的"),
    ],
)
async def test_a_stranger_is_answered_5(who: object, says: str) -> None:
    _, body = Voice(Platform(who)).heartbeat(NOW)  # type: ignore[arg-type]  # an Identity
    heard = await call(body)
    code, words = said(heard)
    assert code == "5"
    assert says in words
    assert not heard.alive


@pytest.mark.parametrize("name", TARS)
async def test_a_bad_tar_is_answered_2(name: str) -> None:
    heard = await call(TARS[name])
    assert said(heard)[0] == "2"
    assert (heard.alive, heard.echoes) == (False, ())


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_bad_document_is_answered_2(name: str) -> None:
    assert said(await call(tar(("EBDB_1.xml", DOCUMENTS[name]))))[0] == "2"


@pytest.mark.parametrize("kind", ["EBM", "EBMStateRequest", "OMDRequest", "EBRPSInfo", "EBDResponse", "Nonsense"])
async def test_what_we_do_not_take_is_answered_3(kind: str) -> None:
    body = written(identity(), "10" + "3" * 39, element(kind), NOW)
    heard = await call(body)
    assert said(heard) == ("3", "该接口暂不支持")
    assert heard.alive


async def test_a_packet_whose_body_is_missing_is_answered_3() -> None:
    business = BUSINESS.replace(b"<EBDType>EBDResponse<", b"<EBDType>EBMStateResponse<")
    assert business != BUSINESS
    assert said(await call(tar(("EBDB_1.xml", business))))[0] == "3"


HEARTBEAT = VOICE.heartbeat(NOW)[1]
GOOD = ("file", "EBDT_1.tar", HEARTBEAT)
FORMS: list[tuple[str, tuple[bytes, dict[str, str]], str]] = [
    ("one part", form(GOOD), "1"),
    ("a part of any name", form(("upload", "EBDT_1.TAR", HEARTBEAT)), "1"),
    ("a note beside it", form(("note", "note.txt", b"x"), GOOD), "1"),
    ("a file without its ending", form(("file", "EBDT_1", HEARTBEAT)), "1"),
    ("a boundary in quotes", (form(GOOD)[0], {"content-type": 'multipart/form-data; boundary="b0undary"'}), "1"),
    ("no form at all", (HEARTBEAT, {"content-type": "application/x-tar"}), "1"),
    ("no type at all", (HEARTBEAT, {}), "1"),
    ("two tars", form(GOOD, GOOD), "2"),
    ("no part", form(), "2"),
    ("no boundary", (form(GOOD)[0], {"content-type": "multipart/form-data"}), "2"),
    ("another boundary", (form(GOOD)[0], {"content-type": "multipart/form-data; boundary=other"}), "2"),
    ("cut", (form(GOOD)[0][:200], form(GOOD)[1]), "2"),
    ("nothing", (b"", form(GOOD)[1]), "2"),
    ("too large", (bytes(5 * 1024 * 1024), RAW), "2"),
    ("a boundary that is none", (form(GOOD)[0], {"content-type": f"multipart/form-data; boundary={'b' * 5000}"}), "2"),
]


@pytest.mark.parametrize(("sent", "code"), [case[1:] for case in FORMS], ids=[case[0] for case in FORMS])
async def test_forms(sent: tuple[bytes, dict[str, str]], code: str) -> None:
    body, headers = sent
    assert (
        said(await Ebd().hear(stages.settings(), Call("POST", "", headers, body), now=NOW, wire=FakeWire()))[0] == code
    )


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=2000),
    st.sampled_from(["multipart/form-data; boundary=b", "text/plain", "multipart/form-data;;"]),
)
def test_no_bytes_make_it_crash(body: bytes, kind: str) -> None:
    heard = asyncio.run(call(body, {"content-type": kind}))
    assert said(heard)[0] == "2"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_report_makes_it_crash(data: st.DataObject) -> None:
    words = st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=40
    )
    tags = st.sampled_from(
        ["EBM", "EBMID", "RelatedInfo", "BrdStateCode", "EBMBrdItem", "ResBrdInfo", "EBRBS", "RptTime"]
    )
    tree = st.recursive(words, lambda inner: st.tuples(tags, st.lists(inner, max_size=4)), max_leaves=12)

    def built(node: Any) -> ET.Element:
        if isinstance(node, str):
            return element("BrdStateDesc", node)
        return element(node[0], *map(built, node[1]))

    kind = data.draw(st.sampled_from(["EBMStateResponse", "EBMBrdLog", "ConnectionCheck"]))
    body = element(kind, *map(built, data.draw(st.lists(tree, max_size=5))))
    heard = asyncio.run(call(written(identity(), "10" + "3" * 39, body, NOW)))
    assert said(heard)[0] in ("1", "3", "5")
    assert heard.echoes == ()


# ── Both ways, until it is over ─────────────────────────────────────────────────────────────────────────────────────


class Huijia:
    """The application's side of the callback, reduced to what the contract says of it."""

    def __init__(self, at: Stage) -> None:
        self.at = at
        self.echoes: list[Echo] = []
        self.alive = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == CALLBACK
        headers = {name.lower(): value for name, value in request.headers.items()}
        heard = await Ebd().hear(
            self.at.settings, Call("POST", "ebd", headers, request.content), now=self.at.now, wire=self.at.wire
        )
        self.echoes += heard.echoes
        self.alive += heard.alive
        return httpx.Response(heard.reply.status, headers=dict(heard.reply.headers), content=heard.reply.body)


@pytest.mark.parametrize("version", ["2016", "2018"])
@pytest.mark.parametrize("secured", [False, True])
async def test_the_whole_life_of_a_notice_is_reported(version: str, secured: bool) -> None:
    outlet = signed(version) if secured else stages.settings(version)
    at = stage(outlet, tempo=AT_ONCE)
    huijia = Huijia(at)
    caller = Caller(httpx.AsyncClient(transport=httpx.MockTransport(huijia)), at.post)
    assert isinstance(await at.send(PUBLISH, "dlv_1"), Accepted)
    at.now += timedelta(seconds=3)
    await caller.beat()
    await caller.report()
    assert isinstance(await at.send(END, "dlv_2"), Accepted)
    at.now += timedelta(seconds=3)
    await caller.report()
    assert caller.told == [1] * len(caller.told)
    assert huijia.alive == len(caller.told) == 4
    assert kinds(huijia.echoes)[0] == ("dlv_1", "aired")
    assert ("dlv_2", "taken_down") in kinds(huijia.echoes)


async def test_the_caller_of_the_sandbox_runs_by_itself() -> None:
    at = stage(tempo=AT_ONCE)
    huijia = Huijia(at)
    caller = Caller(httpx.AsyncClient(transport=httpx.MockTransport(huijia)), at.post, beat_seconds=0.05)
    running = asyncio.create_task(caller.run())
    await at.send(PUBLISH, "dlv_1")
    at.now += timedelta(seconds=3)
    async with asyncio.timeout(3):
        while len(huijia.echoes) < 1 or huijia.alive < 3:  # noqa: ASYNC110 - in another's task
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert kinds(huijia.echoes) == [("dlv_1", "aired")]


async def test_a_platform_that_was_told_no_address_stays_silent() -> None:
    at = stage(stages.settings(callback=None))
    await at.send(PUBLISH, "dlv_1")
    assert at.post.callback == ""
    assert isinstance(at.post, Post)
