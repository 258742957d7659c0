"""The codes on the pictures, read by a decoder that is not ours."""

import io
from dataclasses import replace

import pytest
import zxingcpp
from PIL import Image

from channels.contract import Status
from channels.studio.qr import qr
from tests.channels.notices import PUBLISH, RETRACT
from tests.studio.pictures import LARGE, laid, made, photo, status

LONG_URL = "https://xunren.gat.shaanxi.gov.cn/p/YL-2026-000123"


def read(image: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(image.convert("RGB"))]


@pytest.mark.parametrize("mime", ["image/png", "image/jpeg"])
@pytest.mark.parametrize("size", LARGE, ids=str)
def test_every_large_poster_leads_to_the_page(size: tuple[int, int], mime: str) -> None:
    for notice in (PUBLISH, replace(status(PUBLISH, Status.EXERCISE), page_url=LONG_URL)):
        assert read(made(size, notice, photo(), mime=mime)) == [notice.page_url]


@pytest.mark.parametrize("role", ["slate", "lower_third"])
@pytest.mark.parametrize("status_", Status)
def test_television_leads_to_the_page(role: str, status_: Status) -> None:
    size = (1920, 237) if role == "lower_third" else (1920, 1080)
    image = made(size, status(PUBLISH, status_), photo(), role=role)
    for programme in ("black", "white", "#777777"):
        under = Image.new("RGBA", image.size, programme)
        under.alpha_composite(image.convert("RGBA"))
        assert read(under) == [PUBLISH.page_url]


@pytest.mark.parametrize(
    "size", [(512, 128), (384, 160), (128, 512), (640, 192), (1920, 108), (800, 100), (420, 420), (300, 220)], ids=str
)
def test_where_a_code_is_drawn_it_can_be_read(size: tuple[int, int]) -> None:
    drawn = any(thing.name == "qr" for thing in laid(size, PUBLISH, photo()).drawn)
    assert read(made(size, PUBLISH, photo())) == ([PUBLISH.page_url] if drawn else [])
    assert drawn or min(size) < 300


def test_a_picture_of_the_screen_will_do() -> None:
    """As a phone sees it: smaller, and packed badly."""
    image = made((1920, 1080), PUBLISH, photo()).resize((1280, 720), Image.Resampling.BILINEAR)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=50)
    assert read(Image.open(out)) == [PUBLISH.page_url]


@pytest.mark.parametrize("url", ["", "https://huijia.example/p/" + "x" * 3000], ids=["none", "far too long"])
def test_no_code_rather_than_one_that_nobody_can_read(url: str) -> None:
    sheet = laid((1920, 1080), replace(PUBLISH, page_url=url), photo())
    names = {thing.name for thing in sheet.drawn}
    assert "qr" not in names
    assert {"name", "110", "phone"} <= names


def test_after_the_end_no_code() -> None:
    for size in LARGE:
        assert read(made(size, RETRACT, photo())) == []


def test_a_code_has_its_quiet_zone() -> None:
    code = qr(PUBLISH.page_url, 400)
    assert code is not None
    inner = Image.eval(code.picture.convert("L"), lambda value: 255 - value).getbbox()
    assert inner == (code.quiet, code.quiet, code.picture.width - code.quiet, code.picture.height - code.quiet)
    modules = (code.picture.width - 2 * code.quiet) // (code.quiet // 4)
    assert modules % 4 == 1, "a QR code has 21, 25, 29 … modules"
