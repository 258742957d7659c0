"""The fan-out against its own client alone and the design that everybody writes first, interleaved on one sink.

    python -m bench [--outlets 10000] [--rounds 3] [--dispatchers 1]

Every road sends 1.5 KB, signed, on a new connection to each outlet; the sink checks that each outlet had it once.
"""

import argparse
import statistics
from collections import defaultdict
from dataclasses import dataclass

import uvloop

from bench import client, naive
from bench.hosts import Heard, SinkProcess
from bench.ledger import Ledger

NAIVE_OUTLETS = 1000  # enough to know its pace


@dataclass(frozen=True, slots=True)
class Lap:
    """Deliveries a second, and the 99th percentile in seconds from the beginning (the commit, where there is one)."""

    rate: float
    p99: float
    first: float


def lap(heard: Heard, begun: float, outlets: int) -> Lap:
    """Fails when an outlet was missed, or had the same message twice."""
    assert len(heard.at) == outlets, f"{outlets - len(heard.at)} outlets were not reached"
    assert heard.doubles == 0, f"{heard.doubles} doubles"
    late = sorted(at - begun for at in heard.at.values())
    return Lap(outlets / late[-1], late[int(len(late) * 0.99)], late[0])


async def measure(outlets: int, rounds: int, dispatchers: int) -> dict[str, list[Lap]]:
    laps: dict[str, list[Lap]] = defaultdict(list)
    with SinkProcess() as sink:
        async with Ledger(outlets, sink.port, dispatchers) as ledger:
            for _ in range(rounds):
                begun, _ = await client.send_all(outlets, sink.port)
                laps["client alone"].append(lap(sink.report(), begun, outlets))
                code, committed = await ledger.issue()
                await ledger.settled(code)
                laps["huijia"].append(lap(sink.report(), committed, outlets))
                begun, _ = await ledger.retract(code)
                await ledger.settled(code)
                laps["huijia, retraction"].append(lap(sink.report(), begun, outlets))
                begun, _ = await naive.send_all(ledger.url, min(NAIVE_OUTLETS, outlets), sink.port)
                laps["naive"].append(lap(sink.report(), begun, min(NAIVE_OUTLETS, outlets)))
    return laps


def middle(values: list[float]) -> str:
    """Median and spread."""
    return f"{statistics.median(values):9.2f} ({min(values):.2f}–{max(values):.2f})"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--outlets", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--dispatchers", type=int, default=1)
    given = arguments.parse_args()
    laps = uvloop.run(measure(given.outlets, given.rounds, given.dispatchers))
    print(f"{given.outlets} outlets, {given.rounds} rounds, {given.dispatchers} dispatcher(s); median (spread)")
    for road, found in laps.items():
        print(f"{road:20} {middle([one.rate for one in found])} /s   p99 {middle([one.p99 for one in found])} s   "
              f"first {middle([one.first * 1000 for one in found])} ms")  # fmt: skip
    for title, above, below, of in (
        ("huijia ÷ client alone, rate", "huijia", "client alone", "rate"),
        ("huijia ÷ naive, rate", "huijia", "naive", "rate"),
        ("huijia ÷ client alone, p99", "huijia", "client alone", "p99"),
        ("retraction ÷ alert, p99", "huijia, retraction", "huijia", "p99"),
    ):
        pairs = zip(laps[above], laps[below], strict=True)
        print(f"{title:30} {middle([getattr(a, of) / getattr(b, of) for a, b in pairs])}")


if __name__ == "__main__":
    main()
