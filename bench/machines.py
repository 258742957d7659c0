"""One, two and four dispatchers on one database: how fast they are together, and what bounds them.

    python -m bench.machines [--outlets 10000] [--rounds 3] [--dispatchers 1 2 4]

Cores are processor seconds for each second of the fan-out, from /proc: PostgreSQL's, the dispatchers' together, the sink's,
and those of all that this measurement runs. Where they come near the machine's cores, the machine is the bound. ÷ the sink's is
processor time for a delivery in units of what the sink needs for it, which holds from one hour to another.
"""

import math
import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import uvloop

from bench.hosts import SinkProcess
from bench.laps import lap
from bench.ledger import Ledger
from bench.spent import cpu_seconds, cpu_seconds_of_all, cpu_seconds_of_main
from bench.table import Figure, parser, ratios, show

FULL = 0.9  # of what one could use


@dataclass(frozen=True, slots=True)
class Load:
    """Deliveries a second, and the cores that each part used meanwhile. ``python``: of the dispatchers, their main threads."""

    rate: float
    postgresql: float
    dispatchers: float
    python: float
    sink: float
    bench: float

    @property
    def all(self) -> float:
        return self.postgresql + self.dispatchers + self.sink + self.bench

    def by_the_sink(self, cores: float) -> float:
        """In units of what the sink used; not a number where it used too little to be counted."""
        return cores / self.sink if self.sink else math.nan

    def bound(self, dispatchers: int) -> str:
        """In words: what had nothing left to give."""
        cores = os.cpu_count() or 1
        if self.all >= FULL * cores:
            return f"the machine's {cores} cores"
        if self.sink >= FULL:
            return "the sink, which has one core"
        if self.dispatchers >= FULL * dispatchers:
            return "the dispatchers, which have a core each"
        return "no processor of ours: it waits, or others use the machine"


def spent(ledger: Ledger, sink: SinkProcess) -> Sequence[float]:
    """Processor seconds so far, as in ``Load``."""
    dispatchers, python = (sum(map(of, ledger.pids)) for of in (cpu_seconds, cpu_seconds_of_main))
    of_the_sink = sum(map(cpu_seconds, sink.pids))
    return cpu_seconds_of_all(ledger.postmaster), dispatchers, python, of_the_sink, time.process_time()


async def one(ledger: Ledger, sink: SinkProcess, outlets: int) -> Load:
    """One fan-out, and its end."""
    before, begun = spent(ledger, sink), time.time()
    code, committed = await ledger.issue()
    await ledger.settled(code, pause=0.2)
    after, heard = spent(ledger, sink), sink.report()
    found, took = lap(heard, committed, outlets), max(heard.at.values()) - begun
    await ledger.retract(code)
    await ledger.settled(code)
    sink.report()
    return Load(found.rate, *((b - a) / took for a, b in zip(before, after, strict=True)))


async def measure(outlets: int, rounds: int, counts: Sequence[int]) -> Mapping[int, Sequence[Load]]:
    found: dict[int, list[Load]] = defaultdict(list)
    with SinkProcess() as sink:
        async with Ledger(outlets, sink.port, dispatchers=0) as ledger:
            for _ in range(rounds):
                for count in counts:
                    ledger.start_dispatchers(count)
                    await ledger.at_work()
                    await one(ledger, sink, outlets)  # each opens the outlets' settings
                    found[count].append(await one(ledger, sink, outlets))
                    ledger.stop_dispatchers()
    return found


def figures(found: Mapping[int, Sequence[Load]]) -> Sequence[Figure]:
    said, alone = [], found.get(1)
    for count, loads in found.items():
        name = f"{count} dispatcher{'s' if count > 1 else ''}"
        middle = sorted(loads, key=lambda load: load.rate)[len(loads) // 2]
        rates = [load.rate for load in loads]
        said += [
            Figure(f"{name}, deliveries; bound by {middle.bound(count)}", rates, "/s", digits=0),
            Figure(f"{name}, cores of PostgreSQL", [load.postgresql for load in loads]),
            Figure(f"{name}, cores of the dispatchers", [load.dispatchers for load in loads]),
            Figure(f"{name}, cores of the sink", [load.sink for load in loads]),
            Figure(f"{name}, cores of all together", [load.all for load in loads]),
            Figure(f"{name}, their Python ÷ the sink's", [load.by_the_sink(load.python) for load in loads]),
            Figure(
                f"{name}, their other threads ÷ the sink's",
                [load.by_the_sink(load.dispatchers - load.python) for load in loads],
            ),
            Figure(f"{name}, PostgreSQL ÷ the sink's", [load.by_the_sink(load.postgresql) for load in loads]),
        ]
        if alone and count > 1:
            said.append(Figure(f"{name} ÷ 1, rate", ratios(rates, [load.rate for load in alone])))
    return said


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--outlets", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--dispatchers", type=int, nargs="+", default=[1, 2, 4])
    given = arguments.parse_args()
    found = uvloop.run(measure(given.outlets, given.rounds, given.dispatchers))
    show(figures(found), markdown=given.markdown)


if __name__ == "__main__":
    main()
