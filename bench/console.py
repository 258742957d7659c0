"""The console on its worst night: how long an officer waits for a page.

    python -m bench.console [--outlets 10000] [--alerts 50] [--rounds 15]

Fifty alerts, ten thousand outlets and a hundred thousand deliveries in a throw-away PostgreSQL; the service, the database
and a real Chromium share the machine. Each page is loaded anew in turn; its own files are in the browser's cache, as they
are after the first page of a shift. Both figures count from the click: the server's last byte, and the first paint with
something on it (first-contentful-paint).
"""

import argparse
import asyncio
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page
from sqlalchemy import text

from app.commands.store import migrate_to_head
from app.db import alerts
from app.db.embedded import start
from app.db.engine import notify, transaction
from app.flows.tell import CHANGED
from bench.console_scene import seed
from tests.conftest import house_on
from tests.console_browser.desk import SIZES, desk
from tests.serving import Station, browsing, station

LIMIT = 200.0  # milliseconds
YARDSTICK = "sign in"
SECONDS = 6  # that a page is watched while everything changes

_TIMES = """() => new Promise(done => {
  const ask = () => {
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    if (!paint) return requestAnimationFrame(ask);
    const page = performance.getEntriesByType('navigation')[0];
    done([page.responseEnd - page.startTime, paint.startTime]);
  };
  ask();
})"""
_STUTTER = """seconds => new Promise(done => {
  const frames = [];
  let last = performance.now();
  const end = last + seconds * 1000;
  const step = now => {
    frames.push(now - last);
    last = now;
    now < end ? requestAnimationFrame(step) : done(frames);
  };
  requestAnimationFrame(step);
})"""


@dataclass(frozen=True, slots=True)
class Load:
    """Milliseconds from the click; ``worked``: on a processor, until the page's first byte."""

    server: float
    paint: float
    worked: float


def pages(wide: str, ended: str) -> Mapping[str, str]:
    """``wide``: an alert that reached every outlet; ``ended``: one that is coming down."""
    return {
        YARDSTICK: "/console/sign-in",
        "board": "/console/",
        "alert": f"/console/alerts/{wide}",
        "alert, one channel's failures": f"/console/alerts/{wide}?stage=failed&channel=screen",
        "alert, coming down": f"/console/alerts/{ended}",
        "which one": "/console/retract",
        "retract": f"/console/alerts/{wide}/retract",
        "outlets": "/console/outlets",
    }


def on_cpu(database: int) -> float:
    """Milliseconds that the service (and what steers the browser) and the database have had on a processor, which does not
    grow with what else the machine is busy with, as every wait does."""
    backends = Path(f"/proc/{database}/task/{database}/children").read_text().split()
    tasks = [task for pid in (str(os.getpid()), *backends) for task in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6


async def load(page: Page, address: str, database: int) -> Load:
    """And then let the page fetch what it fetches after it is shown, so that it is in nobody's way."""
    before = on_cpu(database)
    await page.goto(address, wait_until="commit")
    worked = on_cpu(database) - before
    server, paint = await page.evaluate(_TIMES)
    await page.wait_for_load_state("networkidle")
    return Load(server, paint, worked)


async def changing(here: Station, code: str, stop: asyncio.Event) -> None:
    """Ten times a second an outlet of this alert reports something."""
    async with transaction(here.house.engine) as session:
        alert = await alerts.find(session, code)
    assert alert is not None
    while not stop.is_set():
        async with transaction(here.house.engine) as session:
            await session.execute(
                text(
                    "UPDATE delivery SET state = 'accepted', tries = 1, accepted_at = now() WHERE id = (SELECT id FROM delivery "
                    "WHERE alert_id = :a AND state = 'pending' LIMIT 1)"
                ),
                {"a": alert.id},
            )
            await notify(session, CHANGED, code)
        await asyncio.sleep(0.1)


async def frames(here: Station, page: Page, address: str, code: str) -> Sequence[float]:
    """How long each frame of the page took while its alert went on changing."""
    await page.goto(address)
    await page.wait_for_selector("#map svg, .cards")
    stop = asyncio.Event()
    busy = asyncio.create_task(changing(here, code, stop))
    found: list[float] = await page.evaluate(_STUTTER, SECONDS)
    stop.set()
    await busy
    return found


def spread(values: Sequence[float]) -> str:
    """Median, fastest and slowest."""
    return f"{statistics.median(values):4.0f} ({min(values):.0f}–{max(values):.0f})"


async def measure(here: Station, browser: Browser, codes: Sequence[str], rounds: int, database: int) -> None:
    wanted = pages(codes[0], codes[-1])
    for size in SIZES:
        found: dict[str, list[Load]] = defaultdict(list)
        async with desk(browser, here, size) as at:
            for n in range(rounds + 1):
                for name, path in wanted.items():
                    one = await load(at.page, here.base + path, database)
                    if n:  # the first round fills the browser's cache
                        found[name].append(one)
            print(f"{size}: milliseconds, median (fastest–slowest)")
            own = statistics.median(one.paint for one in found[YARDSTICK])
            for name, loads in found.items():
                middle = statistics.median(one.paint for one in loads)
                said = "   ".join(
                    f"{word} {spread([getattr(one, word) for one in loads])}" for word in ("worked", "server", "paint")
                )
                print(f"  {name:30} {said}   {middle / own:.1f} × {YARDSTICK}   {middle / LIMIT:.2f} × {LIMIT:.0f} ms")
            for name in ("board", "alert"):
                took = sorted(await frames(here, at.page, here.base + wanted[name], codes[0]))
                print(f"  {name} while it changes: frames of {statistics.median(took):.0f} ms, "
                      f"99 of 100 under {took[int(len(took) * 0.99)]:.0f} ms, the longest {took[-1]:.0f} ms")  # fmt: skip


async def run(outlets: int, count: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="huijia-bench-") as folder:
        cluster = start(Path(folder) / "pg")
        try:
            await asyncio.to_thread(migrate_to_head, cluster.url)
            async with house_on(cluster.url) as house, browsing() as browser, station(house) as here:
                codes = await seed(here.house, outlets=outlets, alerts=count, live=count - 2)
                async with transaction(here.house.engine) as session:
                    number = (await session.execute(text("SELECT count(*) FROM delivery"))).scalar_one()
                print(f"{count} alerts, {outlets} outlets, {number} deliveries; {rounds} rounds")
                assert cluster.process is not None
                await measure(here, browser, codes, rounds, cluster.process.pid)
        finally:
            cluster.stop()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--outlets", type=int, default=10_000)
    arguments.add_argument("--alerts", type=int, default=50)
    arguments.add_argument("--rounds", type=int, default=15)
    given = arguments.parse_args()
    asyncio.run(run(given.outlets, given.alerts, given.rounds))


if __name__ == "__main__":
    main()
