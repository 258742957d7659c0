"""The correction shows that the search has ended, and nothing of the child."""

from dataclasses import replace

import pytest

from channels.contract import Media, Status
from channels.studio import make
from channels.studio.colours import OVER, REAL
from tests.channels.notices import RETRACT, SECRETS_OF_THE_CHILD
from tests.studio.pictures import COARSE, LARGE, PLUM, laid, made, photo, piece, share, status, texts

OTHER_PHOTO = Media("photo", "image/png", "https://huijia.example/media/other.png", "aa" * 32, 5, 9, 9)
OTHER_CHILD = replace(RETRACT, suspect="女，三十岁", vehicle="川B99999", photo=OTHER_PHOTO, number=7, ends=(5, 6))
ROLES = [("poster", (1920, 1080)), ("slate", (1920, 1080)), ("lower_third", (1920, 237)), ("poster", (192, 64))]


@pytest.mark.parametrize("status_", Status)
@pytest.mark.parametrize(("role", "size"), ROLES, ids=str)
def test_its_bytes_know_nothing_of_the_child(role: str, size: tuple[int, int], status_: Status) -> None:
    wanted = piece(size, role)  # type: ignore[arg-type]  # roles as they are named
    bare = make(wanted, replace(status(RETRACT, status_), suspect="", vehicle="", photo=None), None).body
    for notice, body in ((RETRACT, photo()), (OTHER_CHILD, photo(900, 300, (1, 2, 3))), (OTHER_CHILD, None)):
        assert make(wanted, status(notice, status_), body).body == bare


@pytest.mark.parametrize("size", [*LARGE, *COARSE], ids=str)
def test_only_the_masked_name_and_thanks(size: tuple[int, int]) -> None:
    sheet = laid(size, RETRACT, photo())
    said = texts(sheet)
    assert "结束" in said
    assert "谢谢" in said
    assert not [secret for secret in SECRETS_OF_THE_CHILD if secret in said]
    assert "photo" not in {thing.name for thing in sheet.drawn}
    assert share(made(size, RETRACT, photo()), PLUM) == 0
    assert share(made(size, RETRACT, photo()), REAL.main) == 0


@pytest.mark.parametrize("size", LARGE, ids=str)
def test_a_large_panel_says_all_of_it(size: tuple[int, int]) -> None:
    said = texts(laid(size, replace(RETRACT, line="孩子已平安回家")))
    for words in ("李某某的寻人已经结束", "请停止转发", "孩子已平安回家", "雁塔分局", "HJ-2026-000123"):
        assert words in said, words
    assert share(made(size, RETRACT), OVER.ground, near=1) > 0.6, "a quiet ground"
    assert share(made(size, RETRACT), OVER.main) > 0.005


def test_another_masked_name_is_another_picture() -> None:
    """So that the test above cannot pass because nothing is drawn at all."""
    wanted = piece((1920, 1080))
    assert make(wanted, RETRACT, None).body != make(wanted, replace(RETRACT, masked_name="王某"), None).body
