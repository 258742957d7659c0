"""Connections that are kept, and files that are few."""

import asyncio
import json
import logging
import resource
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta

import pytest

from app.dispatch import files
from app.dispatch.files import OTHER_FILES, shares
from app.dispatch.kept import Kept
from app.dispatch.wire import HttpWire
from app.domain.calling import read_networks
from bench.hosts import SinkProcess
from channels.contract import Reason, WireError
from tests.dispatch.loopback import says, serving

FILES = 400
LOOPBACK = read_networks("127.0.0.0/8")
ASK = timedelta(seconds=5)


async def post(wire: HttpWire, url: str) -> int:
    return (await wire.request("POST", url, headers={}, body=b"{}", timeout=ASK)).status


def test_what_is_kept_is_in_nobodys_way() -> None:
    """Far more outlets than files, all of which keep their connections: each is told, at the first attempt, twice."""
    outlets, kept = 2 * FILES, (FILES - OTHER_FILES) // files.KEPT_SHARE
    command = [sys.executable, "-m", "tests.dispatch.few_files"]
    with SinkProcess(keep=True) as sink:
        said = subprocess.run(
            [*command, str(FILES), str(sink.port), str(outlets)], capture_output=True, text=True, timeout=60
        )
        heard = sink.report()
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["wrong"] == {}
    assert len(heard.at) == outlets
    assert heard.kept == kept, "the second time came over what the first had left"
    assert all(kept <= count <= kept + 5 for count in found["opened"]), found["opened"]


@pytest.mark.parametrize(
    ("limit", "sends", "kept"), [(0, 1, 0), (256, 1, 0), (1024, 576, 192), (8192, 5952, 1984), (65536, 48960, 16320)]
)
def test_the_shares(monkeypatch: pytest.MonkeyPatch, limit: int, sends: int, kept: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    assert shares() == (sends, kept)


def test_no_more_are_kept_than_there_are_to_give() -> None:
    kept = Kept(2, 100, 60)
    assert kept.enter("a", 0)
    assert kept.enter("b", 0)
    assert not kept.enter("c", 0)
    kept.leave("a", stays=True)
    assert kept.enter("a", 1), "the one it has"
    assert not kept.enter("a", 1), "no second one"


def test_a_place_keeps_as_many_as_were_under_way_at_once() -> None:
    kept = Kept(10, 3, 60)
    for _ in range(2):
        for _ in range(2):
            assert kept.enter("a", 0)
        for _ in range(2):
            kept.leave("a", stays=True)
    assert [kept.enter(str(n), 0) for n in range(10)] == [True] * 8 + [False] * 2
    full = Kept(10, 3, 60)
    assert all(full.enter("a", 0) for _ in range(20)), "the client keeps three and closes the others"
    assert [full.enter(str(n), 0) for n in range(8)] == [True] * 7 + [False]


def test_what_has_ended_is_given_to_another() -> None:
    kept = Kept(1, 100, 60)
    assert kept.enter("a", 0)
    kept.leave("a", stays=False)
    assert kept.enter("b", 0)


@pytest.mark.parametrize("used_at", [0, 59, 60, 100])
def test_what_is_not_used_for_long_is_given_to_another(used_at: float) -> None:
    kept = Kept(1, 100, 60)
    for at in {0, used_at}:
        assert kept.enter("a", at)
        kept.leave("a", stays=True)
    assert not kept.enter("b", used_at + 59.9)
    last = used_at + 59.9
    assert kept.enter("a", last), "it still has it"
    kept.leave("a", stays=True)
    assert not kept.enter("b", last + 59.9)
    assert kept.enter("b", last + 120)


async def test_whoever_says_that_it_closes_has_none() -> None:
    wire = HttpWire(allowed=LOOPBACK)
    async with serving(says(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: Close\r\n\r\n")) as url:
        assert await post(wire, url) == 200
        assert wire._kept._count == 0
    async with serving(says(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as url:
        assert await post(wire, url) == 200
        assert wire._kept._count == 1
    await wire.close()


@pytest.mark.parametrize("most", [0, 1])
@pytest.mark.parametrize("host", ["127.0.0.1", "outlet.test"])
async def test_with_and_without_a_share(monkeypatch: pytest.MonkeyPatch, host: str, most: int) -> None:
    async def look_up(_: str) -> Sequence[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(resource, "getrlimit", lambda _: (OTHER_FILES + most * files.KEPT_SHARE,) * 2)
    wire, connections = HttpWire(allowed=LOOPBACK, look_up=look_up), 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.read(1000):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with serving(behave) as url:
        for _ in range(3):
            assert await post(wire, url.replace("127.0.0.1", host)) == 200
            await asyncio.sleep(0.02)
        await wire.close()
    assert connections == (1 if most else 3)


async def test_a_kept_connection_that_has_been_closed_costs_no_attempt() -> None:
    wire, brought, heard = HttpWire(allowed=LOOPBACK), list[bytes](), asyncio.Queue[None]()

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ends what it says with its first answer, and reads on until the client has ended it too."""
        brought.append(await reader.readexactly(2))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.write_eof()
        brought[-1] += await reader.read()
        heard.put_nowait(None)

    async with serving(behave) as url:
        for _ in range(50):
            assert await post(wire, url) == 200
            await asyncio.wait_for(heard.get(), 30)
    await wire.close()
    assert brought == [b"{}"] * 50


async def test_a_kept_connection_that_is_closed_at_the_request_may_have_brought_it() -> None:
    """So it is not sent again behind the carrier's back: the attempt says what happened, and the next is on a new one."""
    wire, brought = HttpWire(allowed=LOOPBACK), list[int]()

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ends the connection when a second request begins to come."""
        await reader.readexactly(2)
        brought.append(1)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        if await reader.read(1):
            brought[-1] += 1

    async with serving(behave) as url:
        assert await post(wire, url) == 200
        with pytest.raises(WireError) as error:
            await post(wire, url)
        assert await post(wire, url) == 200
        assert brought == [2, 1]
    await wire.close()
    assert error.value.reason is Reason.BROKEN


async def test_kept_connections_that_died_without_a_word_cost_one_attempt() -> None:
    """Something between us and them has forgotten all of them, and says so to nobody. The next try is on a new one."""
    wire, alive, both = HttpWire(allowed=LOOPBACK), True, asyncio.Barrier(2)

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened_while_alive = alive
        while await reader.read(1000):
            if opened_while_alive and not alive:
                continue
            if alive:
                await both.wait()  # so that each is on a connection of its own
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with serving(behave) as url:
        assert set(await asyncio.gather(post(wire, url), post(wire, url))) == {200}
        alive = False
        with pytest.raises(WireError) as error:
            await wire.request("POST", url, headers={}, body=b"{}", timeout=timedelta(seconds=0.3))
        assert error.value.reason is Reason.TIMEOUT
        for _ in range(2):
            assert await post(wire, url) == 200
        await wire.close()


def test_whoever_did_not_answer_is_not_trusted_with_what_is_kept_for_as_long_as_it_lasts() -> None:
    kept = Kept(2, 100, 60)
    assert kept.enter("a", 0)
    kept.doubt("a", 5)
    kept.leave("a", stays=False)
    assert not kept.enter("a", 64.9)
    assert kept.enter("b", 64.9), "others are"
    assert kept.enter("a", 65)
    kept.doubt("a", 65)
    kept.enter("b", 500)
    assert not kept._doubted


async def test_no_file_is_left(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """That is no fault of the outlet's, and not said as one."""
    monkeypatch.setattr(files, "_said_at", -files.SAID_EVERY)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wire = HttpWire(allowed=LOOPBACK)
    with pytest.raises(WireError):
        await post(wire, "http://127.0.0.1:9/")  # the client's own files are open by now
    caplog.clear()
    with ExitStack() as after:
        after.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        with caplog.at_level(logging.ERROR):
            for url in ("http://127.0.0.1:9/", "http://127.0.0.1:9/", "http://outlet.example/"):
                with pytest.raises(WireError) as error:
                    await post(wire, url)
                assert error.value.reason is Reason.NO_FILE
            with pytest.raises(WireError) as error:
                await wire.dial("127.0.0.1", 9, timeout=ASK)
            assert error.value.reason is Reason.NO_FILE
    await wire.close()
    assert len([r for r in caplog.records if r.name == files.log.name]) == 1, "once a minute"


@pytest.mark.parametrize("host", ["127.0.0.1", "outlet.test"])
async def test_no_file_is_left_for_a_client_that_is_needed_only_now(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Making one reads the system's certificates; the next call, with files again, finds nothing spoilt."""

    async def look_up(_: str) -> Sequence[str]:
        return ["127.0.0.1"]

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with monkeypatch.context() as few:
        few.setattr(resource, "getrlimit", lambda _: (OTHER_FILES,) * 2)
        wire = HttpWire(allowed=LOOPBACK, look_up=look_up)  # whose calls have no share
    async with serving(says(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as url:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(WireError) as error:
                await post(wire, url.replace("127.0.0.1", host))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert error.value.reason is Reason.NO_FILE
        assert await post(wire, url.replace("127.0.0.1", host)) == 200
    await wire.close()
