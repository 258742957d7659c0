"""What the feed costs and how fast it is, on this machine, over loopback: ``python -m bench.feed``.

A real PostgreSQL with fsync, a real ``huijia api`` in a process of its own, and clients that do next to nothing, here. It
prints, and leaves nothing behind: what the database does while 1,000 partners wait or ask every second; how soon they have
an alert and its end; 304 answers a second beside a bare Starlette route; and one event to 5,000 streams.
"""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import uvicorn
import uvloop
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.db import keys
from app.db.embedded import start
from app.db.engine import transaction
from app.domain.words import Scope
from app.flows.house import House
from app.flows.principal import issue_key
from app.flows.roster import Document, enrol_all
from app.main import build_house
from app.settings import Settings
from bench.clients import Hammer, Waiter, open_all

ROOT = Path(__file__).parent.parent
ORGAN, ORGAN_NAME = "610000000000", "陕西省公安厅"
Server = tuple[int, int]
"""Its process, and the port that it listens on."""
TAG = 'W/"0123456789abcdef01234567"'


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# ── The ground ──────────────────────────────────────────────────────────────────────────────────────────────────────


def migrate(url: str) -> None:
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = url
    command.upgrade(config, "head")


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


@contextmanager
def process(*arguments: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours that ends with the block."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("HUIJIA_")} | settings
    running = subprocess.Popen([sys.executable, *arguments], env=env, cwd=ROOT)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(20)


async def is_up(port: int, path: str = "/health/live") -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(200):
            try:
                await client.get(f"http://127.0.0.1:{port}{path}")
                return
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
    raise RuntimeError("the server did not come up")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


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


def cpu_seconds(pid: int) -> float:
    """What the process has used so far: on a machine that others use too, the fairer measure."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def rate(pid: int, port: int, bearers: Sequence[str], seconds: float) -> tuple[float, float]:
    """304 answers a second, and for each CPU-second of the server, over one connection for each of ``bearers``, each
    asking as fast as it is answered."""
    hammers = [Hammer(port, "/v1/feed?cursor=0", bearer) for bearer in bearers]
    await asyncio.gather(*(hammer.open() for hammer in hammers))
    for hammer in hammers:
        await hammer.learn_tag()
    begun, used = time.monotonic(), cpu_seconds(pid)
    counts = await asyncio.gather(*(hammer.as_fast_as_it_goes(seconds) for hammer in hammers))
    took, used = time.monotonic() - begun, cpu_seconds(pid) - used
    for hammer in hammers:
        hammer.close()
    return sum(counts) / took, sum(counts) / used


def bare(port: int) -> None:
    """What the 304 is compared with: a Starlette route that does nothing but answer."""

    async def nothing(request: Request) -> Response:
        return Response(status_code=304, headers={"etag": TAG})

    app = Starlette(routes=[Route("/v1/feed", nothing)])
    config = uvicorn.Config(app, port=port, log_config=None, access_log=False, server_header=False)
    uvloop.run(uvicorn.Server(config).serve())


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


async def unchanged(ours: Server, bare_one: Server, theirs: Sequence[str], arguments: argparse.Namespace) -> None:
    """Pairs of the feed's 304 and a bare route's, one after the other."""
    say(f"4. 304 answers, {len(theirs)} connections, interleaved: a second, and for each CPU-second of the server")
    ratios = list[tuple[float, float]]()
    for _ in range(arguments.rounds + 2):
        feed = await rate(*ours, theirs, arguments.seconds)
        route = await rate(*bare_one, theirs, arguments.seconds)
        ratios.append((feed[0] / route[0], feed[1] / route[1]))
        say(
            f"  feed {feed[0]:7.0f} {feed[1]:7.0f}   bare Starlette route {route[0]:7.0f} {route[1]:7.0f}   "
            f"ratios {ratios[-1][0]:.2f} {ratios[-1][1]:.2f}"
        )
    medians = [statistics.median(each) for each in zip(*ratios, strict=True)]
    say(f"  median ratios {medians[0]:.2f} {medians[1]:.2f} (goal ≥ 0.8)")


async def measure(url: str, settings: Settings, arguments: argparse.Namespace) -> None:
    house = build_house(settings, url)
    police, theirs = await furnish(house, arguments.partners)
    port, other = settings.port, free_port()
    given = {"HUIJIA_DATA": str(settings.data), "HUIJIA_PORT": str(port), "DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    with process("-m", "app.cli", "api", **given) as api, process("-m", "bench.feed", "--bare", str(other)) as route:
        await asyncio.gather(is_up(port), is_up(other, "/v1/feed"))
        if "1" in arguments.parts:
            await idle(url, port, theirs, arguments.idle)
        if "2" in arguments.parts:
            say("2. An alert, then its retraction; seconds from the POST")
            await spread((api.pid, port), police, theirs, arguments.rounds)
        if "3" in arguments.parts:
            say("3. One partner's streams")
            await to_five_thousand(port, police, theirs[0], arguments.streams)
        if "4" in arguments.parts:
            await unchanged((api.pid, port), (route.pid, other), theirs[:64], arguments)
    await house.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.feed", description=__doc__)
    parser.add_argument("--partners", type=int, default=1000)
    parser.add_argument("--streams", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=float, default=10.0, help="seconds of watching the idle database")
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds of each load")
    parser.add_argument("--parts", default="1234", help="which of the four to run")
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        return bare(arguments.bare)
    say(f"before: load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="huijia-bench-") as folder:
        cluster = start(Path(folder) / "pg", settings={"max_connections": "100"})
        try:
            migrate(cluster.url)
            settings = Settings(_env_file=None, data=Path(folder), host="127.0.0.1", port=free_port())
            uvloop.run(measure(cluster.url, settings, arguments))
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
