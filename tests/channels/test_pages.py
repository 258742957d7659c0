"""The pages tell the engineer at the other end the truth: their code runs, their examples are what is sent."""

import json
import re
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from channels.registry import CHANNELS
from tests.channels.notices import PUBLISH, RETRACT, rendered
from tests.channels.recorded import DOCS, settings_of
from tests.channels.test_contract import SENT
from tests.channels.wire import Call, FakeWire, reply


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def verifier(name: str) -> Any:
    found = re.search(r"```python\n(.*?)```", page(name), re.DOTALL)
    assert found
    scope: dict[str, Any] = {}
    exec(found[1], scope)
    return scope["verify"]


async def sent_now(name: str, medium: str) -> Call:
    wire = FakeWire(reply(200, '{"errcode":0}'))
    await SENT[name].send(
        rendered(PUBLISH, medium), settings_of(name), key="dlv_9", prior=None, now=datetime.now(UTC), wire=wire
    )
    return wire.calls[0]


async def test_the_webhook_verifier_on_the_page_works() -> None:
    call, verify, settings = await sent_now("webhook", "tv"), verifier("webhook"), settings_of("webhook")
    for secret in (settings.secret, settings.previous_secret):
        assert verify(call.body, call.headers, secret.get_secret_value())
    assert not verify(call.body + b" ", call.headers, settings.secret.get_secret_value())
    assert not verify(call.body, call.headers, "whsec_" + "AAAA" * 10)
    late = {**call.headers, "webhook-timestamp": str(int(time.time()) - 600)}
    assert not verify(call.body, late, settings.secret.get_secret_value())


async def test_the_robot_verifier_on_the_page_works() -> None:
    call, verify = await sent_now("dingtalk_robot", "dingtalk"), verifier("dingtalk_robot")
    query = dict(parse_qsl(urlsplit(call.url).query))
    assert verify(query, settings_of("dingtalk_robot").secret.get_secret_value())
    assert not verify(query, "SEC-another")
    assert not verify({**query, "timestamp": "1"}, settings_of("dingtalk_robot").secret.get_secret_value())


@pytest.mark.parametrize("name", ["webhook", "feed", "dingtalk_robot", "dingtalk_app", "vnnox"])
def test_examples_are_json(name: str) -> None:
    blocks = re.findall(r"```json\n(.*?)```", page(name), re.DOTALL)
    assert blocks
    for block in blocks:
        json.loads(block)


@pytest.mark.parametrize("medium", CHANNELS)
def test_the_examples_on_a_page_are_what_is_said(medium: str) -> None:
    """Every quoted line, up to where the page itself stops with ……, is in what is rendered."""
    renditions = (rendered(PUBLISH, medium), rendered(RETRACT, medium))
    texts = [text for rendition in renditions for text in rendition.texts.values()]
    said = "".join("".join(text) for text in texts)
    said = "".join(said.split())
    for block in re.findall(r"```\n(.*?)```", page(medium), re.DOTALL):
        for quoted in re.sub(r"^(headline|description|instruction)\s+", "……", block, flags=re.MULTILINE).split("……"):
            assert "".join(quoted.split()) in said


@pytest.mark.parametrize("medium", CHANNELS)
def test_the_limits_on_a_page_hold_for_the_example(medium: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\d+) characters", page(medium), re.MULTILINE)
    for name, limit in rows:
        assert len(rendered(PUBLISH, medium).texts[name]) <= int(limit)


@pytest.mark.parametrize("medium", [*CHANNELS, *SENT, "feed"])
def test_a_page_says_how_a_search_ends(medium: str) -> None:
    text = page(medium)
    assert "retraction" in text
    assert "寻人结束" in text
    if medium in CHANNELS:
        assert "【演练】" in text
        assert "更新寻人信息" in text
