"""The platform's address, over HTTP."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sandbox.ebd.manners import Manner
from sandbox.ebd.packet import opened
from sandbox.ebd.platform import Platform
from sandbox.ebd.server import Post, create_app
from tests.conftest import ROOT
from tests.sandbox.ebd.packets import NOW, WHO, document, ebdid, ebm, packed

KIND = "application/octet-stream"
GOOD = (f"EBDT_{ebdid()}.tar", packed(document(ebm())), KIND)


def standing(**more: object) -> tuple[Post, httpx.AsyncClient]:
    post = Post(Platform(WHO), clock=lambda: NOW, **more)  # type: ignore[arg-type]
    return post, httpx.AsyncClient(transport=httpx.ASGITransport(app=create_app(post)), base_url="http://platform")


async def answered(client: httpx.AsyncClient, **files: tuple[str, bytes, str]) -> tuple[str, str, str]:
    reply = await client.post("/ebd", files=files)
    assert reply.status_code == 200
    answer = opened(reply.headers["content-disposition"].partition("filename=")[2], reply.content)
    return answer.text("EBDType"), answer.text("EBDResponse/ResultCode"), answer.text("RelatedEBD/EBDID")


async def test_a_packet_is_answered_with_a_packet() -> None:
    post, client = standing()
    assert await answered(client, file=GOOD) == ("EBDResponse", "1", ebdid())
    assert post.callback == "http://huijia.example/in/1/t/"
    now = (await client.get("/ebd/now")).json()
    assert [message["title"] for message in now["messages"]] == ["紧急寻人"]
    (call,) = (await client.get("/ebd/log")).json()["calls"]
    assert (call["type"], call["code"], call["rule"]) == ("EBM", 1, "")


@pytest.mark.parametrize(
    "files",
    [
        {"upload": GOOD},
        {"file": GOOD, "more": GOOD},
        {"file": (GOOD[0], GOOD[1], "application/x-tar")},
        {"file": ("x.tar", GOOD[1], KIND)},
        {"file": (GOOD[0], GOOD[1][:900], KIND)},
    ],
)
async def test_a_form_that_will_not_do_is_answered_2(files: dict[str, tuple[str, bytes, str]]) -> None:
    post, client = standing()
    assert (await answered(client, **files))[:2] == ("EBDResponse", "2")
    assert post.platform.broadcasts == {}


async def test_no_form_at_all() -> None:
    _, client = standing()
    reply = await client.post("/ebd", content=GOOD[1], headers={"content-type": KIND})
    assert "EBDT_10" in reply.headers["content-disposition"]


async def test_the_switch() -> None:
    post, client = standing(slow_seconds=0.01)
    said = await client.post("/ebd/control", content=json.dumps({"manner": "refuse", "code": 3}))
    assert said.json() == {"manner": "refuse", "code": 3}
    assert (await answered(client, file=GOOD))[1] == "3"
    post.manner = Manner.LYING
    assert (await answered(client, file=GOOD))[1] == "1"
    assert post.platform.broadcasts == {}
    post.manner = Manner.STRANGER
    assert (await answered(client, file=GOOD))[2] != ebdid()
    post.manner = Manner.SLOW
    assert (await answered(client, file=GOOD))[1] == "1"
    post.manner = Manner.DOWN
    assert (await client.post("/ebd", files={"file": GOOD})).status_code == 503
    for manner in (Manner.GARBAGE, Manner.TRUNCATED):
        post.manner = manner
        reply = await client.post("/ebd", files={"file": GOOD})
        with pytest.raises(Exception, match=r"."):
            opened(f"EBDT_{ebdid()}.tar", reply.content)
    for wrong in ("", "{}", '{"manner": "evil"}', "[]", '{"manner": "ok", "code": "x"}'):
        assert (await client.post("/ebd/control", content=wrong)).status_code == 422


async def test_the_page_brings_nothing_from_elsewhere() -> None:
    _, client = standing()
    page = await client.get("/ebd/")
    assert "应急广播平台" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    script = (await client.get("/ebd/page.js")).text
    for manner in Manner:
        assert f"{manner}:" in script, "every position of the switch has a word on the page"
    assert "http" not in page.text.replace("http-equiv", "") + script
    assert "innerHTML" not in script


def test_it_stands_alone(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "sandbox.ebd", "--port", "0", "--signed", "--version", "2016"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert running.stdout is not None
        ready = running.stdout.readline().strip()
        url = ready.partition("：")[2]
        running.stdout.readline()
        lines = iter(running.stdout.readline, "}\n")
        settings = json.loads("".join(lines) + "}")
        assert settings["version"] == "2016"
        assert len(settings["signing_key"]) == 64
        assert httpx.get(f"{url}now", trust_env=False).json()["own"] == settings["target"]
    finally:
        running.terminate()
        running.wait(10)
        if running.stdout is not None:
            running.stdout.close()
