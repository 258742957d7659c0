"""Names that lie about where they lead, against real servers on the loopback."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from app.dispatch import ways
from app.dispatch.wire import HttpWire
from app.domain.calling import read_networks
from channels.contract import Reason, Reply, WireError
from tests.dispatch.loopback import Behaviour, serving

SECOND = timedelta(seconds=2)


class Names:
    """A name server: each name's answers in turn, the last again and again; an exception is raised, a float is a wait."""

    def __init__(self, **answers: Sequence[Sequence[str] | Exception | float]) -> None:
        self._answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        left = self._answers[host]
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return []
        return answer


@asynccontextmanager
async def wired(names: Names, allowed: str = "127.0.0.1") -> AsyncIterator[HttpWire]:
    wire = HttpWire(allowed=read_networks(allowed), look_up=names)
    yield wire
    await wire.close()


async def post(wire: HttpWire, url: str) -> Reply:
    return await wire.request("POST", url, body=b"{}", headers={}, timeout=SECOND)


@asynccontextmanager
async def far(*hosts: str) -> AsyncIterator[tuple[int, list[str]]]:
    """Servers on one port of several loopback addresses; what each call's Host header said, after the address."""
    heard: list[str] = []

    def answering(address: str) -> Behaviour:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            heard.append(f"{address} " + head.partition("host: ")[2].partition("\r\n")[0].partition(":")[0])
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            await gone(writer)

        return answer

    first = await asyncio.start_server(answering(hosts[0]), hosts[0], 0)
    port = first.sockets[0].getsockname()[1]
    others = [await asyncio.start_server(answering(host), host, port) for host in hosts[1:]]
    try:
        yield port, heard
    finally:
        for server in (first, *others):
            server.close()


async def gone(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_name_that_leads_to_an_allowed_address() -> None:
    names = Names(station_test=[["127.0.0.1"]])
    async with wired(names) as wire, far("127.0.0.1") as (port, heard):
        assert (await post(wire, f"http://Station.TEST:{port}/")).status == 200
        assert (await post(wire, f"http://station.test:{port}/")).status == 200
        reader, writer = await wire.dial("station.test", port, timeout=SECOND)
        assert writer.get_extra_info("peername")[0] == "127.0.0.1"
        writer.write(b"GET / HTTP/1.0\r\nhost: station.test\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()
    assert heard == ["127.0.0.1 station.test"] * 3
    assert names.asked == ["station.test"], "looked up once"


@pytest.mark.parametrize("address", ["127.0.0.2", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.2", "0.0.0.0"])
async def test_a_name_that_leads_inside(address: str) -> None:
    async with wired(Names(evil_test=[[address]])) as wire:
        for call in (post(wire, "http://evil.test:9/"), wire.dial("evil.test", 9, timeout=SECOND)):
            with pytest.raises(WireError) as error:
                await call
            assert error.value.reason is Reason.UNREACHABLE
            assert "HUIJIA_MAY_CALL" in error.value.detail
            assert address not in error.value.detail


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.2", "2130706434", "0x7f000002", "0177.0.0.2", "127.2", "0x7f.2", "0", "0.0.0.0", "[::1]", "[::]",
        "[::ffff:127.0.0.2]", "[::ffff:7f00:2]", "[64:ff9b::7f00:2]", "[fe80::1]", "①②⑦.0.0.2", "%31%32%37.0.0.2",
        "127。0。0。2", "169.254.169.254", "[::ffff:169.254.169.254]",
    ],
)  # fmt: skip
async def test_addresses_in_disguise(host: str) -> None:
    async with far("127.0.0.2") as (port, heard), wired(Names()) as wire:
        with pytest.raises(WireError) as error:
            await post(wire, f"http://{host}:{port}/")
        assert error.value.reason is Reason.UNREACHABLE
    assert heard == []


async def test_rebinding() -> None:
    """Good when it is checked and evil when it is connected to: the address that was checked is the one that counts."""
    names = Names(turns_test=[["127.0.0.1"], ["127.0.0.2"]])
    async with wired(names) as wire, far("127.0.0.1", "127.0.0.2") as (port, heard):
        for _ in range(3):
            assert (await post(wire, f"http://turns.test:{port}/")).status == 200
        assert set(heard) == {"127.0.0.1 turns.test"}


async def test_a_name_that_turned_evil_is_no_longer_called(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(turns_test=[["127.0.0.1"], ["127.0.0.2"]])
    async with wired(names) as wire, far("127.0.0.1", "127.0.0.2") as (port, heard):
        assert (await post(wire, f"http://turns.test:{port}/")).status == 200
        monkeypatch.setattr(ways, "FRESH_SECONDS", 0.0)
        for _ in range(2):
            with pytest.raises(WireError):
                await post(wire, f"http://turns.test:{port}/")
        assert heard == ["127.0.0.1 turns.test"]


async def test_among_good_and_evil_addresses_the_good_one() -> None:
    async with wired(Names(both_test=[["10.0.0.1", "127.0.0.1"]])) as wire, far("127.0.0.1") as (port, _):
        assert (await post(wire, f"http://both.test:{port}/")).status == 200


async def test_where_nothing_answers_the_next_address_is_tried_next_time() -> None:
    names = Names(two_test=[["127.0.0.2", "127.0.0.1"]])
    async with wired(names, "127.0.0.0/8") as wire, far("127.0.0.1") as (port, heard):
        with pytest.raises(WireError) as error:
            await post(wire, f"http://two.test:{port}/")
        assert error.value.reason is Reason.UNREACHABLE
        assert (await post(wire, f"http://two.test:{port}/")).status == 200
        assert heard == ["127.0.0.1 two.test"]


@pytest.mark.parametrize("trouble", [socket.gaierror(-3, "try again"), 30.0])
async def test_a_name_server_that_is_away(trouble: Exception | float, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it said last still stands; a name it never told is not waited for longer than a moment."""
    monkeypatch.setattr(ways, "PATIENCE_SECONDS", 0.2)
    names = Names(known_test=[["127.0.0.1"], trouble], new_test=[trouble])
    async with wired(names) as wire, far("127.0.0.1") as (port, _):
        assert (await post(wire, f"http://known.test:{port}/")).status == 200
        monkeypatch.setattr(ways, "FRESH_SECONDS", 0.0)
        assert (await post(wire, f"http://known.test:{port}/")).status == 200
        begun = time.monotonic()
        with pytest.raises(WireError) as error:
            await post(wire, f"http://new.test:{port}/")
        assert error.value.reason is Reason.UNREACHABLE
        assert time.monotonic() - begun < 1


async def test_a_slow_name_does_not_hold_up_another() -> None:
    names = Names(slow_test=[30.0], quick_test=[["127.0.0.1"]])
    async with wired(names) as wire, far("127.0.0.1") as (port, _):
        slow = asyncio.create_task(post(wire, f"http://slow.test:{port}/"))
        await asyncio.sleep(0.05)
        begun = time.monotonic()
        assert (await post(wire, f"http://quick.test:{port}/")).status == 200
        assert time.monotonic() - begun < 1
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)


async def test_many_names_share_few_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in its own moment, so that each would have a client of its own."""
    monkeypatch.setattr(ways, "GATHER_SECONDS", 0.0)
    monkeypatch.setattr(ways, "MOST_CLIENTS", 3)
    made = 0
    real = ways._client

    def counted(pins: dict[str, str], most_idle: int) -> object:
        nonlocal made
        made += 1
        return real(pins, most_idle)

    monkeypatch.setattr(ways, "_client", counted)
    hosts = [f"h{n}.test" for n in range(12)]
    names = Names(**{host.replace(".", "_"): [["127.0.0.1"]] for host in hosts})
    async with wired(names) as wire, far("127.0.0.1") as (port, heard):
        for host in hosts * 2:
            assert (await post(wire, f"http://{host}:{port}/")).status == 200
        assert len({pin.clients for pin in wire._ways._pins.values()}) <= 4
    assert len(heard) == 24
    assert made <= 13


async def test_the_certificate_is_asked_for_by_name() -> None:
    """Pinned to an address, TLS still says which host it wants."""
    hello = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello.set_result(await reader.read(2000))
        await gone(writer)

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with wired(Names(station_test=[["127.0.0.1"]])) as wire:
        with pytest.raises(WireError):
            await post(wire, f"https://station.test:{server.sockets[0].getsockname()[1]}/")
    assert b"station.test" in await hello
    server.close()


async def test_the_system_s_resolver() -> None:
    assert "127.0.0.1" in await ways.look_up_name("localhost")
    with pytest.raises(socket.gaierror):
        await ways.look_up_name("nowhere.invalid")


async def test_redirects_do_not_lead_inside() -> None:
    async def elsewhere(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = b"HTTP/1.1 307 Go\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n"
        writer.write(raw)
        await writer.drain()

    async with serving(elsewhere) as url, wired(Names()) as wire:
        assert (await post(wire, url)).status == 307
