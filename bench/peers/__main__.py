"""huijia against what a user would pick instead, interleaved on one sink; ``make bench-peers`` makes what it needs.

    python -m bench.peers [--outlets 10000] [--rounds 3] [--processes N] [--picked] [--venv .venv/peers] [--only NAME …]

Each peer has as many worker processes as huijia has dispatchers, one for each core (Celery: one with sixteen children), and
hands the same signed 1.5 KB to huijia's own client, on a new connection to each host; ``--picked``: to one that its user
would pick, aiohttp (Celery: requests). Apprise and Alertmanager bring their own client and cannot sign. The clock runs from
the moment at which the first delivery could be taken. A slow peer gets fewer deliveries: its rate is what counts. The sink
checks that each host had it once; a peer that fails at that has no figure.
"""

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import asyncpg
import uvloop

from bench.beside import ROOT, Missing
from bench.hosts import SinkProcess
from bench.laps import Lap, lap
from bench.ledger import Ledger
from bench.peers import alertmanager
from bench.peers.roads import ROADS, Road, Store
from bench.peers.stage import Failed, run, run_alertmanager
from bench.table import Figure, parser, show, tell

OURS = "huijia"
ALERTMANAGER = "alertmanager"
GOALS = {ALERTMANAGER: "≥ 1.5", "pgqueuer": "≥ 5", "arq": "≥ 12", "taskiq": "≥ 12"} | dict.fromkeys(
    ("celery", "procrastinate", "apprise"), "≥ 25"
)
NAMES = (*(road.name for road in ROADS), ALERTMANAGER)


async def empty_database(url: str, name: str) -> str:
    """A database of that name with nothing in it, on the server that huijia uses."""
    dsn = url.replace("+asyncpg", "")
    asking = await asyncpg.connect(dsn)
    await asking.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await asking.execute(f'CREATE DATABASE "{name}"')
    await asking.close()
    return dsn.replace("/postgres?", f"/{name}?")


async def ours(ledger: Ledger, sink: SinkProcess, outlets: int) -> Lap:
    """huijia's lap; the alert is ended and forgotten by the sink afterwards."""
    code, committed = await ledger.issue()
    await ledger.settled(code)
    found = lap(sink.report(), committed, outlets)
    await ledger.retract(code)
    await ledger.settled(code)
    sink.report()
    return found


def attempt(name: str, one: Callable[[], Lap], lost: dict[str, str]) -> Lap | None:
    """A lap, unless something is missing or it fails: then why, aloud, and no second try."""
    try:
        return one()
    except Missing as why:
        lost[name] = f"SKIPPED: {why}"
    except (Failed, AssertionError, OSError) as why:
        lost[name] = f"FAILED: {why}"
    tell(f"{name} {lost[name]}")
    return None


async def measure(
    outlets: int, rounds: int, venv: Path, names: Sequence[str], processes: int, picked: bool
) -> tuple[Mapping[str, Sequence[Lap]], Mapping[str, str]]:
    """The laps, round by round, and who has none and why."""
    laps: dict[str, list[Lap]] = defaultdict(list)
    lost: dict[str, str] = {}

    def libraries(road: Road, database: str) -> Callable[[], Lap]:
        return lambda: run(road, road.python(venv), sink, min(outlets, road.most), database, processes, picked)

    with SinkProcess() as sink:
        async with Ledger(outlets, sink.port, processes) as ledger:
            await ours(ledger, sink, outlets)  # a warm one: it opens every outlet's settings
            for n in range(rounds):
                laps[OURS].append(await ours(ledger, sink, outlets))
                roads: dict[str, Callable[[], Lap]] = {}
                for road in ROADS:
                    keeps = road.store is Store.POSTGRESQL and road.name in names
                    roads[road.name] = libraries(road, await empty_database(ledger.url, road.name) if keeps else "")
                roads[ALERTMANAGER] = lambda: run_alertmanager(sink, min(outlets, alertmanager.MOST))
                for name, one in roads.items():
                    if name not in names or name in lost:
                        continue
                    tell(f"round {n + 1} of {rounds}: {name}")
                    if (found := attempt(name, one, lost)) is not None:
                        laps[name].append(found)
                    sink.report()  # what a failed one left
    return laps, lost


def figures(laps: Mapping[str, Sequence[Lap]], outlets: int) -> Sequence[Figure]:
    most = {road.name: min(road.most, outlets) for road in ROADS} | {ALERTMANAGER: min(alertmanager.MOST, outlets)}
    found = []
    for name, each in laps.items():
        count = most.get(name, outlets)
        found.append(Figure(f"{name}, {count:,} deliveries", [one.rate for one in each], "/s", digits=0))
        found.append(Figure(f"{name}, {count:,} deliveries, p99", [one.p99 for one in each], "s"))
    us = [one.rate for one in laps[OURS]]
    for name, each in laps.items():
        if name != OURS:
            pairs = zip(us, each, strict=False)  # a peer that failed in the last round has a pair less
            found.append(Figure(f"{OURS} ÷ {name}, rate", [a / b.rate for a, b in pairs], goal=GOALS[name]))
    return found


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--outlets", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments.add_argument("--picked", action="store_true")
    arguments.add_argument("--venv", type=Path, default=ROOT / ".venv/peers")
    arguments.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    given = arguments.parse_args()
    laps, lost = uvloop.run(
        measure(given.outlets, given.rounds, given.venv.absolute(), given.only, given.processes, given.picked)
    )
    show(figures(laps, given.outlets), markdown=given.markdown)
    for name, why in lost.items():
        print(f"| {name} | {' '.join(why.split())} | |" if given.markdown else f"  {name} {why}")
    sys.exit(any(why.startswith("FAILED") for why in lost.values()))


if __name__ == "__main__":
    main()
