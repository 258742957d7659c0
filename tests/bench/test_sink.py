"""What every measurement rests on: the far end counts what came, and nothing that it did not hear passes for heard."""

import asyncio
import socket
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pyreqwest.exceptions import ConnectError

from bench import client, limit
from bench.hosts import SinkProcess, address, hook, is_odd, number, wait
from bench.laps import lap
from bench.papers import EACH, papers
from bench.table import Figure

OUTLETS = 20


@pytest.fixture
def sink() -> Iterator[SinkProcess]:
    with SinkProcess() as found:
        yield found


def test_each_had_it_once(sink: SinkProcess) -> None:
    begun, _ = limit.send_all(OUTLETS, sink.port)
    assert sink.count() == OUTLETS
    heard = sink.report()
    assert heard.messages.keys() == {f"dlv_{n}" for n in range(OUTLETS)}
    found = lap(heard, begun, OUTLETS)
    assert 0 < found.first <= found.p99
    assert sink.count() == 0


def test_one_that_was_missed_is_noticed(sink: SinkProcess) -> None:
    begun, _ = limit.send_all(OUTLETS - 1, sink.port)
    with pytest.raises(AssertionError, match=f"1 outlets of {OUTLETS} were not reached"):
        lap(sink.report(), begun, OUTLETS)


def test_one_that_was_told_twice_is_noticed(sink: SinkProcess) -> None:
    begun, _ = limit.send_all(OUTLETS, sink.port)
    limit.send_all(1, sink.port)
    with pytest.raises(AssertionError, match="1 doubles"):
        lap(sink.report(), begun, OUTLETS)


def test_half_of_them_hang_until_all_is_well(sink: SinkProcess) -> None:
    sink.let_half_hang()
    n = next(n for n in range(OUTLETS) if is_odd(address(n)))
    with socket.create_connection((address(n), sink.port), 2) as hanging:
        hanging.sendall(limit.request(n, sink.port))
        hanging.settimeout(0.3)
        with pytest.raises(TimeoutError):
            hanging.recv(100)
    well = next(n for n in range(OUTLETS) if not is_odd(address(n)))
    with socket.create_connection((address(well), sink.port), 2) as answering:
        answering.sendall(limit.request(well, sink.port))
        assert answering.recv(100).startswith(b"HTTP/1.1 200")
    assert sink.report().messages.keys() == {f"dlv_{well}"}
    sink.be_well()
    limit.send_all(OUTLETS, sink.port)
    assert lap(sink.report(), time.time() - 60, OUTLETS).rate > 0


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_connections_are_counted(tls: bool) -> None:
    """Opened, kept, and dropped: by two processes as by one."""
    with papers(OUTLETS) as folder, SinkProcess(keep=True, papers=folder if tls else None, processes=2) as sink:
        sender = client.build(keeps=timedelta(minutes=1))
        begun = await client.send_by(sender, range(OUTLETS), sink.port, tls=tls)
        heard = sink.report()
        assert (heard.opened, heard.kept) == (OUTLETS, 0)
        assert lap(heard, begun, OUTLETS).rate > 0
        await client.send_by(sender, range(OUTLETS), sink.port, tls=tls)
        heard = sink.report()
        assert (heard.opened, heard.kept, len(heard.at)) == (0, OUTLETS, OUTLETS)
        assert sink.drop() == OUTLETS
        await asyncio.sleep(0.2)
        await client.send_by(sender, range(OUTLETS), sink.port, tls=tls)
        heard = sink.report()
        assert (heard.opened, heard.kept) == (OUTLETS, 0)
        assert (heard.resumed > 0) is tls, "an earlier session goes on where the same process has the host again"
        await sender.close()


async def test_a_certificate_names_its_outlets_only() -> None:
    with papers(EACH + 1) as folder, SinkProcess(papers=folder) as sink:
        await client.send_all(EACH + 1, sink.port, tls=True)
        assert sink.report().opened == EACH + 1
        with pytest.raises(ConnectError, match="connection"):
            await client.send(client.build(), 2 * EACH, hook(2 * EACH, sink.port, tls=True))


def test_a_number_and_its_address() -> None:
    assert all(number(address(n)) == n for n in (0, 1, 253, 254, 64515, 64516, 99_999))


def test_slow_ones_answer_in_their_time_and_the_dead_hold_nobody_up(sink: SinkProcess) -> None:
    sink.be_slow()
    slow = next(n for n in range(200) if wait(address(n)) > 1)
    quick = next(n for n in range(200) if wait(address(n)) < 0.15)
    with socket.create_connection((address(slow), sink.port), 2) as gone:
        gone.sendall(limit.request(slow, sink.port))
    begun = time.monotonic()
    with (
        socket.create_connection((address(slow), sink.port), 5) as waiting,
        socket.create_connection((address(quick), sink.port), 5) as answered,
    ):
        waiting.sendall(limit.request(slow, sink.port))
        answered.sendall(limit.request(quick, sink.port))
        assert answered.recv(100).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - begun > 0.04
        assert waiting.recv(100).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - begun > wait(address(slow)) - 0.02
    assert [one.place for one in sink.messages()] == [address(slow), address(slow), address(quick)]


def test_what_a_notice_was_is_kept(sink: SinkProcess) -> None:
    said = b'{"type":"alert.retract","timestamp":"x","data":{"alert":"HJ-1","number":2,"kind":"retract"}}'
    head = f"POST /hook HTTP/1.1\r\nwebhook-id: dlv_7\r\ncontent-length: {len(said)}\r\n\r\n".encode()
    with socket.create_connection((address(3), sink.port), 2) as one:
        one.sendall(head + said)
        one.recv(100)
    limit.send_all(1, sink.port)
    notice, other = sink.messages()
    assert (notice.place, notice.id, notice.alert, notice.kind, notice.number) == (
        address(3),
        "dlv_7",
        "HJ-1",
        "retract",
        2,
    )
    assert (other.alert, other.kind, other.number) == ("", "", 0)


def test_what_several_processes_heard_is_one_list() -> None:
    with SinkProcess(processes=2) as sink:
        limit.send_all(OUTLETS, sink.port)
        heard = sink.messages()
        assert {one.id for one in heard} == {f"dlv_{n}" for n in range(OUTLETS)}
        assert [one.at for one in heard] == sorted(one.at for one in heard)
        assert not sink.messages()


def test_a_figure_tells_its_median_and_its_spread() -> None:
    assert Figure("x", [3.0, 1.0, 2.0], "/s").told == "2.00 (1.00–3.00) /s"
    assert Figure("x", [-0.2], digits=0).told == "0 (0–0)"
