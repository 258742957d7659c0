"""What only the police may know reaches no partner, no feed, no webhook, no public page and no log.

Every field that is not published holds a mark of its own; every way out is searched for all of them.
"""

import logging
from typing import Any

import orjson
import pytest

from app.db import alerts
from app.db.engine import transaction
from app.domain.notice import from_json
from app.forms.record_form import RecordForm
from tests.api.bad_facts import SEVEN, resident_id
from tests.api.pictures import with_gps
from tests.api.records import feed_outlet, fresh, items
from tests.api.stage import Stage
from tests.api.test_openapi import fields_of
from tests.making import make_outlet

# Field → what it holds. The place is given in numbers that appear nowhere else.
SECRET: dict[str, Any] = {
    "case_number": "A6101130000002026117391", "reported_by__name": "密报人甲", "reported_by__number": "M1NUMBER1",
    "reported_by__phone": "029-81110001", "verified_by__name": "密核人乙", "verified_by__number": "M2NUMBER2",
    "basis": "密依据丙", "minor__birth_date": SEVEN, "minor__resident_id": resident_id(SEVEN), "loss__lon": 108.947123456,
    "loss__lat": 34.224654321, "guardian__name": "密监护丁", "guardian__phone": "13911110002",
    "guardian__relation": "密关系戊", "note": "密备注己",
}  # fmt: skip
OPEN: dict[str, Any] = {
    "verified_by__phone": "029-85250111", "minor__name": "欧阳明", "minor__features": "开特征庚", "minor__clothing": "开衣着辛",
    "loss__address": "开地点壬", "loss__circumstances": "开经过癸", "suspect": {"description": "开嫌疑子"},
    "vehicle": {"plate": "陕A7E391", "description": "开车辆丑"},
}  # fmt: skip
NOT_MARKED = {  # told, or a choice of so few words that it marks nothing
    "status", "organ_code", "verified_at", "minor.sex", "minor.age", "minor.height_cm", "loss.area_code", "loss.at", "loss.datum",
    "guardian.told", "duration_hours", "photo", "suspect.description", "vehicle.plate", "vehicle.description",
}  # fmt: skip


def marks(of: dict[str, Any]) -> set[str]:
    return {str(v) for value in of.values() for v in (value.values() if isinstance(value, dict) else [value])}


def found_in(text: str, of: dict[str, Any]) -> set[str]:
    return {mark for mark in marks(of) if mark in text}


def said(answer: Any) -> str:
    return orjson.dumps(answer.json()).decode() + str(answer.headers)


def test_no_field_of_the_record_was_forgotten() -> None:
    marked = {path.replace("__", ".") for path in (*SECRET, *OPEN) if not isinstance((SECRET | OPEN)[path], dict)}
    assert fields_of(RecordForm.model_json_schema()) == marked | NOT_MARKED


async def everything_that_leaves(stage: Stage, code: str) -> dict[str, str]:
    """By where it goes."""
    gone = {"feed": said(await stage.get("/v1/feed", "partner"))}
    (item,) = await items(stage, "partner")
    gone["receipts"] = said(
        await stage.post("/v1/receipts", {"delivery": item["delivery"], "kind": "aired"}, "partner")
    )
    for path in (f"/v1/alerts/{code}", f"/v1/alerts/{code}/deliveries"):
        gone[f"partner {path}"] = said(await stage.get(path, "partner"))
        gone[f"other organ {path}"] = said(await stage.get(path, "other"))
    async with transaction(stage.house.engine) as session:
        alert = await alerts.find(session, code)
        assert alert is not None
        notice = from_json(dict(await alerts.notice_body(session, alert.id, alert.head)))
        for profile, rendered in (await alerts.renditions(session, alert.id, alert.head)).items():
            gone[f"payload {profile}"] = orjson.dumps(stage.house.press.payload(notice, rendered)).decode()
        for profile, rendered in (await alerts.renditions(session, alert.id, 0)).items():
            gone[f"correction {profile}"] = orjson.dumps(rendered).decode()
    gone["public page"] = (await stage.client.get(f"/p/{code}")).text
    gone["openapi"] = (await stage.client.get("/openapi.json")).text
    gone["health"] = (await stage.client.get("/health/ready")).text
    return gone


async def test_no_mark_leaves(
    stage: Stage, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    await feed_outlet(stage.house)
    for channel in ("tv", "radio", "screen", "billboard", "dingtalk", "partner"):
        await make_outlet(stage.house, channel=channel)
    body = fresh(**SECRET, **OPEN)
    answer = await stage.post_parts("/v1/alerts", body, with_gps(1))
    assert answer.status_code == 201, answer.text
    code = answer.json()["id"]
    gone = await everything_that_leaves(stage, code)
    assert found_in(gone["feed"], OPEN) == marks(OPEN)
    assert (await stage.post(f"/v1/alerts/{code}/update", body)).status_code == 200
    later = await everything_that_leaves(stage, code)
    assert (await stage.post(f"/v1/alerts/{code}/retract", {"reason": "report_untrue"})).status_code == 200
    after = await everything_that_leaves(stage, code)
    await provoke(stage, body, code)
    for where, text in [*gone.items(), *later.items(), *after.items()]:
        assert found_in(text, SECRET) == set(), where
    for where, text in after.items():
        assert "report_untrue" not in text or where == "openapi", where
        if not where.startswith("other"):
            assert found_in(text, OPEN) <= {"029-85250111"}, where
    told = caplog.text + "".join(capfd.readouterr())
    assert found_in(told, SECRET | OPEN) == set()
    assert [who for who, key in stage.keys.items() if key.split("_")[3] in told] == []


async def provoke(stage: Stage, body: dict[str, Any], code: str) -> None:
    """Refusals of every kind, whose answers and log lines might quote what was sent."""
    refused = [
        await stage.post("/v1/alerts", body | {"hobby": 1}),
        await stage.post("/v1/alerts", body | {"status": "exercise"}, "other"),
        await stage.post("/v1/alerts", body, "partner"),
        await stage.post("/v1/alerts", body | {"minor": body["minor"] | {"sex": "x", "height_cm": 0}}),
        await stage.post(f"/v1/alerts/{code}/update", body),
        await stage.post(f"/v1/alerts/{code}/retract", {"reason": "found", "line": "密备注己"}, "other"),
    ]
    for answer in refused:
        assert answer.status_code in (403, 404, 409, 422)
        assert found_in(answer.text, SECRET | OPEN) == set(), answer.text


async def test_what_is_at_rest_in_the_clear(stage: Stage) -> None:
    """The notice is public; of the rest only what is searched by: the case, and where."""
    assert (await stage.post("/v1/alerts", fresh(**SECRET, **OPEN))).status_code == 201
    kept = (await stage.stored()).decode(errors="replace")
    held = SECRET | {"minor__birth_date": f"born {SEVEN}"}
    assert found_in(kept, held) <= {SECRET["case_number"], str(SECRET["loss__lon"]), str(SECRET["loss__lat"])}


async def test_the_police_read_back_no_facts_about_the_child(stage: Stage) -> None:
    code = (await stage.post("/v1/alerts", fresh(**SECRET, **OPEN))).json()["id"]
    for who in ("police", "operator"):
        for path in (f"/v1/alerts/{code}", f"/v1/alerts/{code}/deliveries"):
            text = said(await stage.get(path, who))
            assert found_in(text, SECRET | OPEN) == set()
