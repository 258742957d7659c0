"""An exercise or a test is never mistaken for the real thing, from across the street or on sixty-four pixels."""

import pytest
from PIL import Image

from channels.contract import Notice, Status
from channels.studio.colours import EXERCISE, OVER, REAL, TEST, Scheme
from tests.channels.notices import PUBLISH, RETRACT, UPDATE
from tests.studio.pictures import COARSE, LARGE, laid, made, photo, share, status, texts

DRILLS = {Status.EXERCISE: EXERCISE, Status.TEST: TEST}
NOTICES = [PUBLISH, UPDATE, RETRACT]

drills = pytest.mark.parametrize("drill", DRILLS)
kinds = pytest.mark.parametrize("notice", NOTICES, ids=lambda n: str(n.kind))


def coloured(image: Image.Image, scheme: Scheme) -> float:
    return share(image, scheme.main) + share(image, scheme.second)


@kinds
@drills
@pytest.mark.parametrize("size", LARGE, ids=str)
def test_the_colours_and_the_watermark_are_there(size: tuple[int, int], drill: Status, notice: Notice) -> None:
    image, scheme = made(size, status(notice, drill)), DRILLS[drill]
    assert coloured(image, scheme) > 0.06, "the frame"
    assert share(image, scheme.faint, near=2) > 0.02, "the watermark"
    assert share(image, scheme.ground, near=2) > 0.2, "the ground"
    assert share(image, REAL.main) < 0.001
    assert share(image, OVER.main) < 0.001


@drills
@pytest.mark.parametrize("size", LARGE, ids=str)
def test_the_frame_goes_all_the_way_round(size: tuple[int, int], drill: Status) -> None:
    image, scheme = made(size, status(PUBLISH, drill), photo()), DRILLS[drill]
    width, height = image.size
    for edge in ((0, 0, width, 2), (0, height - 2, width, height), (0, 0, 2, height), (width - 2, 0, width, height)):
        strip = image.crop(edge)
        assert coloured(strip, scheme) > 0.9
        assert share(strip, scheme.main) > 0.2
        assert share(strip, scheme.second) > 0.2


@kinds
@drills
@pytest.mark.parametrize("size", COARSE, ids=str)
def test_a_coarse_panel_glows_in_another_colour(size: tuple[int, int], drill: Status, notice: Notice) -> None:
    drawn, scheme = status(notice, drill), DRILLS[drill]
    image = made(size, drawn)
    assert share(image, scheme.night, near=4) > 0.3
    assert share(image, (0, 0, 0), near=4) < 0.01, "black is for what is real"
    assert share(image, REAL.lamp) == 0
    assert ("演练" if drill is Status.EXERCISE else "测试") in texts(laid(size, drawn))


@kinds
@pytest.mark.parametrize("size", [*LARGE, *COARSE], ids=str)
def test_what_is_real_bears_no_mark(size: tuple[int, int], notice: Notice) -> None:
    image = made(size, notice)
    said = texts(laid(size, notice))
    assert "演练" not in said
    assert "测试" not in said
    for scheme in DRILLS.values():
        assert coloured(image, scheme) < 0.002
        assert share(image, scheme.night, near=2) < 0.01


@pytest.mark.parametrize("size", [*LARGE, *COARSE], ids=str)
def test_at_a_glance(size: tuple[int, int]) -> None:
    """All that is left at a great distance is a smear of colour: it still differs."""
    smears = []
    for each in Status:
        red, green, blue = made(size, status(PUBLISH, each)).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))  # type: ignore[misc]  # RGB
        smears.append((red, green, blue))
    for at, one in enumerate(smears):
        for other in smears[at + 1 :]:
            assert max(abs(a - b) for a, b in zip(one, other, strict=True)) >= 8, smears


@drills
def test_the_photo_is_marked_itself(drill: Status) -> None:
    """Who crops the photo out of a drill still has the mark on it."""
    notice = status(PUBLISH, drill)
    for size in LARGE:
        slot = next(thing.box for thing in laid(size, notice, photo()).drawn if thing.name == "photo")
        foot = made(size, notice, photo()).crop((slot.left, slot.bottom - slot.height // 7, slot.right, slot.bottom))
        assert coloured(foot, DRILLS[drill]) > 0.6


def test_the_end_of_an_exercise_is_an_exercise() -> None:
    image = made((1920, 1080), status(RETRACT, Status.EXERCISE))
    assert coloured(image, EXERCISE) > 0.06
    assert "演练信息，请勿转发" in texts(laid((1920, 1080), status(RETRACT, Status.EXERCISE)))
