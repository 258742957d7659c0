"""What it is worth that outlets keep connections open: a retraction over those that its alert opened, and over new ones.

    python -m bench.kept [--outlets 3000] [--rounds 3] [--dispatchers 1 2] [--pause 3]

The sink keeps every connection. The retraction is committed ``--pause`` seconds after the alert; for the one over new ones the
sink has closed all of them before, as an outlet does whose patience is over. The sink counts which came on what: with one
dispatcher all or none. With several the retraction may be sent by another process than the one that has the connection, and
the share that was kept is a figure. Rates are from the commit. Beside them the client alone, which tells what is in it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import uvloop

from app.commands.serving import open_as_many_as_allowed
from app.dispatch.files import shares
from app.dispatch.ways import KEPT_SECONDS
from bench import client
from bench.hosts import SinkProcess
from bench.laps import lap
from bench.ledger import Ledger
from bench.papers import papers
from bench.table import Figure, parser, ratios, show

SINKS = 2  # as in bench.tls
NOTICED = 0.5  # seconds within which a client sees that its connections were closed


@dataclass(frozen=True, slots=True)
class Second:
    """How fast the second message to each outlet was, and the share of it that came on the first one's connection."""

    rate: float
    kept: float


Found = Mapping[str, Sequence[Second]]


async def second(sink: SinkProcess, begun: float, outlets: int, *, kept: bool, exact: bool) -> Second:
    """Fails when it is not what it is taken for."""
    heard = sink.report()
    assert heard.kept + heard.opened == outlets, f"{heard.kept} kept and {heard.opened} new for {outlets} messages"
    if exact or not kept:
        assert heard.kept == (outlets if kept else 0), f"{heard.kept} of {outlets} came on kept connections"
    return Second(lap(heard, begun, outlets).rate, heard.kept / outlets)


async def drop(sink: SinkProcess) -> None:
    sink.drop()
    await asyncio.sleep(NOTICED)


async def alone(sink: SinkProcess, outlets: int, *, tls: bool, kept: bool) -> Second:
    sender = client.build(keeps=timedelta(seconds=KEPT_SECONDS))
    await client.send_by(sender, range(outlets), sink.port, tls=tls)
    if not kept:
        await drop(sink)
    sink.report()
    begun = await client.send_by(sender, range(outlets), sink.port, tls=tls)
    found = await second(sink, begun, outlets, kept=kept, exact=True)
    await sender.close()
    return found


async def retraction(ledger: Ledger, sink: SinkProcess, outlets: int, pause: float, *, kept: bool) -> Second:
    await drop(sink)  # whoever has a connection has it from this alert
    code, _ = await ledger.issue()
    await ledger.settled(code)
    await asyncio.sleep(pause)
    if not kept:
        await drop(sink)
    sink.report()
    _, committed = await ledger.retract(code)
    await ledger.settled(code)
    return await second(sink, committed, outlets, kept=kept, exact=len(ledger.pids) == 1)


async def measure(
    outlets: int, rounds: int, counts: Sequence[int], pause: float, folder: Path | None
) -> Mapping[str, Found]:
    """By who sent; over TLS with a folder of papers."""
    found: dict[str, dict[str, list[Second]]] = defaultdict(lambda: defaultdict(list))
    tls = folder is not None
    with SinkProcess(keep=True, papers=folder, processes=SINKS) as sink:
        async with Ledger(outlets, sink.port, dispatchers=0, tls=tls) as ledger:
            for count in counts:
                ledger.start_dispatchers(count)
                await ledger.at_work()
                await retraction(ledger, sink, outlets, 0, kept=True)  # the first opens every outlet's settings
                name = f"{count} dispatcher{'s' if count > 1 else ''}"
                for _ in range(rounds):
                    for how, kept in (("new", False), ("kept", True)):
                        found[name][how].append(await retraction(ledger, sink, outlets, pause, kept=kept))
                ledger.stop_dispatchers()
            for _ in range(rounds):
                for how, kept in (("new", False), ("kept", True)):
                    found["client alone"][how].append(await alone(sink, outlets, tls=tls, kept=kept))
    return found


def figures(scheme: str, found: Mapping[str, Found]) -> Sequence[Figure]:
    said = []
    for name, ways in found.items():
        rate = {how: [one.rate for one in each] for how, each in ways.items()}
        goal = "" if name == "client alone" else "≥ 3"
        said += [
            Figure(f"{scheme}, {name}, over new connections", rate["new"], "/s", digits=0),
            Figure(f"{scheme}, {name}, over kept connections", rate["kept"], "/s", digits=0),
            Figure(f"{scheme}, {name}, share that came on kept ones", [one.kept for one in ways["kept"]]),
            Figure(f"{scheme}, {name}, kept ÷ new, rate", ratios(rate["kept"], rate["new"]), goal=goal),
        ]
    return said


async def measure_both(outlets: int, rounds: int, counts: Sequence[int], pause: float) -> Sequence[Figure]:
    said = [*figures("http", await measure(outlets, rounds, counts, pause, None))]
    with papers(outlets) as folder:
        return [*said, *figures("https", await measure(outlets, rounds, counts, pause, folder))]


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--outlets", type=int, default=3000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--dispatchers", type=int, nargs="+", default=[1, 2])
    arguments.add_argument(
        "--pause",
        type=float,
        default=3.0,
        help=f"seconds between the alert and its retraction; the client keeps a connection for {KEPT_SECONDS}",
    )
    given = arguments.parse_args()
    open_as_many_as_allowed()
    if given.outlets > (most := shares().kept):
        arguments.error(f"with so few files as a process may open here a dispatcher keeps {most} connections")
    found = uvloop.run(measure_both(given.outlets, given.rounds, given.dispatchers, given.pause))
    show(found, markdown=given.markdown)


if __name__ == "__main__":
    main()
