"""The thousandth alert beside the first: the same fan-out on an empty ledger, on one that holds a hundred finished alerts, and
while somebody's forgotten BEGIN keeps every version of every row.

    python -m bench.aged [--outlets 10000] [--alerts 100] [--rounds 3] [--pinned 10]

``--alerts`` finished ones of ``--outlets`` deliveries each are written straight into the ledger. Behind the pinned snapshot
``--pinned`` alerts go out and end; the last of them are what counts.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import uvloop

from bench.hosts import SinkProcess
from bench.laps import lap
from bench.ledger import Ledger
from bench.spent import cpu_seconds_of_all
from bench.table import Figure, parser, ratios, show, tell


@dataclass(frozen=True, slots=True)
class Day:
    """Deliveries a second, and PostgreSQL's processor time for each in µs."""

    rate: float
    store: float


async def fan_out(ledger: Ledger, sink: SinkProcess, outlets: int) -> Day:
    """One alert and its end."""
    begun = cpu_seconds_of_all(ledger.postmaster)
    code, committed = await ledger.issue()
    await ledger.settled(code, pause=0.2)
    used = cpu_seconds_of_all(ledger.postmaster) - begun
    rate = lap(sink.report(), committed, outlets).rate
    await ledger.retract(code)
    await ledger.settled(code, pause=0.2)
    sink.report()
    return Day(rate, used / outlets * 1e6)


async def grow_old(ledger: Ledger, alerts: int) -> None:
    """As many more finished alerts as this, each a copy of the newest with its deliveries and attempts."""
    (newest,) = await ledger.sql("SELECT max(id) AS id FROM alert")

    async def columns(table: str, *but: str) -> str:
        found = await ledger.sql(
            "SELECT column_name AS name FROM information_schema.columns WHERE table_name = :table", table=table
        )
        return ", ".join(c.name for c in found if c.name not in but)

    alert, delivery = await columns("alert", "id", "code", "ended_at"), await columns("delivery", "id", "alert_id")
    attempt = await columns("attempt", "id", "delivery_id")
    for n in range(alerts):
        (copy,) = await ledger.sql(
            f"INSERT INTO alert (code, ended_at, {alert}) SELECT code || :mark, ended_at - make_interval(days => :days), "
            f"{alert} FROM alert WHERE id = :id RETURNING id", id=newest.id, mark=f"-{n}", days=10 + n,
        )  # fmt: skip
        await ledger.sql(
            f"INSERT INTO delivery (alert_id, {delivery}) SELECT :copy, {delivery} FROM delivery WHERE alert_id = :id",
            id=newest.id, copy=copy.id,
        )  # fmt: skip
        of_attempt = ", ".join(f"a.{name}" for name in attempt.split(", "))
        await ledger.sql(
            f"INSERT INTO attempt (delivery_id, {attempt}) SELECT c.id, {of_attempt} FROM attempt a "
            "JOIN delivery d ON d.id = a.delivery_id AND d.alert_id = :id "
            "JOIN delivery c ON c.alert_id = :copy AND c.number = d.number AND c.outlet_id = d.outlet_id",
            id=newest.id, copy=copy.id,
        )  # fmt: skip
    plain = await connected(ledger)
    await plain.execute("VACUUM (ANALYZE)")
    await plain.close()


async def connected(ledger: Ledger) -> asyncpg.Connection:
    """Without a transaction around each statement."""
    return await asyncpg.connect(ledger.url.replace("postgresql+asyncpg", "postgresql"))


async def measure(outlets: int, alerts: int, rounds: int, pinned: int) -> Sequence[Figure]:
    days: dict[str, Sequence[Day]] = {}
    with SinkProcess() as sink:
        async with Ledger(outlets, sink.port) as ledger:
            await fan_out(ledger, sink, outlets)  # opens every outlet's settings
            days["first day"] = [await fan_out(ledger, sink, outlets) for _ in range(rounds)]
            begun = time.monotonic()
            await grow_old(ledger, alerts)
            tell(f"{alerts * outlets * 2} deliveries more took {time.monotonic() - begun:.0f} s to write")
            days["a hundredth day"] = [await fan_out(ledger, sink, outlets) for _ in range(rounds)]
            forgotten = await connected(ledger)
            try:
                await forgotten.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                await forgotten.fetchval("SELECT count(*) FROM alert")
                found = [await fan_out(ledger, sink, outlets) for _ in range(pinned)]
                days["behind a forgotten BEGIN"] = found[-rounds:]
                tell(" ".join(f"{day.rate:.0f}/s {day.store:.0f} µs" for day in found))
            finally:
                forgotten.terminate()
    return figures(days)


def figures(days: dict[str, Sequence[Day]]) -> Sequence[Figure]:
    found = []
    for when, each in days.items():
        found += [
            Figure(f"{when}, deliveries", [day.rate for day in each], "/s", digits=0),
            Figure(f"{when}, PostgreSQL for each", [day.store for day in each], "µs", digits=0),
        ]
    first = days["first day"]
    for when in list(days)[1:]:
        found += [
            Figure(f"{when} ÷ first day, rate", ratios([d.rate for d in days[when]], [d.rate for d in first]), goal="1"),
            Figure(
                f"{when} ÷ first day, PostgreSQL's time", ratios([d.store for d in days[when]], [d.store for d in first]),
                goal="1",
            ),
        ]  # fmt: skip
    return found


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--outlets", type=int, default=10_000)
    arguments.add_argument("--alerts", type=int, default=100)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--pinned", type=int, default=10)
    given = arguments.parse_args()
    found = uvloop.run(measure(given.outlets, given.alerts, given.rounds, max(given.pinned, given.rounds)))
    show(found, markdown=given.markdown)


if __name__ == "__main__":
    main()
