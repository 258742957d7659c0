"""The fan-out against the wire's limit, its own client alone (in one process, and in one for each core) and the design
that everybody writes first, interleaved on one sink.

    python -m bench [--outlets 10000] [--rounds 3] [--dispatchers N]

Every road sends 1.5 KB, signed, on a new connection to each outlet; the sink checks that each outlet had it once.
"""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

import uvloop

from bench import client, limit, naive
from bench.cores import Cores
from bench.hosts import SinkProcess
from bench.laps import Lap, lap
from bench.ledger import Ledger
from bench.table import Figure, parser, ratios, show

NAIVE_OUTLETS = 1000  # enough to know its pace
PAUSE = 0.3  # seconds between two looks whether all is settled: asking twenty times a second is felt


async def measure(outlets: int, rounds: int, dispatchers: int) -> Mapping[str, Sequence[Lap]]:
    laps: dict[str, list[Lap]] = defaultdict(list)
    with SinkProcess() as sink, Cores(os.cpu_count() or 1, outlets, sink.port) as cores:
        async with Ledger(outlets, sink.port, dispatchers) as ledger:
            for _ in range(rounds):
                laps["limit"].append(limit.run(sink, outlets))
                begun, _ = await client.send_all(outlets, sink.port)
                laps["client alone"].append(lap(sink.report(), begun, outlets))
                begun = await asyncio.to_thread(cores.send_all)
                laps["client on every core"].append(lap(sink.report(), begun, outlets))
                begun = time.time()
                code, committed = await ledger.issue()
                await ledger.settled(code, pause=PAUSE)
                heard = sink.report()
                laps["huijia"].append(lap(heard, committed, outlets))
                laps["huijia, with its transaction"].append(lap(heard, begun, outlets))
                begun, _ = await ledger.retract(code)
                await ledger.settled(code, pause=PAUSE)
                laps["huijia, retraction"].append(lap(sink.report(), begun, outlets))
                begun, _ = await naive.send_all(ledger.url, min(NAIVE_OUTLETS, outlets), sink.port)
                laps["naive"].append(lap(sink.report(), begun, min(NAIVE_OUTLETS, outlets)))
    return laps


def figures(laps: Mapping[str, Sequence[Lap]]) -> Sequence[Figure]:
    found = []
    for road, each in laps.items():
        found += [
            Figure(f"{road}, deliveries", [one.rate for one in each], "/s", digits=0),
            Figure(f"{road}, p99", [one.p99 for one in each], "s"),
            Figure(f"{road}, first", [one.first * 1000 for one in each], "ms", digits=0),
        ]
    rate = {road: [one.rate for one in each] for road, each in laps.items()}
    late = {road: [one.p99 for one in each] for road, each in laps.items()}
    return [
        *found,
        Figure("huijia ÷ limit, rate", ratios(rate["huijia"], rate["limit"]), goal="≥ 0.5, then 0.7"),
        Figure("huijia ÷ client alone, rate", ratios(rate["huijia"], rate["client alone"]), goal="≥ 0.95"),
        Figure("client alone ÷ limit, rate", ratios(rate["client alone"], rate["limit"])),
        Figure("huijia ÷ naive, rate", ratios(rate["huijia"], rate["naive"]), goal="≥ 25"),
        Figure("client on every core ÷ naive, rate", ratios(rate["client on every core"], rate["naive"])),
        Figure("huijia ÷ client on every core, rate", ratios(rate["huijia"], rate["client on every core"])),
        Figure("huijia ÷ client alone, p99", ratios(late["huijia"], late["client alone"]), goal="≤ 1.2"),
        Figure(
            "retraction ÷ alert, p99, both with their transactions",
            ratios(late["huijia, retraction"], late["huijia, with its transaction"]),
            goal="≤ 1.0",
        ),
        Figure(
            "retraction with its transaction ÷ alert without, p99", ratios(late["huijia, retraction"], late["huijia"])
        ),
    ]


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--outlets", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument(
        "--dispatchers", type=int, default=os.cpu_count() or 1, help="one for each core, as they are run"
    )
    given = arguments.parse_args()
    laps = uvloop.run(measure(given.outlets, given.rounds, given.dispatchers))
    show(figures(laps), markdown=given.markdown)


if __name__ == "__main__":
    main()
