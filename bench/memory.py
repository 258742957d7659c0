"""Peak memory of one fan-out above what the processes have when idle.

    python -m bench.memory [--deliveries 100000] [--rounds 3]

One ``huijia api`` that issues and one ``huijia dispatch`` that sends, after a first fan-out that opens every outlet's
settings: the peak of each from /proc (VmHWM) less what it has idle (VmRSS). Of PostgreSQL, what its processes share with
nobody (RssAnon), looked at every tenth of a second.
"""

import asyncio
import time
from collections.abc import Sequence

import httpx
import uvloop

from app.domain.words import Scope
from bench.hosts import SinkProcess
from bench.laps import lap
from bench.ledger import Ledger
from bench.spent import children, forget_the_peak, megabytes
from bench.table import Figure, parser, show
from tests.making import make_key, record_json

PATIENCE = 300.0  # seconds for a fan-out


def private(postmaster: int) -> float:
    """Megabytes that only PostgreSQL's processes have, together."""
    return sum(megabytes(pid, "RssAnon") for pid in (postmaster, *children(postmaster)))


async def watch(postmaster: int, peak: list[float]) -> None:
    """Until cancelled."""
    while True:
        peak[0] = max(peak[0], private(postmaster))
        await asyncio.sleep(0.1)


async def fan_out(ledger: Ledger, sink: SinkProcess, client: httpx.AsyncClient, deliveries: int) -> None:
    """An alert over the API to every outlet, and its end."""
    begun = time.time()
    answer = await client.post("/v1/alerts", json=record_json())
    assert answer.status_code == 201, answer.text
    code = answer.json()["id"]
    await ledger.settled(code, PATIENCE, pause=0.5)
    lap(sink.report(), begun, deliveries)
    (await client.post(f"/v1/alerts/{code}/retract", json={"reason": "found"})).raise_for_status()
    await ledger.settled(code, PATIENCE, pause=0.5)
    sink.report()


async def measure(deliveries: int, rounds: int) -> Sequence[Figure]:
    found: dict[str, list[float]] = {"api": [], "dispatcher": [], "PostgreSQL": []}
    with SinkProcess() as sink:
        async with Ledger(deliveries, sink.port) as ledger:
            bearer = await make_key(ledger.house, Scope.POLICE)
            with ledger.api() as (api, port):
                headers = {"authorization": f"Bearer {bearer}"}
                async with httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False
                ) as client:
                    await fan_out(ledger, sink, client, deliveries)
                    for _ in range(rounds):
                        await asyncio.sleep(2)
                        ours = {"api": api, "dispatcher": ledger.pids[0]}
                        idle = {name: megabytes(pid, "VmRSS") for name, pid in ours.items()}
                        for pid in ours.values():
                            forget_the_peak(pid)
                        theirs = [before := private(ledger.postmaster)]
                        watching = asyncio.create_task(watch(ledger.postmaster, theirs))
                        await fan_out(ledger, sink, client, deliveries)
                        watching.cancel()
                        for name, pid in ours.items():
                            found[name].append(megabytes(pid, "VmHWM") - idle[name])
                        found["PostgreSQL"].append(theirs[0] - before)
    both = [a + d for a, d in zip(found["api"], found["dispatcher"], strict=True)]
    of = f"above idle, {deliveries:,} deliveries"
    return [
        *(Figure(f"memory of {name} {of}", each, "MB", digits=0) for name, each in found.items()),
        Figure(f"memory of huijia {of}", both, "MB", "≤ 150 MB", digits=0),
    ]


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--deliveries", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    show(uvloop.run(measure(given.deliveries, given.rounds)), markdown=given.markdown)


if __name__ == "__main__":
    main()
