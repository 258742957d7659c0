"""How long until all who may have aired an alert are told to take it down: on an idle system, and while a hundred thousand
deliveries of other alerts wait.

    python -m bench.priority [--outlets 10000] [--pending 100000] [--rounds 3]

The seconds run from before the retraction's transaction to the last outlet's sink. The others are issued while the
dispatcher is held, so that all of them wait, and it has run for a moment when the retraction comes.
"""

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvloop

from bench.hosts import SinkProcess
from bench.laps import lap
from bench.ledger import Ledger
from bench.table import Figure, parser, ratios, show

MOMENT = 0.3  # seconds: the dispatcher has its hands full of the others
PATIENCE = 300.0  # seconds for everything that waits


@contextmanager
def held(pids: Sequence[int]) -> Iterator[None]:
    """The dispatchers stand still for as long as the block."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def aired(ledger: Ledger, sink: SinkProcess, outlets: int) -> str:
    """An alert that every outlet has."""
    code, committed = await ledger.issue()
    await ledger.settled(code, PATIENCE)
    lap(sink.report(), committed, outlets)
    return code


async def told(ledger: Ledger, sink: SinkProcess, code: str, outlets: int) -> tuple[float, int]:
    """Seconds until every outlet was told, and how many deliveries waited when that began."""
    (waiting,) = await ledger.sql("SELECT count(*) AS n FROM delivery WHERE state = 'pending'")
    begun, _ = await ledger.retract(code)
    await ledger.settled(code, PATIENCE, pause=0.2)
    rows = await ledger.sql(
        "SELECT d.id FROM delivery d JOIN alert a ON a.id = d.alert_id WHERE a.code = :code AND d.kind = 'retract'",
        code=code,
    )
    assert len(rows) == outlets, f"{len(rows)} of {outlets} were to be told"
    heard = sink.report().messages
    return max(heard[f"dlv_{row.id}"] for row in rows) - begun, waiting.n


async def while_others_wait(ledger: Ledger, sink: SinkProcess, outlets: int, pending: int) -> tuple[float, int]:
    """The same in the middle of a fan-out of many alerts; everything is delivered when it returns."""
    code = await aired(ledger, sink, outlets)
    with held(ledger.pids):
        others = [(await ledger.issue())[0] for _ in range(-(-pending // outlets))]
    await asyncio.sleep(MOMENT)
    found = await told(ledger, sink, code, outlets)
    for other in others:
        await ledger.settled(other, PATIENCE, pause=0.5)
    sink.report()
    return found


async def measure(outlets: int, pending: int, rounds: int) -> Sequence[Figure]:
    idle, busy, waiting = list[float](), list[float](), list[float]()
    with SinkProcess() as sink:
        async with Ledger(outlets, sink.port) as ledger:
            for n in range(rounds + 1):
                alone, _ = await told(ledger, sink, await aired(ledger, sink, outlets), outlets)
                if n == 0:
                    continue  # the first opens every outlet's settings
                idle.append(alone)
                beside, left = await while_others_wait(ledger, sink, outlets, pending)
                busy.append(beside)
                waiting.append(left)
    return [
        Figure(f"retraction to {outlets:,} outlets, idle", idle, "s"),
        Figure(f"retraction to {outlets:,} outlets beside what waits", busy, "s"),
        Figure("deliveries that waited when it began", waiting, digits=0),
        Figure("retraction beside what waits ÷ idle", ratios(busy, idle), goal="0.8–1.2"),
    ]


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--outlets", type=int, default=10_000)
    arguments.add_argument("--pending", type=int, default=100_000, help="deliveries of other alerts")
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    show(uvloop.run(measure(given.outlets, given.pending, given.rounds)), markdown=given.markdown)


if __name__ == "__main__":
    main()
