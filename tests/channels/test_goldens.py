"""One notice of each kind as the public meets it. Read them aloud before you change them."""

from dataclasses import replace

import pytest

from channels.contract import Notice, Status
from tests.channels.notices import PUBLISH, RETRACT, UPDATE, rendered

EXERCISE = replace(PUBLISH, status=Status.EXERCISE)
EXERCISE_ENDS = replace(RETRACT, status=Status.EXERCISE, line="感谢各单位参加")

GOLDEN: list[tuple[str, str, Notice, str]] = [
    (
        "tv",
        "crawl",
        PUBLISH,
        "紧急寻人：李小明，男，6岁，身高约118厘米。11月23日14时20分在陕西省西安市雁塔区小寨地铁站B口失踪。"
        "失踪时衣着：红色短袖、蓝色短裤。体貌特征：左眉有痣，短发。失踪经过：与家人走散。"
        "发现线索请立即拨打110或029-85250110（西安市公安局雁塔分局）。",
    ),
    (
        "tv",
        "crawl",
        UPDATE,
        "更新寻人信息：李小明，男，6岁，身高约118厘米。11月23日14时20分在陕西省西安市雁塔区小寨地铁站B口失踪。"
        "失踪时衣着：红色短袖、蓝色短裤。体貌特征：左眉有痣，短发。失踪经过：与家人走散。"
        "相关人员：男，40岁左右，身高175cm。相关车辆：陕A12345，白色面包车。发现相关人员或车辆，请勿自行拦截。"
        "发现线索请立即拨打110或029-85250110（西安市公安局雁塔分局）。",
    ),
    (
        "tv",
        "crawl",
        RETRACT,
        "寻人结束：李某某的寻人已经结束（通告编号HJ-2026-000123），请停止转发此前的寻人信息，感谢您的关注。"
        "西安市公安局雁塔分局。",
    ),
    ("tv", "title", EXERCISE, "【演练】紧急寻人"),
    (
        "tv",
        "crawl",
        EXERCISE_ENDS,
        "【演练】寻人结束（演练信息，请勿转发）：李某某的寻人已经结束（通告编号HJ-2026-000123），"
        "请停止转发此前的寻人信息，感谢您的关注。感谢各单位参加。西安市公安局雁塔分局。",
    ),
    (
        "radio",
        "script",
        UPDATE,
        "更新寻人信息。各位听众，现在播送西安市公安局雁塔分局发布的寻人信息。李小明，男，六岁，身高约一米一八。"
        "十一月二十三日十四点二十分在陕西省西安市雁塔区小寨地铁站B口失踪。失踪时的衣着是：红色短袖、蓝色短裤。"
        "体貌特征是：左眉有痣，短发。失踪经过：与家人走散。相关人员：男，四十岁左右，身高一米七五。"
        "相关车辆：陕A幺二三四五，白色面包车。发现相关人员或车辆，请勿自行拦截。"
        "发现线索，请立即拨打幺幺零，或者零二九，八五二五零幺幺零。"
        "重复一遍。李小明，男，六岁，十一月二十三日十四点二十分在陕西省西安市雁塔区小寨地铁站B口失踪。"
        "发现线索，请立即拨打幺幺零，或者零二九，八五二五零幺幺零。",
    ),
    (
        "radio",
        "script",
        EXERCISE_ENDS,
        "【演练】寻人结束。演练信息，请勿转发。各位听众，此前播送的寻人信息，编号HJ，二零二六，零零零幺二三，"
        "寻找李某某，寻人已经结束。请停止转发此前的寻人信息。感谢各位听众的关注。感谢各单位参加。"
        "西安市公安局雁塔分局。以上是演练信息，请勿转发。",
    ),
    (
        "billboard",
        "text",
        PUBLISH,
        "紧急寻人：李小明，男，6岁，11月23日14:20在小寨地铁站B口失踪，衣着红色短袖、蓝色短裤，线索请拨110",
    ),
    (
        "billboard",
        "text",
        EXERCISE,
        "【演练】紧急寻人（演练信息，请勿转发）：李小明，男，6岁，11月23日14:20在小寨地铁站B口失踪，线索请拨110",
    ),
    (
        "billboard",
        "text",
        UPDATE,
        "更新寻人信息：李小明，男，6岁，11月23日14:20在小寨地铁站B口失踪，车辆陕A12345，线索请拨110",
    ),
    (
        "billboard",
        "text",
        replace(RETRACT, status=Status.EXERCISE),
        "【演练】寻人结束：李某某（HJ-2026-000123）寻人已结束。演练信息，请停止转发，谢谢。西安市公安局雁塔分局。",
    ),
    (
        "dingtalk",
        "markdown",
        EXERCISE,
        """【演练】紧急寻人：**李小明**，男，6岁

演练信息，请勿转发

- 身高：约118厘米
- 失踪时衣着：红色短袖、蓝色短裤
- 体貌特征：左眉有痣，短发
- 失踪时间：11月23日14时20分
- 失踪地点：陕西省西安市雁塔区小寨地铁站B口
- 失踪经过：与家人走散

**发现线索请立即拨打110或029-85250110（西安市公安局雁塔分局）**

通告编号：HJ-2026-000123""",
    ),
    ("dingtalk", "title", EXERCISE, "【演练】紧急寻人：李小明（男，6岁）"),
    ("dingtalk", "button", PUBLISH, "紧急寻人：照片和最新情况"),
    ("dingtalk", "button", RETRACT, "寻人结束，查看说明"),
    (
        "partner",
        "headline",
        PUBLISH,
        "紧急寻人：李小明，男，6岁，11月23日14时20分在陕西省西安市雁塔区小寨地铁站B口失踪",
    ),
    (
        "partner",
        "description",
        PUBLISH,
        "紧急寻人：李小明，男，6岁，身高约118厘米。2026年11月23日14时20分在陕西省西安市雁塔区小寨地铁站B口失踪。"
        "失踪时衣着：红色短袖、蓝色短裤。体貌特征：左眉有痣，短发。失踪经过：与家人走散。"
        "发布单位：西安市公安局雁塔分局。通告编号：HJ-2026-000123。",
    ),
    (
        "partner",
        "instruction",
        UPDATE,
        "更新寻人信息：发现线索请立即拨打110或029-85250110（西安市公安局雁塔分局）。发现相关人员或车辆，请勿自行拦截。"
        "请只转发警方公布的内容。",
    ),
    ("partner", "headline", RETRACT, "寻人结束：李某某"),
    ("partner", "instruction", RETRACT, "寻人结束：请停止转发此前的寻人信息，感谢您的关注。"),
]


@pytest.mark.parametrize(("medium", "text", "notice", "expected"), GOLDEN)
def test_golden(medium: str, text: str, notice: Notice, expected: str) -> None:
    assert rendered(notice, medium).texts[text] == expected
