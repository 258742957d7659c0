"""Figures as a newsreader reads them at sight."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import spoken
from tests.channels.strategies import FACT

EXAMPLES = {
    "报警电话110": "报警电话幺幺零",
    "拨打119或120": "拨打幺幺九或幺二零",
    "身高118cm左右": "身高一米一八左右",
    "身高１１８厘米": "身高一米一八",
    "身高110厘米": "身高一米一",
    "身高95cm": "身高九十五厘米",
    "1.05m": "一米零五",
    "1米2": "一米二",
    "1米18": "一米一八",
    "0.5米": "零点五米",
    "110-120厘米": "一百一十到一百二十厘米",
    "2-3岁": "两到三岁",
    "约2岁": "约两岁",
    "40岁左右": "四十岁左右",
    "2个书包、2件外套": "两个书包、两件外套",
    "第2件": "第二件",
    "小学2年级": "小学二年级",
    "左耳后2cm疤": "左耳后两厘米疤",
    "16:40": "十六点四十分",
    "16：40分许": "十六点四十分许",
    "14:00-15:05": "十四点整到十五点零五分",
    "下午2点30分": "下午两点三十分",
    "下午2点左右": "下午两点左右",
    "2026-11-23 08:05": "二零二六年十一月二十三日 八点零五分",
    "2011年": "二零一一年",
    "10月2日": "十月二日",
    "陕A12345白色面包车": "陕A幺二三四五白色面包车",
    "陕AD12345": "陕AD幺二三四五",
    "陕a·F1234挂": "陕aF幺二三四挂",
    "13800001234": "幺三八，零零零零，幺二三四",
    "029-85250110转8012": "零二九，八五二五零幺幺零转八零幺二",
    "400-820-8820": "四零零，八二零，八八二零",
    "12345热线": "幺二三四五热线",
    "乘608路": "乘六零八路",
    "乘12路": "乘十二路",
    "3号线B1口": "三号线B一口",
    "205室": "二零五室",
    "1-2-301": "幺杠二杠三零幺",
    "88-1号": "八十八杠一号",
    "G210国道": "G二幺零国道",
    "1205号": "幺二零五号",
    "1,200元": "一千二百元",
    "10500元": "一万零五百元",
    "体重25.5kg": "体重二十五点五公斤",
    "42码": "四十二码",
    "75%": "百分之七十五",
    "气温-5℃": "气温零下五摄氏度",
    "商场-1层": "商场负一层",
    "3#楼": "三号楼",
    "①号楼": "一号楼",
    "٣岁": "三岁",
    "007": "零零七",
}


@pytest.mark.parametrize(("written", "said"), EXAMPLES.items())
def test_free_text(written: str, said: str) -> None:
    assert spoken.speak(written) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "零"), (7, "七"), (10, "十"), (15, "十五"), (20, "二十"), (101, "一百零一"), (110, "一百一十"),
        (118, "一百一十八"), (1010, "一千零一十"), (1001, "一千零一"), (10000, "一万"), (10500, "一万零五百"),
        (20010, "二万零一十"), (120000, "十二万"), (99999999, "九千九百九十九万九千九百九十九"),
    ],
)  # fmt: skip
def test_cardinals(number: int, said: str) -> None:
    assert spoken.cardinal(number) == said


VALUES = {char: value for value, char in enumerate("零一二三四五六七八九")}
POWERS = {"十": 10, "百": 100, "千": 1000}


def understood(said: str) -> int:
    """What a listener makes of a number; written from the listener's side."""
    total = section = digit = 0
    for char in said:
        if char == "万":
            total, section, digit = (section + digit) * 10_000, 0, 0
        elif char in POWERS:
            section, digit = section + (digit or 1) * POWERS[char], 0
        else:
            digit = VALUES[char]
    return total + section + digit


@given(st.integers(0, 99_999_999))
def test_a_listener_understands_the_number_that_was_meant(number: int) -> None:
    assert understood(spoken.cardinal(number)) == number


@pytest.mark.parametrize(
    ("centimetres", "said"),
    [
        (52, "五十二厘米"),
        (100, "一米"),
        (105, "一米零五"),
        (118, "一米一八"),
        (120, "一米二"),
        (178, "一米七八"),
        (200, "两米"),
    ],
)
def test_heights(centimetres: int, said: str) -> None:
    assert spoken.height(centimetres) == said


def test_ages() -> None:
    assert [spoken.age(years) for years in (0, 1, 2, 6, 10, 17)] == [
        "不满一岁", "一岁", "两岁", "六岁", "十岁", "十七岁",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("hour", "minute", "said"),
    [
        (6, 20, "十一月二十三日十四点二十分"),
        (18, 5, "十一月二十四日凌晨两点零五分"),
        (16, 0, "十一月二十四日凌晨零点整"),
        (0, 30, "十一月二十三日上午八点三十分"),
        (4, 0, "十一月二十三日十二点整"),
    ],
)
def test_moments_are_beijing_time(hour: int, minute: int, said: str) -> None:
    assert spoken.moment(datetime(2026, 11, 23, hour, minute, tzinfo=UTC)) == said


def test_telephones_and_numbers_of_alerts() -> None:
    assert spoken.telephone("029-85250110") == "零二九，八五二五零幺幺零"
    assert spoken.telephone("110") == "幺幺零"
    assert spoken.code("HJ-2026-000123") == "HJ，二零二六，零零零幺二三"


@given(
    st.text(FACT, max_size=60) | st.text(st.sampled_from("0123456789-.:,年月日时分点号路米cm%岁个转陕A"), max_size=30)
)
def test_no_digit_is_left(text: str) -> None:
    said = spoken.speak(text)
    assert not any(char.isdecimal() for char in said)
    assert spoken.speak(said) == said
