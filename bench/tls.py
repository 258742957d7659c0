"""The fan-out over TLS against its own client alone, interleaved on one sink that speaks TLS.

    python -m bench.tls [--outlets 3000] [--rounds 3] [--dispatchers N]

Every outlet is a loopback host of its own, with a certificate that names it; both roads verify it. Each message takes a new
connection and a handshake (ECDSA on P-256), and the sink checks that. A handshake costs the far end as much as the client,
so the sink has two processes: what bounds all of it is the machine. With ``--dispatchers 1`` one process is compared with one.
"""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import uvloop

from bench import client
from bench.hosts import Heard, SinkProcess
from bench.laps import Lap, lap
from bench.ledger import Ledger
from bench.papers import papers
from bench.spent import cpu_seconds
from bench.table import Figure, parser, ratios, show

SINKS = 2  # a handshake takes the far end about as long as the client


@dataclass(frozen=True, slots=True)
class Road:
    """A lap, the processor seconds of the sink for each second of it and for each message, and how many of its sessions
    were earlier ones."""

    lap: Lap
    busy: float
    each: float
    resumed: int


def road(heard: Heard, begun: float, outlets: int, spent: float) -> Road:
    """Fails, too, when a connection was used twice."""
    assert heard.opened == outlets, f"{heard.opened} connections for {outlets} messages"
    took = max(heard.at.values()) - begun
    return Road(lap(heard, begun, outlets), spent / took, spent / outlets, heard.resumed)


def used(sink: SinkProcess) -> float:
    """Processor seconds so far."""
    return sum(map(cpu_seconds, sink.pids))


async def alone(sink: SinkProcess, outlets: int) -> Road:
    before = used(sink)
    begun, _ = await client.send_all(outlets, sink.port, tls=True)
    return road(sink.report(), begun, outlets, used(sink) - before)


async def huijia(ledger: Ledger, sink: SinkProcess, outlets: int) -> Road:
    before = used(sink)
    code, committed = await ledger.issue()
    await ledger.settled(code)
    found = road(sink.report(), committed, outlets, used(sink) - before)
    await ledger.retract(code)
    await ledger.settled(code)
    sink.report()
    return found


async def measure(outlets: int, rounds: int, dispatchers: int) -> Mapping[str, Sequence[Road]]:
    found: dict[str, list[Road]] = defaultdict(list)
    with papers(outlets) as folder, SinkProcess(papers=folder, processes=SINKS) as sink:
        async with Ledger(outlets, sink.port, dispatchers, tls=True) as ledger:
            await huijia(ledger, sink, outlets)  # the first opens every outlet's settings
            for _ in range(rounds):
                found["client alone"].append(await alone(sink, outlets))
                found["huijia"].append(await huijia(ledger, sink, outlets))
    return found


def figures(found: Mapping[str, Sequence[Road]]) -> Sequence[Figure]:
    said = []
    for name, each in found.items():
        said += [
            Figure(f"{name} over TLS, deliveries", [one.lap.rate for one in each], "/s", digits=0),
            Figure(f"{name} over TLS, p99", [one.lap.p99 for one in each], "s"),
            Figure(f"{name} over TLS, cores of the sink", [one.busy for one in each]),
            Figure(
                f"{name} over TLS, the sink's processor time for each", [one.each * 1e6 for one in each], "µs", digits=0
            ),
            Figure(f"{name} over TLS, sessions that were earlier ones", [one.resumed for one in each], digits=0),
        ]
    rate = {name: [one.lap.rate for one in each] for name, each in found.items()}
    late = {name: [one.lap.p99 for one in each] for name, each in found.items()}
    return [
        *said,
        Figure("huijia ÷ client alone over TLS, rate", ratios(rate["huijia"], rate["client alone"]), goal="≥ 0.95"),
        Figure("huijia ÷ client alone over TLS, p99", ratios(late["huijia"], late["client alone"])),
    ]


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--outlets", type=int, default=3000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument(
        "--dispatchers", type=int, default=os.cpu_count() or 1, help="one for each core, as they are run"
    )
    given = arguments.parse_args()
    found = uvloop.run(measure(given.outlets, given.rounds, given.dispatchers))
    show(figures(found), markdown=given.markdown)


if __name__ == "__main__":
    main()
