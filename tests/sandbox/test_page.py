"""The page: served whole, from here alone, and deaf to markup."""

import asyncio
import os
import re
import shutil
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from urllib.parse import urljoin

import pytest

from sandbox.playout import Playout
from sandbox.server import ASSETS, policy
from sandbox.town import CHINA
from tests.sandbox.stage import ALERT, payload, stage
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


@pytest.mark.parametrize(("page", "icon"), [("/", "/icon.svg"), ("/ebd/", "/ebd/icon.svg")])
async def test_a_page_has_an_icon_that_its_policy_lets_in(tmp_path: Path, page: str, icon: str) -> None:
    async with stage(tmp_path) as at:
        shown, picture = await at.client.get(page), await at.client.get(icon)
        named = re.search(r'<link rel="icon" type="image/svg\+xml" href="([^"]+)">', shown.text)
        assert named is not None
        assert urljoin(page, named[1]) == icon
        assert re.search(r"img-src 'self'[ ;]", shown.headers["content-security-policy"])
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")


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


async def _dump(address: object, folder: Path, **settings: str) -> str:
    """The page as a browser has it after a moment."""
    assert BROWSER is not None
    arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--virtual-time-budget=2500",
        "--timeout=4000",
        "--dump-dom",
        f"--user-data-dir={folder / 'profile'}",
        str(address),
    ]
    seen = await asyncio.create_subprocess_exec(BROWSER, *arguments, stdout=-1, stderr=-3, env=os.environ | settings)
    return (await seen.communicate())[0].decode()


@pytest.mark.skipif(BROWSER is None, reason="no chromium to look with")
async def test_times_are_beijings_and_what_is_not_known_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unnumbered = {
        "alert": "YL-2026-000009", "number": 0, "kind": "publish", "status": "exercise", "since": "", "expires_at": "",
        "texts": {"crawl": "【演练】"}, "media": [],
    }  # fmt: skip
    monkeypatch.setattr(Playout, "showing", lambda _, slug: [unnumbered] if slug == "screen-1" else [])
    async with listening(tmp_path) as at:
        await at.send("tv-1", payload())
        (tv,) = [one for one in (await at.client.get("/now")).json()["stations"] if one["slug"] == "tv-1"]
        page = await _dump(at.client.base_url, tmp_path, TZ="America/New_York")
    since = datetime.fromisoformat(tv["showing"][0]["since"]).astimezone(CHINA)
    captions = [said for said in re.findall(r'<p class="caption">([^<]*)</p>', page) if said.strip()]
    assert captions == [f"{ALERT} 第1号发布 · {since:%H:%M:%S}", "YL-2026-000009 发布"]
    now = datetime.now(CHINA)
    ticking = set(re.findall(r'<time class="clock ticking">([^<]*)</time>', page))
    assert ticking <= {f"{at:%H:%M}" for at in (now, now - timedelta(minutes=1))}
    assert ticking


@pytest.mark.skipif(BROWSER is None, reason="no chromium to look with")
async def test_a_browser_shows_markup_as_text_and_marks_an_exercise(tmp_path: Path) -> None:
    hostile = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
    async with listening(tmp_path) as at:
        await at.send(
            "tv-1",
            payload(rendition={"texts": {"crawl": hostile}, "media": [{"role": "photo", "url": "javascript:1"}]}),
        )
        await at.send("screen-1", payload(status="exercise"), "dlv_2")
        page = await _dump(at.client.base_url, tmp_path)
    assert "<title>沙盒 · 此刻的发布点</title>" in page
    assert "&lt;img src=x onerror=" in page
    assert "<img src=x" not in page.replace('"', "")
    assert "javascript:1" not in page
    assert 'class="veil exercise"' in page
    assert 'class="strip actual"' in page
