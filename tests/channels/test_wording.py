"""What is written is put on one line; where is said once; when is Beijing time."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from channels.wording import beijing, clean, facts_of, levels, moment, numbers, place
from tests.channels.notices import LOSS, PUBLISH, RETRACT


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("红色短袖\n蓝色短裤\r\n\r\n 白鞋 ", "红色短袖，蓝色短裤，白鞋"),
        ("红色短袖、\n蓝色短裤。", "红色短袖、蓝色短裤"),
        ("李\u202e小\u200b明\x00", "李小明"),
        ("【测试】左眉有痣", "（测试）左眉有痣"),
        ("李𬎆葛\U000e0100\ue863", "李𬎆葛\U000e0100\ue863"),
        ("a\u3000\t b", "a b"),
        ("半个字\ud800", "半个字□"),
        (" \n ", ""),
    ],
)
def test_cleaning(written: str, expected: str) -> None:
    assert clean(written) == expected


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        ("陕西省西安市雁塔区", ["陕西省", "西安市", "雁塔区"]),
        ("四川省甘孜藏族自治州泸定县", ["四川省", "甘孜藏族自治州", "泸定县"]),
        ("湖北省荆州市沙市区", ["湖北省", "荆州市", "沙市区"]),
        ("四川省广元市利州区", ["四川省", "广元市", "利州区"]),
        ("宁夏回族自治区银川市西夏区", ["宁夏回族自治区", "银川市", "西夏区"]),
        ("内蒙古自治区鄂尔多斯市乌审旗", ["内蒙古自治区", "鄂尔多斯市", "乌审旗"]),
        ("重庆市城口县", ["重庆市", "城口县"]),
        ("", []),
    ],
)
def test_levels_of_an_area(area: str, expected: list[str]) -> None:
    assert levels(area) == expected
    assert "".join(levels(area)) == area


@pytest.mark.parametrize(
    ("spot", "full", "short"),
    [
        ("小寨地铁站B口", "陕西省西安市雁塔区小寨地铁站B口", "西安市雁塔区小寨地铁站B口"),
        ("雁塔区小寨", "陕西省西安市雁塔区小寨", "西安市雁塔区小寨"),
        ("西安市雁塔区小寨", "陕西省西安市雁塔区小寨", "西安市雁塔区小寨"),
        ("陕西省西安市雁塔区小寨", "陕西省西安市雁塔区小寨", "陕西省西安市雁塔区小寨"),
        ("", "陕西省西安市雁塔区", "西安市雁塔区"),
    ],
)
def test_a_place_is_said_once(spot: str, full: str, short: str) -> None:
    loss = replace(LOSS, place=spot)
    assert place(loss) == full
    assert place(loss, province=False) == short


def test_time_is_beijing_time() -> None:
    assert moment(datetime(2026, 11, 23, 18, 5, tzinfo=UTC)) == "11月24日2时5分"
    assert moment(datetime(2026, 11, 23, 6, 0, tzinfo=UTC)) == "11月23日14时"
    with pytest.raises(ValueError, match="offset"):
        beijing(datetime(2026, 11, 23, 6, 0))  # noqa: DTZ001 - the point


@pytest.mark.parametrize(("phone", "expected"), [("029-85250110", "110或029-85250110"), ("", "110"), ("110", "110")])
def test_110_is_said_once(phone: str, expected: str) -> None:
    assert numbers(facts_of(replace(PUBLISH, phone=phone))) == expected


def test_a_retraction_has_no_facts_to_tell() -> None:
    facts = facts_of(RETRACT)
    assert (facts.name, facts.place, facts.suspect, facts.vehicle) == ("", "", "", "")
    assert facts_of(replace(RETRACT, masked_name=" ", unit="")).masked == "未成年人"
