"""The right alert among twelve, retracted: by keyboard, by mouse and on a phone.

    python -m bench.retraction [--rounds 5]

What the console itself takes is measured, from the first act to the page that counts down. What a person takes is reckoned
by the keystroke-level model (Card, Moran and Newell 1980): a key 0.28 s, pointing 1.1 s, pressing 0.2 s, a hand moved between
mouse and keys 0.4 s, a decision 1.35 s. One decision stands before each of: begin, which child, why, and the name.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Browser, Page

from app.commands.store import migrate_to_head
from app.db.embedded import start
from tests.conftest import house_on
from tests.console_browser.desk import desk
from tests.console_browser.scene import CHILDREN, night
from tests.serving import Station, browsing, station

SECONDS = {"key": 0.28, "point": 1.1, "press": 0.2, "hand": 0.4, "decide": 1.35}


class Acts:
    """An officer's acts on a page, each counted as it is done."""

    def __init__(self, page: Page) -> None:
        self.page, self.done = page, Counter[str]()

    def decide(self) -> None:
        self.done["decide"] += 1

    async def key(self, name: str) -> None:
        self.done["key"] += 1
        await self.page.keyboard.press(name)

    async def write(self, words: str) -> None:
        """Through an input method: two keys a character."""
        self.done["key"] += 2 * len(words)
        await self.page.keyboard.insert_text(words)

    async def click(self, what: str) -> None:
        self.done["point"] += 1
        self.done["press"] += 1
        await self.page.click(what)

    @property
    def steps(self) -> int:
        return sum(self.done.values()) - self.done["decide"]

    @property
    def seconds(self) -> float:
        return sum(SECONDS[act] * times for act, times in self.done.items())


async def by_keyboard(acts: Acts, code: str, name: str, place: str) -> None:
    page = acts.page
    acts.decide()
    await acts.key("Alt+r")
    await page.wait_for_selector("#sift:focus")
    acts.decide()
    await acts.write(name)
    await acts.write(" " + place[:2])
    if await page.locator(".takes > li:visible").count() > 1:
        await acts.write(" 实发")
    await acts.key("Enter")
    await page.wait_for_selector("input[name=reason]:focus")
    acts.decide()
    await acts.key("Space")
    acts.decide()
    while code[-4:] not in await page.evaluate("document.activeElement.innerText || ''"):
        await acts.key("Tab")
    await acts.key("Enter")


async def by_pointing(acts: Acts, code: str, name: str, place: str) -> None:
    acts.decide()
    await acts.click("#takeback")
    acts.decide()
    await acts.click(f"#take-{code}")
    acts.decide()
    await acts.click("input[name=reason] >> nth=0")
    acts.decide()
    await acts.click(f".names button[value='{code}']")


WAYS: tuple[tuple[str, str, Callable[[Acts, str, str, str], Awaitable[None]]], ...] = (
    ("keyboard", "desktop", by_keyboard),
    ("mouse", "desktop", by_pointing),
    ("finger", "phone", by_pointing),
)


async def timed(here: Station, browser: Browser, codes: list[str], rounds: int) -> None:
    left = dict(zip(codes, CHILDREN, strict=True))
    for word, size, way in WAYS:
        steps, machine, person = [], [], []
        for _ in range(rounds):
            code, child = left.popitem()
            async with desk(browser, here, size) as at:
                await at.open("/console/")
                acts = Acts(at.page)
                begun = time.perf_counter()
                await way(acts, code, child[0], child[3])
                await at.page.wait_for_selector(".up b")
                machine.append(time.perf_counter() - begun)
                assert code in at.page.url
                steps.append(acts.steps)
                person.append(acts.seconds)
        print(f"{word:9} acts {statistics.median(steps):.0f} (most {max(steps)})   person {statistics.median(person):.1f} s   "
              f"console {statistics.median(machine):.1f} s (longest {max(machine):.1f})")  # fmt: skip


async def run(rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="huijia-bench-") as folder:
        cluster = start(Path(folder) / "pg")
        try:
            await asyncio.to_thread(migrate_to_head, cluster.url)
            async with house_on(cluster.url) as house, browsing() as browser, station(house) as here:
                await timed(here, browser, await night(here.house), rounds)
        finally:
            cluster.stop()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=4, choices=range(1, 5), help="twelve searches, three ways")
    asyncio.run(run(arguments.parse_args().rounds))


if __name__ == "__main__":
    main()
