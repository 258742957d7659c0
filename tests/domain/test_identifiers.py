"""The identifiers in a police record."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.identifiers import (
    CASE_NUMBER,
    ORGAN_CODE,
    age_on,
    masked_name,
    resident_id_birth,
    resident_id_check,
    resident_id_sex,
    resident_id_valid,
)

TEST_VALUE = "11010519491231002X"  # the example in GB 11643-1999


def test_the_example_of_the_standard() -> None:
    assert resident_id_valid(TEST_VALUE)
    assert resident_id_birth(TEST_VALUE) == date(1949, 12, 31)
    assert resident_id_sex(TEST_VALUE) == "female"


def _number(area: str, born: str, sequence: str) -> str:
    body = area + born + sequence
    return body + resident_id_check(body)


@pytest.mark.parametrize("area", ["610125", "610126", "612401", "000000", "999999"])
def test_a_prefix_that_is_retired_or_unknown_is_accepted(area: str) -> None:
    """户县 (610125) became 鄠邑 (610118): its people keep their numbers."""
    assert resident_id_valid(_number(area, "20190115", "013"))


@pytest.mark.parametrize(
    "number",
    [
        "11010519491231002x",  # the check character is a capital
        "110105194912310020",
        "11010519491231002",
        "11010519491231002XX",
        "110105491231002",  # the 15 digits of before 1999
        " 11010519491231002X",
        "11010519491231002X\n",
        "11010519491331002X",
        "１１０１０５１９４９１２３１００２X",  # full-width digits
        "",
    ],
)
def test_numbers_that_are_none(number: str) -> None:
    assert not resident_id_valid(number)


def test_a_day_that_does_not_exist_is_none_even_with_a_right_check() -> None:
    assert not resident_id_valid(_number("610113", "20190229", "013"))
    assert resident_id_valid(_number("610113", "20200229", "013"))
    assert not resident_id_valid(_number("610113", "00000101", "013"))


@given(st.dates(date(1900, 1, 1), date(2026, 12, 31)), st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(born: date, sequence: int, place: int, more: int) -> None:
    number = _number("610113", f"{born:%Y%m%d}", f"{sequence:03d}")
    wrong = number[:place] + str((int(number[place]) + more) % 10) + number[place + 1 :]
    assert resident_id_valid(number)
    assert not resident_id_valid(wrong)


@given(st.integers(0, 16), st.data())
def test_two_digits_changed_round_are_noticed(place: int, data: st.DataObject) -> None:
    number = _number("610113", f"{data.draw(st.dates(date(1950, 1, 1), date(2026, 1, 1))):%Y%m%d}", "013")
    left, right = number[place], number[place + 1]
    turned = number[:place] + right + left + number[place + 2 :]
    assert resident_id_valid(turned) == (left == right)


@pytest.mark.parametrize(("sequence", "sex"), [("001", "male"), ("002", "female"), ("013", "male"), ("990", "female")])
def test_sex(sequence: str, sex: str) -> None:
    assert resident_id_sex(_number("610113", "20190115", sequence)) == sex


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("李明", "李某"),
        ("李小明", "李某某"),
        ("欧阳修", "欧阳某"),
        ("欧阳小明", "欧阳某某"),
        ("欧阳", "欧某"),  # a family name of one character before one given name
        ("诸葛亮", "诸葛某"),
        ("司马相如", "司马某某"),
        ("单于", "单某"),
        ("阿不都热依木·买买提", "阿某某"),
        ("买买提·艾力", "买某某"),
        ("才仁卓玛", "才某某"),
        ("李", "李某"),
        ("", "某某"),
        ("   ", "某某"),
        (" 李小明 ", "李某某"),
        ("𠮷野", "𠮷某"),  # beyond the basic plane, still one character
    ],
)
def test_masked_name(name: str, masked: str) -> None:
    assert masked_name(name) == masked


@given(
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF, exclude_characters="某"), min_size=1, max_size=12)
)
def test_a_masked_name_tells_no_given_name(name: str) -> None:
    masked = masked_name(name)
    family = masked.rstrip("某")
    assert name.startswith(family)
    assert 1 <= len(family) <= 2
    assert len(masked) - len(family) in (1, 2), "nor how long it is beyond two"


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2019, 11, 24), date(2026, 11, 23), 6),
        (date(2019, 11, 23), date(2026, 11, 23), 7),
        (date(2020, 2, 29), date(2027, 2, 28), 6),
        (date(2020, 2, 29), date(2027, 3, 1), 7),
        (date(2026, 11, 23), date(2026, 11, 23), 0),
        (date(2008, 11, 24), date(2026, 11, 23), 17),
    ],
)
def test_age(born: date, day: date, age: int) -> None:
    assert age_on(born, day) == age


@pytest.mark.parametrize("number", ["A6101130000002026110001", "Z61011300ABC02026110001", "J0000000000000000000000"])
def test_case_numbers(number: str) -> None:
    assert len(number) == 23
    assert CASE_NUMBER.fullmatch(number)


@pytest.mark.parametrize(
    "number",
    ["a6101130000002026110001", "A610113000000202611000", "A61011300000020261100011", "A610113000000202611000X"],
)
def test_case_numbers_that_are_none(number: str) -> None:
    assert not CASE_NUMBER.fullmatch(number)


def test_organ_codes() -> None:
    assert ORGAN_CODE.fullmatch("610113000000")
    assert ORGAN_CODE.fullmatch("61011300A0B1")
    assert not ORGAN_CODE.fullmatch("61011300000")
    assert not ORGAN_CODE.fullmatch("A10113000000")
