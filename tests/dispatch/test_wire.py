"""The HTTP client against real servers on the loopback that hang, drip, cut, flood, redirect and talk nonsense."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.dispatch.wire import BODY_LIMIT, HttpWire
from app.domain.calling import read_networks
from channels.contract import Reason, Reply, WireError
from tests.dispatch.loopback import Behaviour, drips, drips_headers, floods, hangs, says, serving

LOOPBACK = read_networks("127.0.0.0/8, ::1")
SHORT = timedelta(seconds=0.4)


@pytest.fixture
async def wire() -> AsyncIterator[HttpWire]:
    made = HttpWire(allowed=LOOPBACK)
    yield made
    await made.close()


async def post(wire: HttpWire, url: str, timeout: timedelta = timedelta(seconds=5)) -> Reply:
    return await wire.request(
        "POST", url, body=b'{"a": 1}', headers={"content-type": "application/json"}, timeout=timeout
    )


async def test_what_is_sent_and_what_comes_back(wire: HttpWire) -> None:
    heard: list[bytes] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readexactly(8))
        writer.write(
            b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nX-Id: 7\r\ncontent-length: 2\r\n\r\n{}"
        )

    async with serving(behave) as url:
        reply = await post(wire, url + "/hook?token=secret")
    assert heard == [b'{"a": 1}']
    assert (reply.status, reply.body) == (201, b"{}")
    assert reply.headers["x-id"] == "7", "names are lower case"


@pytest.mark.parametrize("behave", [hangs, drips, drips_headers])
async def test_the_deadline_is_for_the_whole_answer(wire: HttpWire, behave: Behaviour) -> None:
    """A byte now and then does not keep it open."""
    async with serving(behave) as url:
        begun = time.monotonic()
        with pytest.raises(WireError) as error:
            await post(wire, url, SHORT)
        assert time.monotonic() - begun < 1.5
    assert error.value.reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    "raw",
    [
        b"",  # closed without a word
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 200 OK\r\nconte",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\xff\xfe garbage \r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_cut_or_unintelligible(wire: HttpWire, raw: bytes) -> None:
    async with serving(says(raw)) as url:
        with pytest.raises(WireError) as error:
            await post(wire, url)
    assert error.value.reason is Reason.BROKEN


async def test_nobody_listens(wire: HttpWire) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with pytest.raises(WireError) as error:
            await post(wire, f"http://127.0.0.1:{port}/hook?token=secret")
    assert error.value.reason is Reason.UNREACHABLE
    assert "secret" not in str(error.value), "no URL in what is logged and shown"
    assert "127.0.0.1" not in str(error.value)


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1/x", "http://", "http://[::1", "http://127.0.0.1:99999/"])
async def test_an_address_that_is_none(wire: HttpWire, url: str) -> None:
    with pytest.raises(WireError) as error:
        await post(wire, url, SHORT)
    assert error.value.reason in (Reason.UNREACHABLE, Reason.BROKEN)


async def test_tls_against_a_plain_server(wire: HttpWire) -> None:
    async with serving(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as url:
        with pytest.raises(WireError) as error:
            await post(wire, url.replace("http:", "https:"), SHORT)
    assert error.value.reason in (Reason.UNREACHABLE, Reason.TIMEOUT)


async def test_a_header_that_is_no_text_spoils_nothing(wire: HttpWire) -> None:
    raw = "HTTP/1.1 503 Busy\r\nServer: 回家\r\nRetry-After: 稍后\r\nX-Id: 7\r\ncontent-length: 2\r\n\r\n{}".encode()
    async with serving(says(raw)) as url:
        reply = await post(wire, url)
    assert (reply.status, reply.body, reply.headers["x-id"]) == (503, b"{}", "7")
    assert reply.headers.get("retry-after", "") == ""
    assert set(reply.headers) == {"server", "retry-after", "x-id", "content-length"}


async def test_a_long_answer_is_cut(wire: HttpWire) -> None:
    body = b"z" * (3 * BODY_LIMIT)
    async with serving(says(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)) as url:
        reply = await post(wire, url)
    assert reply.body == b"z" * BODY_LIMIT


async def test_an_endless_answer_is_cut_at_once(wire: HttpWire) -> None:
    async with serving(floods) as url:
        begun = time.monotonic()
        reply = await post(wire, url)
        assert time.monotonic() - begun < 1.5, "the rest is not waited for"
    assert len(reply.body) == BODY_LIMIT


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_reported_and_not_followed(wire: HttpWire, status: int) -> None:
    followed = False

    async def elsewhere(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal followed
        followed = True
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with serving(elsewhere) as there:
        raw = b"HTTP/1.1 %d Moved\r\nlocation: %s\r\ncontent-length: 0\r\n\r\n" % (status, there.encode())
        async with serving(says(raw)) as here:
            reply = await post(wire, here)
    assert reply.status == status
    assert not followed


async def test_nothing_is_decompressed(wire: HttpWire) -> None:
    """A few kilobytes could become gigabytes."""
    raw = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00"
    async with serving(says(raw)) as url:
        assert (await post(wire, url)).body == b"\x1f\x8b\x08\x00"


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    wire = HttpWire(allowed=LOOPBACK)
    async with serving(says(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as url:
        assert (await post(wire, url)).status == 200
    await wire.close()


async def test_no_cookies_are_kept(wire: HttpWire) -> None:
    heads: list[bytes] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with serving(behave) as url:
        await post(wire, url)
        await post(wire, url)
    assert len(heads) == 1, "the second came on the same connection"
    assert b"cookie" not in heads[0].lower()


async def test_a_hundred_hanging_do_not_hold_up_one(wire: HttpWire) -> None:
    async with serving(hangs) as slow, serving(says(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as quick:
        hanging = [asyncio.create_task(post(wire, slow, timedelta(seconds=30))) for _ in range(100)]
        await asyncio.sleep(0.2)
        assert (await post(wire, quick)).status == 200
        assert not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)


async def test_after_closing_it_is_a_wire_error() -> None:
    """The last sends of a process that is stopping."""
    wire = HttpWire(allowed=LOOPBACK)
    await wire.close()
    with pytest.raises(WireError):
        await post(wire, "http://127.0.0.1:9/")
