"""The page: served whole, from here alone, and deaf to markup."""

import asyncio
import re
import shutil
from importlib import resources
from pathlib import Path

import pytest

from sandbox.server import ASSETS, policy
from tests.sandbox.stage import payload, stage
from tests.sandbox.test_modes import listening

PAGES = {file: (resources.files("sandbox") / "pages" / file).read_text("utf-8") for file, _ in ASSETS.values()}
BROWSER = shutil.which("chromium-headless-shell") or shutil.which("chromium")


async def test_every_part_of_the_page_is_served_under_a_strict_policy(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        for path, (file, kind) in ASSETS.items():
            reply = await at.client.get(path)
            assert reply.status_code == 200
            assert reply.text == PAGES[file]
            assert reply.headers["content-type"].startswith(kind)
            assert reply.headers["content-security-policy"] == policy("http://huijia:8000")


def test_pictures_may_come_from_huijia_and_nothing_else_from_anywhere() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in policy("https://huijia.example:8443/base").split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "'self' https://huijia.example:8443"
    assert {rules[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}


def test_the_page_asks_for_nothing_from_elsewhere() -> None:
    referred = {
        found
        for text in PAGES.values()
        for found in re.findall(r"""(?:src=|href=|from\s|url\(|import\s|fetch\()\s*["']([^"']+)["']""", text)
    }
    assert {name.removeprefix("./").removeprefix("/") for name in referred} - {"now"} <= set(PAGES)
    assert not any("//" in text.replace("https?:\\/\\/", "") for name, text in PAGES.items() if name.endswith("html"))


@pytest.mark.parametrize("file", [file for file in PAGES if file.endswith((".js", ".html"))])
def test_nothing_is_ever_parsed_as_markup_or_code(file: str) -> None:
    dangerous = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|\bon\w+=|javascript:|srcdoc"
    )
    assert re.findall(dangerous, PAGES[file]) == []


async def test_an_unchanged_picture_costs_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        tag = (await at.client.get("/now")).headers["etag"]
        assert (await at.client.get("/now", headers={"if-none-match": tag})).status_code == 304
        await at.send("tv-1", payload())
        changed = await at.client.get("/now", headers={"if-none-match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag
        await at.turn("tv-1", "slow")
        again = await at.client.get("/now", headers={"if-none-match": changed.headers["etag"]})
        assert again.status_code == 200


async def test_health_counts_receipts(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        health = (await at.client.get("/health")).json()
        assert health == {
            "ok": True,
            "stations": 20,
            "calls": 0,
            "receipts": {"waiting": 0, "sent": 0, "refused": 0, "dropped": 0, "keyless": 0},
        }


@pytest.mark.skipif(BROWSER is None, reason="no chromium to look with")
async def test_a_browser_shows_markup_as_text_and_marks_an_exercise(tmp_path: Path) -> None:
    assert BROWSER is not None
    hostile = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
    async with listening(tmp_path) as at:
        await at.send(
            "tv-1",
            payload(rendition={"texts": {"crawl": hostile}, "media": [{"role": "photo", "url": "javascript:1"}]}),
        )
        await at.send("screen-1", payload(status="exercise"), "dlv_2")
        arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--virtual-time-budget=2500",
            "--timeout=4000",
            "--dump-dom",
        ]
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        seen = await asyncio.create_subprocess_exec(
            BROWSER, *arguments, profile, str(at.client.base_url), stdout=-1, stderr=-3
        )
        page = (await seen.communicate())[0].decode()
    assert "<title>沙盒 · 此刻的发布点</title>" in page
    assert "&lt;img src=x onerror=" in page
    assert "<img src=x" not in page.replace('"', "")
    assert "javascript:1" not in page
    assert 'class="veil exercise"' in page
    assert 'class="strip actual"' in page
