"""What the dispatcher itself costs: everything but the network, in this process, on a database that syncs.

    python -m bench.null [--outlets 10000] [--rounds 5] [--profile FILE]

Prints the processor time for each delivery, this process' own and PostgreSQL's. It hardly depends on what else the machine
does.
"""

import asyncio
import cProfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import uvloop

from app.commands.serving import SELDOM, spare_the_collector
from app.dispatch.dispatcher import Dispatcher
from app.dispatch.press import HousePress
from app.dispatch.wire import HttpWire
from bench.ledger import Ledger
from bench.spent import children, cpu_seconds
from bench.table import Figure, parser, show
from channels.contract import Reply

YES = Reply(200, {"content-type": "application/json"}, b"{}")


class NullWire(HttpWire):
    """Everybody says yes at once."""

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout: timedelta, body: bytes = b""
    ) -> Reply:
        await asyncio.sleep(0)
        return YES


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of processor time."""

    ours: float
    store: float

    def __sub__(self, before: "Cost") -> "Cost":
        return Cost(self.ours - before.ours, self.store - before.store)


def spent(postmaster: int) -> Cost:
    """So far, by this process and by every session of the database."""
    return Cost(time.process_time(), sum(cpu_seconds(child) for child in children(postmaster)))


async def measure(outlets: int, rounds: int, profile: cProfile.Profile | None) -> list[Cost]:
    found: list[Cost] = []
    async with Ledger(outlets, 9, 0) as ledger:
        assert isinstance(ledger.house.press, HousePress)
        stop = asyncio.Event()
        dispatcher = Dispatcher(ledger.house.engine, ledger.house.press, ledger.house.seal, NullWire())
        running = asyncio.create_task(dispatcher.run(stop))
        for _ in range(rounds + 1):
            await asyncio.sleep(1.2)
            code, _ = await ledger.issue()
            if profile is not None and found:
                profile.enable()
            begun = spent(ledger.postmaster)
            await ledger.settled(code, pause=0.5)
            found.append(spent(ledger.postmaster) - begun)
            if profile is not None:
                profile.disable()
            await ledger.retract(code)
            await ledger.settled(code)
        stop.set()
        await running
    return found[1:]  # the first opens every outlet's settings


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--outlets", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--profile")
    given = arguments.parse_args()
    profile = cProfile.Profile() if given.profile else None
    spare_the_collector(SELDOM)
    found = uvloop.run(measure(given.outlets, given.rounds, profile))
    figures = [
        Figure(
            f"{who}, processor time for each delivery", [cost / given.outlets * 1e6 for cost in costs], "µs", digits=0
        )
        for who, costs in (("dispatcher", [one.ours for one in found]), ("PostgreSQL", [one.store for one in found]))
    ]
    show(figures, markdown=given.markdown)
    if profile is not None:
        profile.dump_stats(given.profile)


if __name__ == "__main__":
    main()
