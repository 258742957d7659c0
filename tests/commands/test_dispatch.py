"""A dispatcher that cannot have the port of its metrics sends all the same."""

import logging
import socket
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.commands import serving


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield held.getsockname()[1]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Filled when the dispatcher gets as far as to run."""
    made: list[bool] = []
    monkeypatch.setattr(serving, "_run", lambda *_, migrates: made.append(migrates))
    monkeypatch.setattr(serving, "log_to", lambda _: None)  # it would take the log away from the test
    return made


@pytest.mark.parametrize("port", [None, "94610", "-1"], ids=["taken", "too high", "too low"])
def test_it_says_so_and_goes_on(
    taken: int, ran: list[bool], caplog: pytest.LogCaptureFixture, port: str | None
) -> None:
    port = port or str(taken)
    said = CliRunner().invoke(app, ["dispatch"], env={"HUIJIA_METRICS_PORT": port, "HUIJIA_HOST": "127.0.0.1"})
    assert (said.exit_code, said.exception) == (0, None)
    assert ran == [False]
    (told,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert f"no metrics at 127.0.0.1:{port}" in told.message
    assert "HUIJIA_METRICS_PORT" in told.message


def test_without_one_there_is_nothing_to_say(ran: list[bool], caplog: pytest.LogCaptureFixture) -> None:
    assert CliRunner().invoke(app, ["dispatch"], env={"HUIJIA_METRICS_PORT": None}).exit_code == 0
    assert (ran, caplog.records) == ([False], [])
