"""The drills' pages: started for whom it was meant, its result, its end, the weekly one; never taken for the real thing."""

import re
from typing import Any

import httpx
import pytest

from app.db.engine import transaction
from app.flows import drills as drilling
from app.flows.house import House
from tests.console.conftest import csrf_of
from tests.flows.ledger import aired, one, rows, told
from tests.making import make_organ, make_outlet

NEW = "/console/drills/new"


@pytest.fixture
async def outlets(house: House) -> dict[str, int]:
    await make_organ(house)
    return {
        "甲屏": await make_outlet(house, name="甲屏"),
        "乙台": await make_outlet(house, name="乙台", channel="tv", partner="电视台"),
        "不参加": await make_outlet(house, name="不参加", takes_exercises=False),
    }


async def begin(officer: httpx.AsyncClient, **form: str) -> httpx.Response:
    csrf = csrf_of((await officer.get(NEW)).text)
    return await officer.post(NEW, data={"csrf": csrf, "minutes": "5"} | form)


async def running(house: House, officer: httpx.AsyncClient) -> str:
    """The number of a drill for all who take part."""
    started = await begin(officer, whom="all")
    assert started.status_code == 303, started.text
    return str(started.headers["location"].split("?")[0].rpartition("/")[2])


async def test_the_form_offers_only_those_who_agreed(officer: httpx.AsyncClient, outlets: dict[str, int]) -> None:
    page = (await officer.get(NEW)).text
    assert "全部参加演练的发布点（2）" in page
    assert f'name="outlet-{outlets["甲屏"]}"' in page
    assert "不参加" not in page
    chosen = (await officer.get(f"{NEW}?outlet={outlets['乙台']}")).text
    assert f'name="outlet-{outlets["乙台"]}" value="1" checked' in chosen
    assert 'value="outlets" required checked' in chosen


async def test_for_whom(house: House, officer: httpx.AsyncClient, outlets: dict[str, int]) -> None:
    screen, tv = outlets["甲屏"], outlets["乙台"]
    for form, wanted in (
        ({"whom": "all"}, [screen, tv]),
        ({"whom": "channels", "channel-tv": "1"}, [tv]),
        ({"whom": "outlets", f"outlet-{screen}": "1"}, [screen]),
        ({"whom": "outlets", "named": f" 甲屏，{tv}"}, [screen, tv]),
    ):
        started = await begin(officer, **form)
        assert started.status_code == 303, started.text
        code = started.headers["location"].split("?")[0].rpartition("/")[2]
        assert code.startswith("YL-")
        assert await told(house, code, 1) == wanted


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "请选择发给谁"),
        ({"whom": "channels"}, "至少勾选一个渠道"),
        ({"whom": "outlets"}, "勾选发布点"),
        ({"whom": "all", "named": "甲屏"}, "不一致"),
        ({"whom": "channels", "channel-tv": "1", "named": "甲屏"}, "不一致"),
        ({"whom": "outlets", "named": "不参加"}, "“不参加”没有同意参加演练"),
        ({"whom": "outlets", "named": "没有这个"}, "没有名称或编号为“没有这个”的发布点"),
        ({"whom": "channels", "channel-radio": "1"}, "“radio”没有参加演练的发布点"),
        ({"whom": "all", "minutes": "31"}, "几分钟后撤回：过大"),
        ({"whom": "all", "minutes": "x"}, "几分钟后撤回：应为整数"),
    ],
)
async def test_what_cannot_be_meant(
    house: House, officer: httpx.AsyncClient, outlets: dict[str, int], form: dict[str, str], said: str
) -> None:
    answer = await begin(officer, **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert await rows(house, "SELECT 1 FROM alert") == []
    for word in (v for k, v in form.items() if k == "named"):
        assert f'value="{word}"' in answer.text, "what was typed is still there"


async def test_it_never_looks_like_the_real_thing(
    house: House, officer: httpx.AsyncClient, outlets: dict[str, int]
) -> None:
    code = await running(house, officer)
    for path in ("/console/drills", NEW, f"/console/drills/{code}"):
        page = (await officer.get(path)).text
        assert '<body class="exercise"' in page
        assert "不是真实警情" in page


async def test_the_result_who_did_not_first(house: House, officer: httpx.AsyncClient, outlets: dict[str, int]) -> None:
    code = await running(house, officer)
    await rows(
        house, "UPDATE delivery SET state = 'accepted', tries = 1, accepted_at = created_at + interval '2400 milliseconds' "
        "WHERE outlet_id = :o", o=outlets["甲屏"],
    )  # fmt: skip
    page = (await officer.get(f"/console/drills/{code}")).text
    assert "正在进行" in page
    assert "尚未接收" in page
    assert 'class="wrong"' not in page, "while it runs nobody has failed yet"
    csrf = csrf_of(page)
    ended = await officer.post(f"/console/drills/{code}/end", data={"csrf": csrf})
    assert ended.headers["location"].endswith("result=ended")
    again = await officer.post(f"/console/drills/{code}/end", data={"csrf": csrf})
    assert again.headers["location"].endswith("result=before")
    assert await one(house, "SELECT count(*) FROM notice") == 2
    await aired(house, number=2)
    page = (await officer.get(f"/console/drills/{code}")).text
    assert "正在撤下" in page
    assert 'class="wrong"' not in page, "it has only just been told"
    await rows(house, "UPDATE alert SET ended_at = now() - interval '2 minutes'")
    page = (await officer.get(f"/console/drills/{code}")).text
    listed = [re.sub(r"<[^>]+>|\s", "", row) for row in page.split("h-outlets")[-1].split("<tr")[2:]]
    assert re.search(r"未接收.*乙台", listed[0]), listed
    assert re.search(r"未撤下.*甲屏.*2\.4秒", listed[1]), listed
    table = (await officer.get("/console/drills")).text
    assert "2 个没有做到" in table
    alone = (await officer.get(f"/console/drills/{code}?partner={await _partner(house, '电视台')}")).text
    assert "甲屏" not in alone.split("h-outlets")[-1]
    sheet = await officer.get(f"/console/drills/{code}.csv")
    assert sheet.text.splitlines()[1].startswith("电视台,乙台,电视,,,,未接收")


async def _partner(house: House, name: str) -> Any:
    return await one(house, "SELECT id FROM partner WHERE name = :n", n=name)


@pytest.mark.parametrize("path", ["x", "YL-2026-999999", "YL-2026-999999.csv", "HJ-2026-000001"])
async def test_a_drill_that_is_not_there(officer: httpx.AsyncClient, path: str) -> None:
    assert (await officer.get(f"/console/drills/{path}")).status_code == 404


async def test_the_weekly_drill(house: House, officer: httpx.AsyncClient, outlets: dict[str, int]) -> None:
    page = (await officer.get("/console/drills")).text
    assert "没有设定" in page
    form = {"csrf": csrf_of(page), "weekday": "3", "at": "10:30", "minutes": "4", "channel-tv": "1"}
    for bad, said in (({"weekday": "8"}, "星期几"), ({"at": "25:00"}, "时刻"), ({"minutes": "0"}, "1 至 30")):
        answer = await officer.post("/console/drills/weekly", data=form | bad)
        assert answer.status_code == 409
        assert said in answer.text
    assert (await officer.post("/console/drills/weekly", data=form)).headers["location"].endswith("result=weekly")
    found = await rows(house, "SELECT weekday, minute, lasts, channels, set_by FROM drill_schedule")
    assert [tuple(r) for r in found] == [(3, 630, 4, ["tv"], "operator:韩晓东")]
    page = (await officer.get("/console/drills")).text
    assert "每星期三" in page
    assert "10:30" in page
    await rows(house, "UPDATE outlet SET takes_exercises = false")
    await rows(
        house, "UPDATE drill_schedule SET set_at = now() - interval '30 days', weekday = extract(isodow FROM now() "
        "AT TIME ZONE 'Asia/Shanghai'), minute = extract(epoch FROM (now() AT TIME ZONE 'Asia/Shanghai')::time) / 60 - 0.5",
    )  # fmt: skip
    async with transaction(house.engine) as session:
        await drilling.weekly(session, seal=house.seal, press=house.press)
    assert "的演练没有进行：渠道“tv”没有参加演练的发布点" in (await officer.get("/console/drills")).text
    await officer.post("/console/drills/weekly", data={"csrf": form["csrf"], "off": "1"})
    assert await rows(house, "SELECT 1 FROM drill_schedule") == []


@pytest.mark.parametrize("path", ["/new", "/weekly", "/{code}/end"])
async def test_who_only_looks_starts_nothing(
    house: House, officer: httpx.AsyncClient, outlets: dict[str, int], path: str
) -> None:
    code = await running(house, officer)
    csrf = csrf_of((await officer.get("/console/drills")).text)
    await rows(house, "UPDATE account SET role = 'viewer'")
    form = {"csrf": csrf, "whom": "all", "minutes": "5", "weekday": "1", "at": "10:00"}
    answer = await officer.post(f"/console/drills{path.format(code=code)}", data=form)
    assert answer.status_code == 403
    assert await one(house, "SELECT count(*) FROM drill") == 1
    assert await one(house, "SELECT state FROM alert") == "active"
    assert await rows(house, "SELECT 1 FROM drill_schedule") == []
    assert "开始演练" not in (await officer.get("/console/drills")).text
    assert "结束演练" not in (await officer.get(f"/console/drills/{code}")).text
