"""/docs: the reference as a page that needs nothing from anywhere else."""

import re

import httpx
import pytest

from app.api.reference import completing
from app.api.reference.completing import OPERATIONS
from app.flows.house import House
from app.main import build_app
from tests.api.stage import client_of
from tests.serving import browsing, station


@pytest.fixture
async def answer(house: House) -> httpx.Response:
    async with client_of(house) as client:
        return await client.get("/docs")


async def test_every_operation_stands_there(house: House, answer: httpx.Response) -> None:
    async with client_of(house) as client:
        document = (await client.get("/openapi.json")).json()
    found = [o for item in document["paths"].values() for o in item.values()] + [document["webhooks"]["notice"]["post"]]
    assert len(found) > 20
    for operation in found:
        assert f'id="{operation["operationId"]}"' in answer.text
        assert f'href="#{operation["operationId"]}"' in answer.text
        assert operation["summary"] in answer.text
    for words in (
        "minor.resident_id",
        "items[].payload.data.rendition.texts",
        "webhook-signature",
        "idempotency-key-reused",
    ):
        assert words in answer.text
    assert "``" not in answer.text
    assert "`" not in answer.text


async def test_what_is_half_described_is_shown_as_far_as_it_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is not lost for one operation."""
    known = {name: said for name, said in OPERATIONS.items() if name != "get /v1/drills"}
    known["post /v1/drills"] = {"summary": "发起演练", "keys": ["operator"]}
    monkeypatch.setattr(completing, "OPERATIONS", known)
    monkeypatch.setattr(completing, "PARAMETERS", {})
    app = build_app(house)

    @app.get("/v1/wordless/{one}", tags=["keys"], responses={418: {}})
    async def wordless(one: str) -> dict[str, str]:
        return {one: ""}

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://huijia.test") as client:
        answer = await client.get("/docs")
    assert answer.status_code == 200
    for path in ("/v1/drills", "/v1/wordless/{one}", "/v1/feed"):
        assert f"<code>{path}</code>" in answer.text


async def test_nothing_is_asked_of_anybody(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert not re.search(r"<(script|img|link|iframe|object|form)\b|\ssrc=|\sstyle=|url\(|@import", answer.text)


async def test_a_browser_shows_it_without_a_complaint(house: House) -> None:
    async with browsing() as browser, station(house) as here:
        page = await browser.new_page()
        asked, said = list[str](), list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        await page.goto(f"{here.base}/docs")
        assert await page.locator("section").count() > 20
        assert await page.locator("section h2").first.is_visible()
        colour = await page.locator("section").first.evaluate("one => getComputedStyle(one).borderRadius")
        assert colour == "10px", "our policy lets our own style in"
        await page.get_by_role("link", name="拉取通告").click()
        assert page.url.endswith("#read_feed_v1_feed_get")
        await page.set_viewport_size({"width": 360, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        assert asked == [f"{here.base}/docs"]
        assert said == []
