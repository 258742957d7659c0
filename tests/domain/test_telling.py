"""Once, soon, and again while it lasts."""

import pytest

from app.domain.telling import AGAIN, CALM_AGAIN, PATIENCE, Standing


def standing(lasted: float, told: float | None = None, over: float | None = None, **more: object) -> Standing:
    return Standing("t", "三", lasted, told, "二" if more.pop("other", False) else "三", over, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lasted", "told", "over", "is_due"),
    [
        (0, None, None, False),
        (PATIENCE - 0.1, None, None, False),
        (PATIENCE, None, None, True),
        (PATIENCE + 1, 1, None, False),
        (1000, AGAIN - 1, None, False),
        (1000, AGAIN, None, True),
        (1000, AGAIN + 1, 0, False),
        (1000, 1, PATIENCE - 0.1, False),
        (1000, 1, PATIENCE, True),
        (1000, None, PATIENCE, False),
    ],
)
def test_when(lasted: float, told: float | None, over: float | None, is_due: bool) -> None:
    assert standing(lasted, told, over).is_due is is_due


@pytest.mark.parametrize(("lasted", "told", "over"), [(-9, None, None), (-9, -9, None), (50, -9, None), (50, 3, -9)])
def test_a_moment_that_is_to_come_keeps_nothing_back(lasted: float, told: float | None, over: float | None) -> None:
    """The clock was set back: otherwise nobody would be told until that time has come again."""
    assert standing(lasted, told, over).is_due


def test_what_is_calm_is_told_again_when_it_has_changed_or_after_hours() -> None:
    assert not standing(9999, AGAIN + 1, calm=True).is_due
    assert standing(99999, CALM_AGAIN, calm=True).is_due
    assert standing(9999, AGAIN + 1, calm=True, other=True).is_due
    assert not standing(9999, AGAIN - 1, calm=True, other=True).is_due
