"""How much later the others have it when every second outlet hangs: it takes the request and never answers.

    python -m bench.hanging [--outlets 2000] [--rounds 3]

The same outlets are compared: those that do not hang, in a clean run and beside those that do.
"""

import asyncio
import time
from collections.abc import Sequence

import uvloop

from bench.hosts import Heard, SinkProcess, address, is_odd
from bench.ledger import Ledger
from bench.table import Figure, parser, ratios, show

PATIENCE = 120.0  # seconds


def late(heard: Heard, begun: float, outlets: int) -> float:
    """The 99th percentile of those that never hang, in seconds from the commit."""
    waits = sorted(at - begun for place, at in heard.at.items() if not is_odd(place))
    wanted = sum(not is_odd(address(n)) for n in range(outlets))
    assert len(waits) == wanted, f"{len(waits)} of {wanted} have it"
    assert heard.doubles == 0, f"{heard.doubles} doubles"
    return waits[int(len(waits) * 0.99)]


async def clean(ledger: Ledger, sink: SinkProcess, outlets: int) -> float:
    code, committed = await ledger.issue()
    await ledger.settled(code, PATIENCE)
    found = late(sink.report(), committed, outlets)
    await end(ledger, sink, code)
    return found


async def beside_the_sick(ledger: Ledger, sink: SinkProcess, outlets: int) -> float:
    """They recover afterwards, and have everything in the end."""
    sink.let_half_hang()
    code, committed = await ledger.issue()
    wanted = sum(not is_odd(address(n)) for n in range(outlets))
    deadline = time.monotonic() + PATIENCE
    while sink.count() < wanted and time.monotonic() < deadline:  # noqa: ASYNC110 - the sink is asked, it does not call
        await asyncio.sleep(0.1)
    found = late(sink.report(), committed, outlets)
    sink.be_well()
    await end(ledger, sink, code)
    return found


async def end(ledger: Ledger, sink: SinkProcess, code: str) -> None:
    await ledger.retract(code)
    await ledger.settled(code, PATIENCE)
    sink.report()


async def measure(outlets: int, rounds: int) -> Sequence[Figure]:
    well, sick = list[float](), list[float]()
    with SinkProcess() as sink:
        async with Ledger(outlets, sink.port) as ledger:
            await clean(ledger, sink, outlets)  # the first opens every outlet's settings
            for _ in range(rounds):
                well.append(await clean(ledger, sink, outlets))
                sick.append(await beside_the_sick(ledger, sink, outlets))
    of = f"of {outlets:,} outlets"
    return [
        Figure(f"p99 of the half {of} that does not hang, clean run", well, "s"),
        Figure(f"p99 of the half {of} that does not hang, the other half hanging", sick, "s"),
        Figure(f"p99 beside hanging outlets ÷ clean run, half {of}", ratios(sick, well), goal="≤ 1.2"),
    ]


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--outlets", type=int, default=2000)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    show(uvloop.run(measure(given.outlets, given.rounds)), markdown=given.markdown)


if __name__ == "__main__":
    main()
