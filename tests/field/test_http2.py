"""Many outlets behind one host that speaks HTTP/2, as nginx does it: one connection carries everything, until it ends."""

import asyncio
import random
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.dispatch.ways import PING_SECONDS, PONG_SECONDS
from app.dispatch.wire import HttpWire
from app.domain.calling import read_networks
from bench.client import LIMIT, headers
from bench.hosts import BODY, address
from bench.http2 import WRITTEN, nginx, turn
from bench.papers import papers
from channels.contract import Reason, WireError
from tests.faults.network import Network, Shape

HOST = address(0)
MESSAGES, AT_ONCE = 1000, 300

pytestmark = pytest.mark.skipif(
    shutil.which("nginx") is None, reason="no nginx on this machine: `make field` installs it"
)


@pytest.fixture(scope="module")
def certificates() -> Iterator[Path]:
    with papers(1) as folder:
        yield folder


@pytest.fixture
async def wire(certificates: Path) -> AsyncIterator[HttpWire]:
    made = HttpWire(allowed=read_networks("127.0.0.0/8"))
    yield made
    await made.close()


async def post(wire: HttpWire, base: str, n: int) -> int:
    return (await wire.request("POST", f"{base}/hook", headers=headers(n), body=BODY, timeout=LIMIT)).status


async def test_one_connection_is_enough_and_only_one_is_counted(wire: HttpWire, certificates: Path) -> None:
    with nginx(certificates) as far:
        for _ in range(2):
            assert (await turn(wire, far, "HTTP/2", MESSAGES, AT_ONCE)).connections == 1
            assert wire._kept._count == 1
        kept = await turn(wire, far, "HTTP/1.1, keeping", MESSAGES, AT_ONCE)
        assert 1 < kept.connections <= MESSAGES
        assert wire._kept._count > 2


@pytest.mark.parametrize("each", [40, 100])
async def test_a_connection_that_ends_after_so_many_requests_costs_nobody_anything(
    wire: HttpWire, certificates: Path, each: int
) -> None:
    """nginx says GOAWAY in the middle of the others' requests: those that it has not taken are made again at once, and none
    that it has taken."""
    with nginx(certificates, each) as far:
        for _ in range(3):
            found = await turn(wire, far, "HTTP/2", MESSAGES, each)  # fails when one was lost, or came twice
            assert found.connections >= MESSAGES / each


async def test_a_dead_connection_is_noticed_before_the_next_send_takes_it(wire: HttpWire, certificates: Path) -> None:
    """As when what stands between has forgotten it, without a word to either end."""
    with nginx(certificates) as far:
        async with Network(f"https://{HOST}:{far.ports['HTTP/2']}", random.Random(1), HOST) as between:
            assert await post(wire, between.base, 1) == 200
            await between.bend(Shape.BLACK_HOLE)
            begun = time.monotonic()
            with pytest.raises(WireError) as failed:
                await post(wire, between.base, 2)
            assert failed.value.reason is Reason.TIMEOUT
            assert time.monotonic() - begun < PING_SECONDS + PONG_SECONDS + 1.5 < LIMIT.total_seconds()
            await between.bend(Shape.WELL)
            assert await post(wire, between.base, 3) == 200
        await asyncio.sleep(WRITTEN)
        said = far.said()
    assert [id for id, _ in said] == ["dlv_1", "dlv_3"]
    assert len({connection for _, connection in said}) == 2
