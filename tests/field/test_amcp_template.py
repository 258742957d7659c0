"""The template that ships for CasparCG, in the browser that CasparCG has inside: filled as the server fills it."""

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from channels.carriers.amcp import template_data
from channels.contract import Duty, Rendition, Status
from tests.channels.far_ends import pressed
from tests.channels.notices import PUBLISH
from tests.conftest import ROOT

TEMPLATE = ROOT / "docs" / "channels" / "amcp-template" / "alert.html"
ARTEFACTS = ROOT / "artefacts" / "tv"
BROWSERS = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
RED, BLUE, GREEN, PURPLE = (200, 16, 30), (18, 74, 154), (20, 160, 60), (160, 20, 160)
WIDTH, HEIGHT = 1280, 720


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no chromium on this machine: make field installs it")
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        chromium.close()


@pytest.fixture
def page(browser: Page) -> Page:
    browser.route("https://huijia.example/**", lambda route: route.fulfill(body=painted(route.request.url)))
    browser.goto(TEMPLATE.as_uri())
    return browser


def painted(url: str) -> bytes:
    out = io.BytesIO()
    slate = url.partition("?")[0] in SLATES
    Image.new("RGB", (1920, 1080 if slate else 237), GREEN if slate else PURPLE).save(out, "PNG")
    return out.getvalue()


def rendition(status: Status = Status.ACTUAL, duty: Duty | None = None) -> Rendition:
    return replace(pressed(replace(PUBLISH, status=status), "tv")[0], duty=duty or Duty())


SLATES = {media.url.partition("?")[0] for media in rendition().media if media.role == "slate"}


def update(page: Page, data: bytes) -> None:
    """As the server does it: the quotation marks are escaped, and nothing else."""
    page.evaluate('update("' + data.decode().replace('"', '\\"') + '")')


def shot(page: Page, name: str) -> Image.Image:
    page.wait_for_timeout(1300)
    taken = page.screenshot(path=ARTEFACTS / f"caspar-{name}.png", omit_background=True)
    return Image.open(io.BytesIO(taken)).convert("RGBA")


def colour(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    return tuple(image.crop((x, y, x + 1, y + 1)).convert("RGB").tobytes())


def is_clear(image: Image.Image, x: int = 0, y: int = 0, width: int = WIDTH, height: int = HEIGHT) -> bool:
    return max(image.crop((x, y, x + width, y + height)).getchannel("A").tobytes()) == 0


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(one, other, strict=True))


def test_nothing_before_play_and_nothing_after_stop(page: Page) -> None:
    update(page, template_data(rendition(), 0))
    assert is_clear(shot(page, "before"))
    page.evaluate("play()")
    assert near(colour(shot(page, "slate"), 8, HEIGHT - 8), RED)
    page.evaluate("stop()")
    assert is_clear(shot(page, "gone"))
    assert "李小明" not in page.content()


def test_slate_then_lower_third_over_the_programme(page: Page) -> None:
    update(page, template_data(rendition(), 0))
    page.evaluate("play()")
    slate = shot(page, "slate")
    assert near(colour(slate, WIDTH // 2, 300), GREEN)
    page.evaluate("began -= 61000")
    third = shot(page, "lower-third")
    assert near(colour(third, WIDTH // 2, HEIGHT - 100), PURPLE)
    assert is_clear(third, height=400), "the programme is seen above it"


def test_as_long_alone_as_was_agreed(page: Page) -> None:
    update(page, template_data(rendition(duty=Duty(exclusive_minutes=3, repeat_every_minutes=10)), 0))
    page.evaluate("play()")
    page.evaluate("began -= 2 * 60000")
    assert near(colour(shot(page, "alone"), WIDTH // 2, 300), GREEN)
    page.evaluate("began -= 2 * 60000")
    assert is_clear(shot(page, "not-alone"), height=400)
    page.evaluate("began -= 6 * 60000")
    assert near(colour(shot(page, "again"), WIDTH // 2, 300), GREEN)


def test_an_exercise_in_the_second_row_has_its_colour(page: Page) -> None:
    update(page, template_data(rendition(Status.EXERCISE), 1))
    page.evaluate("play()")
    image = shot(page, "exercise")
    assert near(colour(image, 8, HEIGHT - 70), BLUE)
    assert is_clear(image, y=HEIGHT - 50, height=50), "the first row is another alert's"
    assert page.inner_text("#crawl").startswith("【演练】紧急寻人")
