"""The network goes, the server restarts, the clock is wrong, the page is hidden: nothing stays on too long, nothing is
claimed that nobody saw, and nothing that was said is lost."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from playwright.async_api import Browser, Page, Route

from app.db.engine import Session
from app.db.play import Player, Turn
from app.flows import play
from app.flows.house import House
from tests.dispatch.far import rows
from tests.flows.acts import retracted
from tests.making import make_alert
from tests.player.stage import open_screen, portrait, receipts, said
from tests.serving import Station

RUNS_OUT = 20.0  # seconds: a page on a busy machine is loaded anew and looked at before it is over
SHORT: dict[str, Any] = {"settings": {"correction_seconds": 0}}


async def test_the_network_goes_and_comes_back(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here, **SHORT)
    code = await make_alert(here.house, portrait())
    await said(here.house, screen.outlet, (1, "aired"))
    await screen.page.context.set_offline(True)
    await retracted(here.house, code)
    await asyncio.sleep(2)
    gone_dark = not await screen.text()
    await screen.page.context.set_offline(False)
    await screen.is_black(5)
    assert not gone_dark or await receipts(here.house, screen.outlet) != [], "an open stream may outlive the emulation"
    await said(here.house, screen.outlet, (1, "aired"), (2, "taken_down"))


async def test_the_server_goes_and_what_is_live_stays(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here, **SHORT)
    code = await make_alert(here.house, portrait())
    await said(here.house, screen.outlet, (1, "aired"))
    await here.stop()
    await asyncio.sleep(4)
    await screen.shows("李小明")
    assert await screen.page.locator("img").evaluate("img => img.naturalWidth") == 600
    await retracted(here.house, code)
    await here.start()
    await screen.is_black(10)
    await said(here.house, screen.outlet, (1, "aired"), (2, "taken_down"))
    await make_alert(here.house, minor__name="王小红")
    await screen.shows("王小红", within=3)


async def expiring(house: House, code: str, seconds: float) -> None:
    """The alert runs out so soon, for the ledger and in the notice."""
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    await rows(
        house, "ALTER TABLE notice DISABLE TRIGGER USER"
    )  # what was said is never changed, but for a test's sake
    await rows(house, "UPDATE alert SET expires_at = :at WHERE code = :c", at=at, c=code)
    await rows(
        house,
        "UPDATE notice SET body = jsonb_set(body, '{expires_at}', CAST(:at AS jsonb)) "
        "FROM alert a WHERE a.id = notice.alert_id AND a.code = :c",
        at=orjson.dumps(at.isoformat()).decode(), c=code,
    )  # fmt: skip


async def test_what_has_run_out_is_never_on_even_when_nobody_can_say_so(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here)
    await expiring(here.house, await make_alert(here.house), RUNS_OUT)
    await screen.page.reload()
    await screen.shows("李小明", within=RUNS_OUT)
    await here.stop()
    await asyncio.sleep(1)
    await screen.shows("李小明")
    await screen.is_black(RUNS_OUT + 5)
    assert "李小明" not in await screen.text()


async def test_a_screen_whose_clock_is_twenty_years_late(browser: Browser, here: Station) -> None:
    """It shows what is live, takes off what has run out, and says when by the server's time."""
    screen = await open_screen(browser, here)
    await screen.page.add_init_script(
        "const Real = Date; const late = 20 * 365 * 86400 * 1000; "
        "window.Date = class extends Real { constructor(...a) { if (a.length) super(...a); else super(Real.now() - late); } "
        "static now() { return Real.now() - late; } }"
    )
    code = await make_alert(here.house)
    await expiring(here.house, code, RUNS_OUT)
    await screen.page.reload()
    await screen.shows("李小明", within=RUNS_OUT)
    await said(here.house, screen.outlet, (1, "aired"))
    (found,) = await rows(here.house, "SELECT now() - at AS age FROM receipt")
    assert abs(found.age) < timedelta(seconds=RUNS_OUT)
    await here.stop()
    await screen.is_black(RUNS_OUT + 5)


async def test_a_clock_that_jumps_ahead_is_not_believed_when_the_server_can_be_asked(
    browser: Browser, here: Station
) -> None:
    screen = await open_screen(browser, here)
    await make_alert(here.house)
    await screen.shows("李小明")
    await screen.page.evaluate("const real = Date.now; Date.now = () => real() + 30 * 86400 * 1000")
    await asyncio.sleep(2)
    await screen.shows("李小明")


async def blocked(page: Page, pattern: str) -> None:
    await page.route(pattern, lambda route: route.abort())


async def test_receipts_that_could_not_be_sent_are_sent_later(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here, **SHORT)
    await blocked(screen.page, "**/receipts")
    code = await make_alert(here.house)
    await screen.shows("李小明")
    await retracted(here.house, code)
    await screen.is_black()
    await asyncio.sleep(1.5)
    assert await receipts(here.house, screen.outlet) == []
    await screen.page.unroute("**/receipts")
    await screen.page.reload()
    await said(here.house, screen.outlet, (1, "aired"), (2, "taken_down"))
    ages = await rows(here.house, "SELECT received_at - at AS late FROM receipt ORDER BY id")
    assert all(row.late > timedelta(seconds=1) for row in ages), "said as of when it happened"


async def test_without_a_stream_it_asks(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here, **SHORT)
    await blocked(screen.page, "**/events")
    await screen.page.reload()
    code = await make_alert(here.house)
    await screen.shows("李小明", within=6)
    await retracted(here.house, code)
    await screen.is_black(6)
    await said(here.house, screen.outlet, (1, "aired"), (2, "taken_down"))


class Held:
    """A question of the page: the server has answered, and the answer is on its way for as long as we like."""

    def __init__(self, page: Page) -> None:
        self.page, self.asked, self.go, self.came = page, asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def ask(self) -> None:
        """The page doubts its clock, once it has one: after the first answer, which may not have come yet."""
        await self.page.route("**/now", self._late)
        await self.page.evaluate("window.real = Date.now; window.ahead = 0; Date.now = () => real() + ahead")
        for _ in range(20):
            await self.page.evaluate("ahead += 60000")
            with suppress(TimeoutError):
                return await asyncio.wait_for(self._asked(), 1)
        raise TimeoutError("the page does not ask")

    async def _asked(self) -> None:
        await self.asked.wait()

    async def arrive(self) -> None:
        self.go.set()
        await asyncio.wait_for(self.came.wait(), 20)
        await asyncio.sleep(0.5)

    async def _late(self, route: Route) -> None:
        answer = await route.fetch()
        first = not self.asked.is_set()
        self.asked.set()
        if first:
            await self.go.wait()
        await route.fulfill(response=answer)
        self.came.set()


async def test_an_answer_that_was_overtaken_brings_nothing_back(browser: Browser, here: Station) -> None:
    """A question asked before the retraction, answered after it."""
    screen = await open_screen(browser, here, **SHORT)
    code = await make_alert(here.house)
    await said(here.house, screen.outlet, (1, "aired"))
    held = Held(screen.page)
    await held.ask()
    await retracted(here.house, code)
    await screen.is_black()
    await held.arrive()
    assert "李小明" not in await screen.page.content()


async def test_an_answer_that_was_overtaken_takes_nothing_off(browser: Browser, here: Station) -> None:
    """A question asked before there was anything, answered after the notice is on."""
    screen = await open_screen(browser, here)
    await screen.is_black()
    held = Held(screen.page)
    await held.ask()
    await make_alert(here.house)
    await screen.shows("李小明")
    await screen.page.evaluate(
        "window.blank = 0; new MutationObserver(() => { if (!document.querySelector('#stage > *')) window.blank += 1; })"
        ".observe(document.getElementById('stage'), { childList: true })"
    )
    await held.arrive()
    await screen.shows("李小明")
    assert await screen.page.evaluate("window.blank") == 0


async def test_a_database_whose_clock_is_set_back(
    browser: Browser, here: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answers seem to be older than those that the page has; nothing stays up for that, and nothing stays dark."""
    screen = await open_screen(browser, here, **SHORT)
    code = await make_alert(here.house)
    await said(here.house, screen.outlet, (1, "aired"))
    in_turn = play.in_turn

    async def an_hour_earlier(session: Session, player: Player) -> Turn:
        turn = await in_turn(session, player)
        return replace(turn, at=turn.at - timedelta(hours=1))

    monkeypatch.setattr(play, "in_turn", an_hour_earlier)
    other = await make_alert(here.house, minor__name="王小红")
    await screen.shows("王小红")
    await retracted(here.house, other)
    await screen.shows("李小明")
    await retracted(here.house, code)
    await screen.is_black()
    await said(here.house, screen.outlet, (1, "aired"), (1, "aired"), (2, "taken_down"), (2, "taken_down"))


async def test_a_ledger_that_counts_anew(browser: Browser, here: Station) -> None:
    """It was restored from a copy: its answers have lower numbers than the page has seen."""
    await rows(here.house, "SELECT setval('player_turn', 1000)")
    screen = await open_screen(browser, here, **SHORT)
    code = await make_alert(here.house)
    await said(here.house, screen.outlet, (1, "aired"))
    await rows(here.house, "SELECT setval('player_turn', 1)")
    await retracted(here.house, code)
    await screen.is_black()
    await make_alert(here.house, minor__name="王小红")
    await screen.shows("王小红")


async def test_a_hidden_page_claims_nothing(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here)
    await screen.page.evaluate(
        "Object.defineProperty(document, 'visibilityState', { get: () => window.seen ? 'visible' : 'hidden' })"
    )
    await make_alert(here.house)
    await screen.shows("李小明")
    await asyncio.sleep(2.5)
    assert await receipts(here.house, screen.outlet) == []
    await screen.page.evaluate("window.seen = true")
    await said(here.house, screen.outlet, (1, "aired"))


async def test_a_page_with_something_over_it_claims_nothing(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here)
    await screen.page.evaluate(
        "const over = document.createElement('div'); over.id = 'over'; "
        "over.style.cssText = 'position:fixed;top:0;left:0;width:100%;height:100%;background:green'; "
        "document.body.append(over)"
    )
    await make_alert(here.house)
    await screen.shows("李小明")
    await asyncio.sleep(2.5)
    assert await receipts(here.house, screen.outlet) == []
    await screen.page.evaluate("document.getElementById('over').remove()")
    await said(here.house, screen.outlet, (1, "aired"))


async def test_a_picture_that_does_not_come_is_told_of(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here)
    await blocked(screen.page, "**/media/**")
    await make_alert(here.house, portrait())
    await screen.shows("李小明")
    await said(here.house, screen.outlet, (1, "aired"))
    assert [row.note for row in await rows(here.house, "SELECT note FROM receipt")] == ["图片未能加载，以文字展示"]
