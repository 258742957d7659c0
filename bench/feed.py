"""What the feed costs and how fast it is, on this machine, over loopback: ``python -m bench.feed``.

A real PostgreSQL with fsync, a real ``huijia api`` in a process of its own, and clients that do next to nothing, here. It
prints, and leaves nothing behind: what the database does while 1,000 partners wait or ask every second; how soon they have
an alert and its end; 304 answers a second beside a bare Starlette route; and one event to 5,000 streams.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import uvloop
from sqlalchemy.engine import make_url

from app.commands.store import migrate_to_head
from app.db import keys
from app.db.embedded import start
from app.db.engine import transaction
from app.domain.words import Scope
from app.flows.house import House
from app.flows.principal import issue_key
from app.flows.roster import Document, enrol_all
from app.main import build_house
from app.settings import Settings
from bench import table
from bench.beside import process
from bench.clients import Hammer, Waiter, open_all
from bench.hosts import free_port, wait_for_port
from bench.ledger import Server
from bench.spent import cpu_seconds
from bench.table import show
from bench.unchanged import unchanged

ORGAN, ORGAN_NAME = "610000000000", "陕西省公安厅"


def say(text: str) -> None:
    """For a reader; a table's rows stand alone."""
    print(text, file=sys.stderr if "--markdown" in sys.argv else sys.stdout, flush=True)


# ── The ground ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def furnish(house: House, partners: int) -> tuple[str, list[str]]:
    """A province's police key, and a key for each of so many partners with one outlet that polls."""
    outlet = {"name": "app", "channel": "partner", "carrier": "feed", "codes": ["610000"]}
    roster = {"partners": [{"name": f"协作单位{n}", "outlets": [outlet]} for n in range(partners)]}
    async with transaction(house.engine) as session:
        enrolled = await enrol_all(session, Document.model_validate(roster), "bench", wire=house.wire, seal=house.seal)
        await keys.save_organ(session, ORGAN, ORGAN_NAME, ORGAN[:6])
        police = await issue_key(session, Scope.POLICE, live=True, label="bench", organ_code=ORGAN)
        theirs = [
            await issue_key(session, Scope.PARTNER, live=True, label="bench", partner_id=id)
            for id in enrolled.partners.values()
        ]
    return police, theirs


def record(case: int) -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        "status": "actual", "case_number": f"A61000000000020261{case:05d}", "organ_code": ORGAN,
        "reported_by": {"name": "王建国", "number": "010233", "phone": "029-85250110"},
        "verified_by": {"name": "赵敏", "number": "010871", "phone": "029-85250111"},
        "verified_at": (now - timedelta(minutes=5)).isoformat(), "basis": "监控视频与家属陈述一致",
        "minor": {"name": "李小明", "sex": "male", "age": 6, "height_cm": 118, "features": "左眉有痣", "clothing": "红色短袖"},
        "loss": {
            "address": "小寨地铁站B口", "area_code": "610113", "datum": "GCJ02", "lon": 108.947, "lat": 34.224,
            "at": (now - timedelta(minutes=40)).isoformat(), "circumstances": "与家人走散",
        },
        "guardian": {"told": True, "name": "李强", "phone": "13800000000", "relation": "父亲"}, "duration_hours": 24,
    }  # fmt: skip


# ── What is measured ────────────────────────────────────────────────────────────────────────────────────────────────


async def database_work(url: str, seconds: float) -> tuple[float, float]:
    """Transactions and rows touched a second, within so many seconds; less what asking costs."""
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    asking = await asyncpg.connect(dsn)
    look = (
        "SELECT xact_commit + xact_rollback AS done, tup_fetched + tup_inserted + tup_updated AS rows "
        "FROM pg_stat_database WHERE datname = current_database()"
    )

    async def now() -> tuple[int, int]:
        await asking.execute("SELECT pg_stat_force_next_flush()")
        await asyncio.sleep(1.2)  # other sessions report once a second
        found = await asking.fetchrow(look)
        return found["done"], found["rows"]

    before, at = await now(), time.monotonic()
    await asyncio.sleep(seconds)
    after = await now()
    took = time.monotonic() - at
    await asking.close()
    return (after[0] - before[0]) / took, (after[1] - before[1]) / took


async def ask_every_second(port: int, bearers: Sequence[str], seconds: float) -> tuple[int, float]:
    """Every partner asks once a second with the tag that it has; answers of 304, and their median in ms."""
    hammers = [Hammer(port, "/v1/feed?cursor=0", bearer) for bearer in bearers]
    await asyncio.gather(*(hammer.open() for hammer in hammers))
    for hammer in hammers:
        await hammer.learn_tag()
    stop, times, count = time.monotonic() + seconds, list[float](), 0

    async def one(n: int, hammer: Hammer) -> None:
        nonlocal count
        await asyncio.sleep(n / len(hammers))
        while time.monotonic() < stop:
            begun = time.monotonic()
            count += (await hammer.ask()) == 304
            times.append(time.monotonic() - begun)
            await asyncio.sleep(1)

    await asyncio.gather(*(one(n, hammer) for n, hammer in enumerate(hammers)))
    for hammer in hammers:
        hammer.close()
    return count, statistics.median(times) * 1000


async def heard(waiters: Sequence[Waiter], begun: float, what: str, seconds: float = 20) -> None:
    """Print how long after ``begun`` they had it."""
    async with asyncio.timeout(seconds):
        await asyncio.gather(*(waiter.heard.wait() for waiter in waiters))
    took = sorted(waiter.at - begun for waiter in waiters)
    first, half, most, last = (took[min(len(took) - 1, int(len(took) * q))] for q in (0, 0.5, 0.99, 1.0))
    say(f"  {what:36} {len(took):5}   first {first:.3f}   p50 {half:.3f}   p99 {most:.3f}   last {last:.3f} s")


async def spread(api: Server, police: str, theirs: Sequence[str], rounds: int) -> None:
    """An alert and its end to everybody who waits: one long poll and one stream for each partner."""
    pid, port = api
    base = f"http://127.0.0.1:{port}"
    officer = {"authorization": f"Bearer {police}"}
    cursors = dict.fromkeys(theirs, 0)
    async with httpx.AsyncClient(base_url=base, headers=officer, timeout=30) as client:
        for case in range(rounds):
            streams = [Waiter(port, f"/v1/feed/stream?cursor={cursors[k]}", k, b"event: notice") for k in theirs]
            polls = [Waiter(port, f"/v1/feed?wait=60&cursor={cursors[k]}", k, b'"sequence"') for k in theirs]
            await open_all([*streams, *polls])
            await asyncio.sleep(1)
            begun, used = time.monotonic(), cpu_seconds(pid)
            answer = await client.post("/v1/alerts", json=record(case))
            answer.raise_for_status()
            say(f"  201 after {time.monotonic() - begun:.3f} s")
            await heard(polls, begun, "alert → long polls")
            await heard(streams, begun, "alert → streams")
            say(f"  (the API process used {cpu_seconds(pid) - used:.2f} s of CPU for it)")
            code, again = (
                answer.json()["id"],
                [Waiter(port, "/v1/feed?wait=60&cursor=" + p.cursor(), p.key, b'"sequence"') for p in polls],
            )
            await open_all(again)
            for stream in streams:
                stream.heard.clear()
            await asyncio.sleep(1)
            begun = time.monotonic()
            (await client.post(f"/v1/alerts/{code}/retract", json={"reason": "found"})).raise_for_status()
            await heard(again, begun, "retraction → long polls")
            await heard(streams, begun, "retraction → streams")
            for waiter, key in zip(again, theirs, strict=True):
                cursors[key] = int(waiter.cursor())
            for waiter in (*streams, *polls, *again):
                waiter.close()


async def to_five_thousand(port: int, police: str, key: str, streams: int) -> None:
    """One event to so many streams of one partner."""
    base = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=base, headers={"authorization": f"Bearer {police}"}, timeout=30) as client:
        cursor = (await client.get("/v1/feed", headers={"authorization": f"Bearer {key}"})).json()["cursor"]
        waiters = [Waiter(port, f"/v1/feed/stream?cursor={cursor}", key, b"event: notice") for _ in range(streams)]
        begun = time.monotonic()
        await open_all(waiters)
        say(f"  {streams} streams open after {time.monotonic() - begun:.1f} s")
        await asyncio.sleep(1)
        begun = time.monotonic()
        answer = await client.post("/v1/alerts", json=record(900))
        answer.raise_for_status()
        await heard(waiters, begun, "alert → streams of one partner")
        for waiter in waiters:
            waiter.heard.clear()
        begun = time.monotonic()
        (await client.post(f"/v1/alerts/{answer.json()['id']}/retract", json={"reason": "found"})).raise_for_status()
        await heard(waiters, begun, "retraction → streams of one partner")
        for waiter in waiters:
            waiter.close()


async def idle(url: str, port: int, theirs: Sequence[str], seconds: float) -> None:
    """The database while nobody is there, while all wait, and while all ask every second."""

    async def told(what: str) -> None:
        done, rows = await database_work(url, seconds)
        say(f"  {what:24} {done:5.1f} transactions/s, {rows:5.0f} rows/s")

    say(f"1. What the database does (a look once a second is all that it should), {len(theirs)} partners")
    await told("nobody there")
    waiting = [Waiter(port, f"/v1/feed{path}", k, b"none") for k in theirs for path in ("?wait=60", "/stream")]
    await open_all(waiting)
    await asyncio.sleep(15)  # each has been recognised, and PostgreSQL has counted that
    await told("all wait, and stream")
    for waiter in waiting:
        waiter.close()
    asking = asyncio.create_task(ask_every_second(port, theirs, seconds + 8))
    await asyncio.sleep(4)
    await told("all ask every second")
    count, median = await asking
    say(f"    ({count} answers of 304, median {median:.1f} ms)")


async def measure(url: str, settings: Settings, arguments: argparse.Namespace) -> None:
    house = build_house(settings, url)
    police, theirs = await furnish(house, arguments.partners)
    port, other = settings.port, free_port()
    env = {"HUIJIA_DATA": str(settings.data), "HUIJIA_PORT": str(port), "DATABASE_URL": url}
    ours, plain = [sys.executable, "-m", "app.cli", "api"], [sys.executable, "-m", "bench.unchanged", str(other)]
    log = settings.data / "api.log"
    with process(ours, log, env) as api, process(plain, log) as route:
        await asyncio.gather(*(asyncio.to_thread(wait_for_port, one) for one in (port, other)))
        if "1" in arguments.parts:
            await idle(url, port, theirs, arguments.idle)
        if "2" in arguments.parts:
            say("2. An alert, then its retraction; seconds from the POST")
            await spread((api.pid, port), police, theirs, arguments.rounds)
        if "3" in arguments.parts:
            say("3. One partner's streams")
            await to_five_thousand(port, police, theirs[0], arguments.streams)
        if "4" in arguments.parts:
            say(f"4. 304 answers, {len(theirs[:64])} connections, interleaved")
            rounds, seconds = arguments.rounds + 2, arguments.seconds
            found = await unchanged((api.pid, port), (route.pid, other), theirs[:64], rounds, seconds)
            show(found, markdown=arguments.markdown)
    await house.engine.dispose()


def main() -> None:
    parser = table.parser(__doc__)
    parser.add_argument("--partners", type=int, default=1000)
    parser.add_argument("--streams", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=float, default=10.0, help="seconds of watching the idle database")
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds of each load")
    parser.add_argument("--parts", default="1234", help="which of the four to run")
    arguments = parser.parse_args()
    say(f"before: load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="huijia-bench-") as folder:
        cluster = start(Path(folder) / "pg", settings={"max_connections": "100"})
        try:
            migrate_to_head(cluster.url)
            settings = Settings(_env_file=None, data=Path(folder), host="127.0.0.1", port=free_port())
            uvloop.run(measure(cluster.url, settings, arguments))
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
