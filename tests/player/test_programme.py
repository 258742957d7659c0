"""Which notice is on at a moment: the page's own rule, in a browser that runs it."""

import itertools
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from app.console.play.files import EDITION
from tests.serving import Station

MINUTE = 60_000
NOW = 1_795_417_446_000


@pytest.fixture
async def page(browser: Browser, here: Station) -> Page:
    made = await browser.new_page()
    await made.goto(f"{here.base}/play/{'x' * 43}")
    await made.evaluate(f"import('/play/static/{EDITION}/programme.js').then(it => {{ window.choose = it.choose; }})")
    return made


def entry(alert: str, ago_minutes: float | None = None, **duty: int) -> dict[str, Any]:
    since = None if ago_minutes is None else NOW - ago_minutes * MINUTE
    return {"alert": alert, "since": since, "duty": duty}


async def turns(page: Page, *entries: dict[str, Any], minutes: float = 1, seconds: int = 15) -> list[str | None]:
    """What is on at each turn, from now on, without what follows from it being seen."""
    count = int(minutes * 60 / seconds)
    found: list[str | None] = await page.evaluate(
        "([entries, seconds, count, now]) => Array.from({ length: count }, (_, i) => "
        "(choose(entries, seconds, now + i * seconds * 1000) || { alert: null }).alert)",
        [list(entries), seconds, count, NOW],
    )
    return found


async def test_the_rules(page: Page) -> None:
    nothing = await turns(page)
    assert set(nothing) == {None}
    assert set(await turns(page, entry("A", 5))) == {"A"}

    both = await turns(page, entry("A", 5), entry("B", 9), minutes=2)
    assert both.count("A") == both.count("B") == 4
    assert all(a != b for a, b in itertools.pairwise(both)), "they take turns"

    assert (await turns(page, entry("A", 5), entry("B")))[0] == "B", "what was never on comes first"
    first = await page.evaluate(
        "([entries, now]) => choose(entries, 15, now).alert", [[entry("A", 0.03), entry("B")], NOW]
    )
    assert first == "A", "and stays for its first five seconds"

    alone = await turns(page, entry("A", 5, exclusive_minutes=10), entry("B", 60), minutes=8)
    assert set(alone[:20]) == {"A"}, "five minutes are left to it alone"
    assert set(alone[20:]) == {"A", "B"}

    repeated = await turns(page, entry("A", 0.5, repeat_every_minutes=15), minutes=60)
    on = [index for index, one in enumerate(repeated) if one == "A"]
    assert len(on) == 4, "four quarters of an hour, one turn each"
    assert {b - a for a, b in itertools.pairwise(on)} == {60}

    both = await turns(
        page, entry("A", 3, exclusive_minutes=10, repeat_every_minutes=15, until_minutes=60), minutes=120
    )
    assert both[:28] == ["A"] * 28, "seven minutes are left to it alone"
    assert both[28:].count("A") in (2, 3), "again at 25, 40 and 55 minutes, and never after an hour"
    assert "A" not in both[57 * 4 :]

    due = await turns(
        page, entry("A", 15, repeat_every_minutes=15), entry("B", 15, repeat_every_minutes=15), minutes=15
    )
    assert {"A", "B"} <= set(due), "two that are due together both get their turn"
