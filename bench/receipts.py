"""Receipts a second over the real API: as huijia takes them, up to 500 in a request and one transaction for all of them,
and one in each request and transaction.

    python -m bench.receipts [--receipts 5000] [--rounds 3] [--at-once 16]

One ``huijia api`` on a database that syncs; each lap has deliveries of its own, and every receipt must be recorded.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
import uvloop
from pyreqwest.client import Client, ClientBuilder

from app.domain.words import Scope
from bench.ledger import Ledger
from bench.table import Figure, parser, ratios, show
from tests.making import make_key

GROUP = 500


async def lap(client: Client, url: str, ids: Sequence[int], group: int, at_once: int) -> float:
    """Receipts a second, so many in each request."""
    now = datetime.now(UTC).isoformat()
    room = asyncio.Semaphore(at_once)

    async def send(some: Sequence[int]) -> int:
        body = orjson.dumps({"receipts": [{"delivery": f"dlv_{n}", "kind": "received", "at": now} for n in some]})
        async with room:
            answer = await client.post(url).header("content-type", "application/json").body_bytes(body).build().send()
            said = (await answer.bytes()).to_bytes()
        assert answer.status == 200, said[:500]
        return sum(one["outcome"] == "recorded" for one in orjson.loads(said)["results"])

    begun = time.monotonic()
    recorded = await asyncio.gather(*(send(ids[n : n + group]) for n in range(0, len(ids), group)))
    took = time.monotonic() - begun
    assert sum(recorded) == len(ids), f"{sum(recorded)} of {len(ids)} were recorded"
    return len(ids) / took


async def measure(receipts: int, rounds: int, at_once: int) -> Sequence[Figure]:
    """Interleaved: a grouped lap, then one with a transaction for each."""
    grouped, single = list[float](), list[float]()
    async with Ledger(receipts, 9, dispatchers=0) as ledger:
        (partner,) = await ledger.sql("SELECT id FROM partner")
        bearer = await make_key(ledger.house, Scope.PARTNER, partner_id=partner.id)
        with ledger.api() as (_, port):
            client = ClientBuilder().no_proxy().default_headers({"authorization": f"Bearer {bearer}"}).build()
            url = f"http://127.0.0.1:{port}/v1/receipts"
            for _ in range(rounds):
                for found, group in ((grouped, GROUP), (single, 1)):
                    code, _ = await ledger.issue()
                    rows = await ledger.sql(
                        "SELECT d.id FROM delivery d JOIN alert a ON a.id = d.alert_id WHERE a.code = :code ORDER BY d.id",
                        code=code,
                    )
                    assert len(rows) == receipts
                    found.append(await lap(client, url, [row.id for row in rows], group, at_once))
            await client.close()
    return [
        Figure(f"receipts, {GROUP} in a transaction", grouped, "/s", digits=0),
        Figure("receipts, one in a transaction", single, "/s", digits=0),
        Figure("receipts grouped ÷ one transaction each", ratios(grouped, single), goal="≥ 5"),
    ]


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--receipts", type=int, default=5000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--at-once", type=int, default=16, help="requests under way")
    given = arguments.parse_args()
    show(uvloop.run(measure(given.receipts, given.rounds, given.at_once)), markdown=given.markdown)


if __name__ == "__main__":
    main()
