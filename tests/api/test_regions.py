"""An organ speaks for its own region; a city's for its counties; the province's for all of it."""

from typing import Any

import pytest

from tests.api.records import fresh, issue
from tests.api.stage import CITY_ORGAN, OTHER_ORGAN, Stage
from tests.making import ORGAN, PROVINCE_ORGAN

pytestmark = pytest.mark.asyncio(loop_scope="module")

YANTA: dict[str, Any] = {"loss__area_code": "610113", "loss__lon": 108.947, "loss__lat": 34.224}
XINCHENG: dict[str, Any] = {"loss__area_code": "610102", "loss__lon": 108.96, "loss__lat": 34.26}
QINDU: dict[str, Any] = {"loss__area_code": "610402", "loss__lon": 108.70, "loss__lat": 34.33}
SHENMU = {"loss__area_code": "610881", "loss__lon": 110.50, "loss__lat": 38.84}
LANZHOU = {"loss__area_code": "620102", "loss__lon": 103.84, "loss__lat": 36.06}

CODES = {"police": ORGAN, "other": OTHER_ORGAN, "city": CITY_ORGAN, "province": PROVINCE_ORGAN}


@pytest.mark.parametrize(
    ("who", "place", "status"),
    [
        ("police", YANTA, 201), ("police", XINCHENG, 403), ("police", QINDU, 403),
        ("other", XINCHENG, 201), ("other", YANTA, 403),
        ("city", YANTA, 201), ("city", XINCHENG, 201), ("city", QINDU, 403), ("city", LANZHOU, 403),
        ("province", YANTA, 201), ("province", QINDU, 201), ("province", SHENMU, 201), ("province", LANZHOU, 403),
    ],
)  # fmt: skip
async def test_who_may_issue_where(shared: Stage, who: str, place: dict[str, Any], status: int) -> None:
    answer = await shared.post("/v1/alerts", fresh(organ_code=CODES[who], **place), who)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert place["loss__area_code"] in answer.json()["detail"]
        assert CODES[who][:6] in answer.json()["detail"]


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("police", 200),
        ("city", 200),
        ("province", 200),
        ("operator", 200),
        ("admin", 200),
        ("other", 404),
        ("partner", 403),
    ],
)
async def test_who_may_look(shared: Stage, who: str, status: int) -> None:
    code = await issue(shared, **YANTA)
    assert (await shared.get(f"/v1/alerts/{code}", who)).status_code == status
    assert (await shared.get(f"/v1/alerts/{code}/deliveries", who)).status_code == status


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("police", 200),
        ("city", 200),
        ("province", 200),
        ("operator", 200),
        ("admin", 200),
        ("other", 404),
        ("partner", 403),
    ],
)
async def test_who_may_retract(shared: Stage, who: str, status: int) -> None:
    code = await issue(shared, **YANTA)
    assert (await shared.post(f"/v1/alerts/{code}/retract", {"reason": "found"}, who)).status_code == status


async def test_a_county_does_not_see_what_the_province_issued_elsewhere(shared: Stage) -> None:
    code = await issue(shared, "province", organ_code=PROVINCE_ORGAN, **QINDU)
    assert (await shared.get(f"/v1/alerts/{code}")).status_code == 404
    near = await issue(shared, "province", organ_code=PROVINCE_ORGAN, **YANTA)
    assert (await shared.get(f"/v1/alerts/{near}")).status_code == 200


async def test_the_answer_for_what_may_not_be_seen_is_that_for_what_is_not_there(shared: Stage) -> None:
    code = await issue(shared, "other", organ_code=OTHER_ORGAN, **XINCHENG)
    hidden = (await shared.get(f"/v1/alerts/{code}")).json()
    absent = (await shared.get("/v1/alerts/HJ-2026-999999")).json()
    for problem in (hidden, absent):
        for word in ("detail", "detail_en", "instance"):
            problem[word] = problem[word].replace(code, "…").replace("HJ-2026-999999", "…")
    assert hidden == absent


async def test_the_province_may_update_for_a_county(shared: Stage) -> None:
    body = fresh(**YANTA)
    code = (await shared.post("/v1/alerts", body)).json()["id"]
    theirs = body | {"organ_code": PROVINCE_ORGAN}
    assert (await shared.post(f"/v1/alerts/{code}/update", theirs, "province")).status_code == 200
    assert (
        await shared.post(f"/v1/alerts/{code}/update", body | {"organ_code": CITY_ORGAN}, "city")
    ).status_code == 403
