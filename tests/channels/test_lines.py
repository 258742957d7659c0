"""Lines as they stand on a face."""

from dataclasses import replace

import pytest

from channels.contract import Notice, Panel, Status
from channels.fitting import width
from channels.lines import lines, wrap
from tests.channels.notices import PUBLISH, RETRACT, UPDATE

EXERCISE = replace(PUBLISH, status=Status.EXERCISE)

FACES: list[tuple[Notice, Panel, str]] = [
    (
        PUBLISH,
        Panel(),
        """紧急寻人
李小明 男 6岁 约118厘米
衣着：红色短袖、蓝色短裤
特征：左眉有痣，短发
11月23日14:20
西安市雁塔区小寨地铁站B口失踪
线索请拨110或029-85250110""",
    ),
    (
        UPDATE,
        Panel(),
        """更新寻人信息
李小明 男 6岁 约118厘米
衣着：红色短袖、蓝色短裤
11月23日14:20
西安市雁塔区小寨地铁站B口失踪
车辆：陕A12345，白色面包车
线索请拨110""",
    ),
    (
        EXERCISE,
        Panel(),
        """【演练】紧急寻人
演练信息，请勿转发
李小明 男 6岁 约118厘米
衣着：红色短袖、蓝色短裤
11月23日14:20
西安市雁塔区小寨地铁站B口失踪
线索请拨110""",
    ),
    (
        RETRACT,
        Panel(),
        """寻人结束
李某某的寻人已经结束
请停止转发，感谢关注
西安市公安局雁塔分局
编号HJ-2026-000123""",
    ),
    (
        PUBLISH,
        Panel(columns=24, rows=2),
        """紧急寻人　李小明 男 6岁　衣着：红色短袖等
11月23日14:20　小寨地铁站B口失踪　线索请拨110""",
    ),
    (
        EXERCISE,
        Panel(columns=10, rows=4),
        """【演练】紧急寻人
演练信息，请勿转发
李小明 男 6岁
11月23日14:20
【演练】
小寨地铁站B口失踪
线索请拨110""",
    ),
    (
        replace(RETRACT, status=Status.TEST),
        Panel(columns=12, rows=1),
        """【测试】寻人结束
【测试】测试信息，请勿转
【测试】发
【测试】李某某的寻人已经
【测试】结束
【测试】请停止转发，感谢
【测试】关注
【测试】西安市公安局雁塔
【测试】分局
【测试】编号
【测试】HJ-2026-000123""",
    ),
]


@pytest.mark.parametrize(("notice", "panel", "face"), FACES)
def test_faces(notice: Notice, panel: Panel, face: str) -> None:
    assert "\n".join(lines(notice, panel)) == face


def test_the_default_face_is_sixteen_by_eight() -> None:
    assert lines(PUBLISH, Panel()) == lines(PUBLISH, Panel(columns=16, rows=8))


@pytest.mark.parametrize("notice", [PUBLISH, UPDATE, EXERCISE])
def test_a_large_face_is_still_read_in_eight_seconds(notice: Notice) -> None:
    tale = replace(notice.person, features="左眉有痣，" * 40) if notice.person else None
    shown = lines(replace(notice, person=tale), Panel(columns=40, rows=30))
    assert sum(map(width, shown)) / 2 <= 8 * 9, "nine characters a second for eight seconds"


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("红色短袖，蓝色短裤", 4, ["红色短", "袖，蓝色", "短裤"]),
        ("衣服（有图案）", 3, ["衣服", "（有图", "案）"]),
        ("请拨029-85250110", 7, ["请拨", "029-85250110"]),
        ("HJ-2026-000123", 5, ["HJ-2026-", "000123"]),
        ("甲乙 丙丁", 2, ["甲乙", "丙丁"]),
        ("葛\U000e0100葛\U000e0100葛\U000e0100", 2, ["葛\U000e0100葛\U000e0100", "葛\U000e0100"]),
        ("", 8, []),
    ],
)
def test_wrapping(text: str, columns: int, expected: list[str]) -> None:
    assert wrap(text, columns) == expected
