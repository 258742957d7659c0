"""The server's own manners."""

import asyncio
import logging
import os
import re
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from app import meters
from app.commands import serving
from app.commands.serving import UNHEARD_MILLISECONDS, log_to, notice_the_dead
from app.settings import Settings
from app.worker import work


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_connections_end_when_nothing_is_acknowledged(factory: object) -> None:
    """As a listener of uvicorn's has it, in the loop of the tests and in the one that we run on."""

    async def accepted() -> int:
        taken: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        class Guest(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as end:
                    taken.set_result(end.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))

        server = await asyncio.get_running_loop().create_server(Guest, "127.0.0.1", 0)
        notice_the_dead(server.sockets[0].fileno())
        _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        found = await taken
        writer.close()
        server.close()
        return found

    with asyncio.Runner(loop_factory=factory) as runner:  # type: ignore[arg-type]  # both make a loop
        assert runner.run(accepted()) == UNHEARD_MILLISECONDS


CANONICAL = re.compile(r"[\d-]{10} [\d:]{8},\d{3} INFO huijia\.attempt attempt delivery=\d+ outcome=accepted")


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What the service writes into its log, as it does. What the tests log to is put back."""
    level = logging.root.level
    monkeypatch.setattr(logging.root, "handlers", [])
    log_to(tmp_path / "huijia.log")
    yield tmp_path / "huijia.log"
    logging.root.setLevel(level)
    for handler in logging.root.handlers:
        handler.close()


def test_canonical_lines_are_whole_and_alike(log: Path) -> None:
    """However many are written together."""
    said = [f"attempt delivery={n} outcome=accepted" for n in range(3)]
    logging.getLogger("huijia.attempt").info("\n".join(said))
    logging.getLogger("huijia.attempt").info(said[0])
    lines = log.read_text().splitlines()
    assert len(lines) == 4
    assert all(CANONICAL.fullmatch(line) for line in lines), lines
    assert lines[0].partition("delivery")[2] == lines[3].partition("delivery")[2]


@pytest.mark.parametrize("name", ["huijia.attempt", "huijia.dispatch"])
def test_a_traceback_is_left_as_it_is(log: Path, name: str) -> None:
    private = "李小明 attempt"

    def breaks() -> None:
        raise RuntimeError(private)

    try:
        breaks()
    except RuntimeError:
        logging.getLogger(name).exception("carrier %s crashed in its attempt", "xibo")
        bare = "".join(traceback.format_tb(sys.exc_info()[2]))
    first, kind, rest = log.read_text().split("\n", 2)
    assert first.endswith(f"ERROR {name} carrier xibo crashed in its attempt")
    assert (kind, rest) == ("RuntimeError", bare + "\n")
    assert private not in log.read_text()


@pytest.mark.parametrize("dispatches", [False, True], ids=["the API", "the dispatcher"])
def test_the_loop_is_watched_once_in_every_process(
    dispatches: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    watching: list[bool] = []

    async def watch() -> None:
        watching.append(True)
        try:
            await asyncio.Event().wait()
        finally:
            watching.append(False)

    monkeypatch.setattr(meters, "watch_the_loop", watch)
    for name in ("on_signals", "spare_the_collector", "open_as_many_as_allowed"):
        monkeypatch.setattr(serving, name, lambda *_: None)
    settings = Settings(_env_file=None, DATABASE_URL=database, data=tmp_path)

    async def main(url: str, stop: asyncio.Event) -> None:
        asyncio.get_running_loop().call_later(0.1, stop.set)
        await (work(settings, url, stop) if dispatches else stop.wait())

    serving._run(main, settings, migrates=False)
    assert watching == [True, False]
