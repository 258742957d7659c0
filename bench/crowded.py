"""One partner owns every outlet and bears only so many at once from a dispatcher, as partners do: against one that bears all.

    python -m bench.crowded [--outlets 10000] [--rounds 3] [--bears 500 100]

The outlets answer at once, so that a dispatcher could use a place again some milliseconds later. 500 is what a partner bears
that has not said otherwise. PostgreSQL's processor time is in units of the sink's.
"""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence

import uvloop

from bench.hosts import SinkProcess
from bench.ledger import EVERYTHING, Ledger
from bench.machines import Load, one
from bench.table import Figure, parser, ratios, show


async def measure(outlets: int, rounds: int, bears: Sequence[int]) -> Mapping[int, Sequence[Load]]:
    found: dict[int, list[Load]] = defaultdict(list)
    with SinkProcess() as sink:
        async with Ledger(outlets, sink.port, os.cpu_count() or 1) as ledger:
            await one(ledger, sink, outlets)  # each dispatcher opens the outlets' settings
            for _ in range(rounds):
                for many in (EVERYTHING, *bears):
                    await ledger.bears(many)
                    found[many].append(await one(ledger, sink, outlets))
    return found


def figures(found: Mapping[int, Sequence[Load]]) -> Sequence[Figure]:
    said = []
    free = [load.rate for load in found[EVERYTHING]]
    for many, loads in found.items():
        name = "bears everything" if many == EVERYTHING else f"bears {many}"
        rates = [load.rate for load in loads]
        said += [
            Figure(f"{name}, deliveries", rates, "/s", digits=0),
            Figure(f"{name}, PostgreSQL ÷ the sink's", [load.by_the_sink(load.postgresql) for load in loads]),
        ]
        if many != EVERYTHING:
            said.append(Figure(f"{name} ÷ everything, rate", ratios(rates, free)))
    return said


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--outlets", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--bears", type=int, nargs="+", default=[500, 100])
    given = arguments.parse_args()
    show(figures(uvloop.run(measure(given.outlets, given.rounds, given.bears))), markdown=given.markdown)


if __name__ == "__main__":
    main()
