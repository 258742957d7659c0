"""Every word has its Chinese, and no template brings in what the pages may not have."""

import re
from pathlib import Path

import httpx
import pytest

import app.console
from app.console import labels
from app.console.assets import FILES
from app.db import progress
from app.domain.words import AlertState, EndReason, Kind, ReceiptKind, Status
from channels.contract import Reason
from channels.registry import CHANNELS

ROOM = Path(app.console.__file__).parent
TEMPLATES = sorted((ROOM / "templates").glob("*.html"))


def test_every_stage_that_the_views_can_give_has_word_sign_and_colour() -> None:
    given = set(re.findall(r"(?:THEN|ELSE) '([a-z_]+)'", progress._STAGED))
    assert given == set(labels.STAGES)
    assert len({s.word for s in labels.STAGES.values()}) == len(labels.STAGES)


def test_every_live_and_ended_stage_is_counted_once() -> None:
    live = [stage for _, _, stages in labels.LIVE_COUNTS for stage in stages]
    ended = [stage for _, _, stages in labels.ENDED_COUNTS for stage in stages]
    assert sorted(live) == sorted({s for s in labels.STAGES if not s.startswith("down")} - {"corrected", "spared"})
    assert sorted(ended) == sorted(set(labels.STAGES) - {"failed", "spared"})


def test_every_closed_vocabulary_is_covered() -> None:
    assert set(labels.MARKS) == set(Status)
    assert set(labels.KINDS) == set(Kind)
    assert set(labels.STATES) == set(AlertState)
    assert set(labels.END_REASONS) == set(EndReason)
    assert set(labels.RECEIPTS) == set(ReceiptKind)
    assert set(labels.REASONS) == set(Reason)


def test_the_channels_are_called_what_they_call_themselves() -> None:
    ours = {name: channel.title for name, channel in CHANNELS.items() if name in labels.CHANNELS}
    assert ours == labels.CHANNELS


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda p: p.name)
def test_a_template_has_no_inline_script_or_style_and_nothing_from_elsewhere(template: Path) -> None:
    said = template.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]* src=\"(?:{{ asset|/play/static/))", said)
    assert not re.search(r"\son\w+=|\sstyle=|\shx-on|javascript:|hx-vals='js:", said)
    assert "://" not in said
    assert "|safe" not in said.replace(" ", "").replace("'aria-current=\"true\"'|safe", "").replace(
        "'class=\"drill\"'|safe", ""
    )
    assert "预警" not in said, "reserved by 突发事件应对法 §64"


def test_our_own_scripts_and_styles_fetch_nothing_from_elsewhere() -> None:
    ours = [name for name in FILES if name.endswith((".css", ".js")) and not name.startswith("vendor/")]
    assert {"console.css", "board.css", "live.js", "desk.js"} <= set(ours)
    for name in ours:
        said = FILES[name].decode()
        assert "://" not in said
        assert "@import" not in said
        assert "eval(" not in said


async def test_static_files_are_found_by_name_only(visitor: httpx.AsyncClient) -> None:
    page = (await visitor.get("/console/sign-in")).text
    for path in re.findall(r'(?:src|href)="(/console/static/[^"]+)"', page):
        answer = await visitor.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    for path in ("../routes.py", "%2e%2e/routes.py", "..%2f..%2fmain.py", "/etc/passwd", "nothing.css"):
        assert (await visitor.get(f"/console/static/{path}")).status_code == 404


async def test_there_is_always_a_chinese_page(visitor: httpx.AsyncClient) -> None:
    missing = await visitor.get("/console/no-such-page")
    assert missing.status_code == 404
    assert "没有这个页面" in missing.text
    assert missing.headers["content-type"] == "text/html; charset=utf-8"
