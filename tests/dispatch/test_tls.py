"""Whose certificate is believed: that of a CA which the machine trusts, for the very host that is called."""

import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from app.dispatch.wire import NOT_TRUSTED, HttpWire
from app.domain.calling import read_networks
from bench.hosts import address
from bench.papers import contexts, papers
from channels.contract import Reason, WireError
from tests.dispatch.loopback import says, serving

YES = says(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
LOOPBACK = read_networks("127.0.0.0/8")


@pytest.fixture
def folder() -> Iterator[Path]:
    """While it is there, SSL_CERT_FILE names its CA."""
    with papers(1) as found:
        yield found


@pytest.fixture
async def wire(folder: Path) -> AsyncIterator[HttpWire]:
    """Made while the CA is trusted."""

    async def look_up(_: str) -> Sequence[str]:
        return [address(0)]

    made = HttpWire(allowed=LOOPBACK, look_up=look_up)
    yield made
    await made.close()


async def ask(wire: HttpWire, url: str) -> int:
    return (await wire.request("POST", url, headers={}, timeout=timedelta(seconds=5))).status


async def test_a_ca_of_ones_own(folder: Path, wire: HttpWire) -> None:
    async with serving(YES, contexts(folder)[0], address(0)) as url:
        assert await ask(wire, url) == 200


async def test_a_ca_that_nobody_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    wire = HttpWire(allowed=LOOPBACK)
    async with serving(YES, contexts(folder)[0], address(0)) as url:
        with pytest.raises(WireError) as error:
            await ask(wire, url)
    await wire.close()
    assert (error.value.reason, error.value.detail) == (Reason.UNREACHABLE, NOT_TRUSTED)


@pytest.mark.parametrize("by_name", [False, True])
async def test_a_certificate_for_somebody_else(folder: Path, wire: HttpWire, by_name: bool) -> None:
    """Its CA is trusted; it names other hosts."""
    host = address(0) if by_name else "127.0.0.1"
    async with serving(YES, contexts(folder)[0], host) as url:
        with pytest.raises(WireError) as error:
            await ask(wire, url.replace(host, "outlet.example") if by_name else url)
    assert (error.value.reason, error.value.detail) == (Reason.UNREACHABLE, NOT_TRUSTED)


async def test_nobody_listens_is_no_matter_of_trust(wire: HttpWire) -> None:
    with socket.socket() as held:
        held.bind((address(0), 0))
        with pytest.raises(WireError) as error:
            await ask(wire, f"https://{address(0)}:{held.getsockname()[1]}/")
    assert error.value.detail != NOT_TRUSTED
