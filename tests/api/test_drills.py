"""Drills over the API: started by operators, for those who agreed, seen by each for themselves."""

import csv
import io
from typing import Any

import pytest
from sqlalchemy import text

from app.db.engine import transaction
from tests.api.stage import Stage
from tests.making import make_outlet

MINE, THEIRS = "测试协作单位", "另一协作单位"


async def started(stage: Stage, body: Any = None, **headers: str) -> dict[str, Any]:
    answer = await stage.post("/v1/drills", body or {}, "operator", **headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def two(stage: Stage) -> None:
    await make_outlet(stage.house, name="甲屏")
    await make_outlet(stage.house, name="乙台", partner=THEIRS, channel="tv")


async def test_started_and_read(stage: Stage) -> None:
    await two(stage)
    answer = await stage.post("/v1/drills", {"minutes": 3}, "admin")
    said = answer.json()
    assert answer.headers["location"] == f"/v1/drills/{said['id']}"
    assert (said["status"], said["state"], said["ended_at"]) == ("exercise", "running", None)
    assert said["started_by"].startswith("key:")
    assert (said["outcome"]["chosen"], said["outcome"]["told"], said["outcome"]["lacking"]) == (2, 2, 2)
    assert {o["name"]: (o["partner"], o["lacks"]) for o in said["outlets"]} == {
        "甲屏": (MINE, "received"), "乙台": (THEIRS, "received"),
    }  # fmt: skip
    assert (await stage.get(f"/v1/drills/{said['id']}", "operator")).json() == said
    assert (await stage.get(f"/v1/alerts/{said['id']}", "operator")).json()["status"] == "exercise"
    await stage.change(
        "UPDATE delivery SET state = 'accepted', tries = 1, accepted_at = created_at + interval '1500 milliseconds'"
    )
    outcome = (await stage.get(f"/v1/drills/{said['id']}", "operator")).json()["outcome"]
    assert (outcome["received"], outcome["received_seconds"]) == (2, {"median": 1.5, "slowest": 1.5})
    await stage.post(f"/v1/alerts/{said['id']}/retract", {"reason": "found"}, "operator")
    over = (await stage.get(f"/v1/drills/{said['id']}", "operator")).json()
    assert (over["state"], over["outcome"]["recalled"], over["outcome"]["down"]) == ("ended", 2, 0)
    assert {o["lacks"] for o in over["outlets"]} == {"down"}


async def test_a_body_is_not_needed(stage: Stage) -> None:
    await two(stage)
    answer = await stage.client.post("/v1/drills", headers=stage.bearer("operator"))
    assert answer.status_code == 201
    assert answer.json()["outcome"]["chosen"] == 2


async def test_a_partner_sees_its_own_outlets_alone(stage: Stage) -> None:
    await two(stage)
    both = (await started(stage))["id"]
    theirs = (await started(stage, {"outlets": ["乙台"]}))["id"]

    async def seen(who: str) -> list[tuple[str, int]]:
        return [(d["id"], d["outcome"]["chosen"]) for d in (await stage.get("/v1/drills", who)).json()["drills"]]

    assert await seen("operator") == [(theirs, 1), (both, 2)]
    assert await seen("partner") == [(both, 1)]
    assert await seen("partner-test") == [(both, 1)], "an exercise is nothing secret"
    assert await seen("rival") == [(theirs, 1), (both, 1)]
    one = await stage.get(f"/v1/drills/{both}", "partner")
    assert [o["name"] for o in one.json()["outlets"]] == ["甲屏"]
    assert [p["name"] for p in one.json()["partners"]] == [MINE]
    assert one.json()["started_by"] is None
    sheet = await stage.get(f"/v1/drills/{both}.csv", "partner")
    for said in (one.text, sheet.text):
        assert THEIRS not in said
        assert "乙台" not in said
    for path in (f"/v1/drills/{theirs}", f"/v1/drills/{theirs}.csv"):
        assert (await stage.get(path, "partner")).status_code == 404


async def test_the_sheet(stage: Stage) -> None:
    await make_outlet(stage.house, name="=1+1")
    code = (await started(stage))["id"]
    answer = await stage.get(f"/v1/drills/{code}.csv", "operator")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="{code}.csv"' in answer.headers["content-disposition"]
    head, line = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert dict(zip(head, line, strict=True)) == {
        "协作单位": MINE, "发布点": "'=1+1", "渠道": "户外电子屏", "接收（秒）": "", "播出（秒）": "", "撤下（秒）": "",
        "没有做到": "未接收", "原因": "",
    }  # fmt: skip


async def test_the_sheet_says_why_in_words_beside_the_code(stage: Stage) -> None:
    await two(stage)
    code = (await started(stage))["id"]
    async with transaction(stage.house.engine) as session:
        await session.execute(text("UPDATE delivery SET state = 'failed', tries = 1, reason = 'bad_credentials'"))
    sheet = (await stage.get(f"/v1/drills/{code}.csv", "operator")).text
    assert {line["原因"] for line in csv.DictReader(io.StringIO(sheet.removeprefix("\ufeff")))} == {
        "对方不认可密钥、签名或地址（bad_credentials）"
    }


async def test_pages(stage: Stage) -> None:
    await two(stage)
    codes = [(await started(stage))["id"] for _ in range(3)]
    first = (await stage.get("/v1/drills", "operator", limit=2)).json()
    rest = (await stage.get("/v1/drills", "operator", limit=2, before=first["next"])).json()
    assert [d["id"] for d in (*first["drills"], *rest["drills"])] == codes[::-1]
    assert rest["next"] is None


async def test_the_same_key_is_the_same_drill(stage: Stage) -> None:
    await two(stage)
    body = {"channels": ["tv"]}
    first = await started(stage, body, idempotency_key="drill-0001")
    again = await stage.post("/v1/drills", body, "operator", idempotency_key="drill-0001")
    assert (again.status_code, again.json()["id"], again.headers["idempotency-replayed"]) == (201, first["id"], "true")
    other = await stage.post("/v1/drills", {"channels": ["screen"]}, "operator", idempotency_key="drill-0001")
    assert other.json()["type"].endswith(":idempotency-key-reused")
    assert await stage.rows("SELECT count(*) FROM drill") == [(1,)]


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"outlets": ["不参加"]}, {"/outlets/0": "takes_no_exercises"}),
        ({"outlets": ["没有", "甲屏"]}, {"/outlets/0": "no_such_outlet"}),
        ({"outlets": [""]}, {"/outlets/0": "string_too_short"}),
        ({"outlets": ["a\x00b"]}, {"/outlets/0": "string_pattern_mismatch"}),
        ({"outlets": [7]}, {"/outlets/0": "string_type"}),
        ({"outlets": "甲屏"}, {"/outlets": "tuple_type"}),
        ({"outlets": ["9" * 40]}, {"/outlets/0": "no_such_outlet"}),
        ({"channels": ["radio"]}, {"/channels/0": "nobody_on_channel"}),
        ({"channels": ["收音机"]}, {"/channels/0": "nobody_on_channel"}),
        ({"minutes": 0}, {"/minutes": "greater_than_equal"}),
        ({"minutes": 31}, {"/minutes": "less_than_equal"}),
        ({"minutes": 1.5}, {"/minutes": "int_from_float"}),
        ({"status": "actual"}, {"/status": "extra_forbidden"}),
    ],
)
async def test_what_cannot_be_meant(stage: Stage, body: Any, at: dict[str, str]) -> None:
    await two(stage)
    await make_outlet(stage.house, name="不参加", takes_exercises=False)
    before = await stage.footprint()
    answer = await stage.post("/v1/drills", body, "operator")
    assert answer.status_code == 422, answer.text
    assert {f["pointer"]: f["code"] for f in answer.json()["errors"]} == at
    assert all(f["remedy"] for f in answer.json()["errors"])
    assert await stage.footprint() == before


async def test_what_is_no_json_or_too_early(stage: Stage) -> None:
    for raw in (b"{", b"[]", b'{"minutes":1,"minutes":2}'):
        sent = {"content-type": "application/json"} | stage.bearer("operator")
        assert (await stage.client.post("/v1/drills", content=raw, headers=sent)).status_code in (400, 422)
    nobody = await stage.post("/v1/drills", {}, "operator")
    assert nobody.status_code == 409
    assert "没有参加演练的发布点" in nobody.json()["detail"]
    async with transaction(stage.house.engine) as session:
        await session.execute(text("DELETE FROM api_key WHERE scope = 'police'"))
        await session.execute(text("DELETE FROM organ"))
    assert "公安机关" in (await stage.post("/v1/drills", {}, "operator")).json()["detail"]


@pytest.mark.parametrize("who", ["police", "province", "partner"])
async def test_who_may_not_start_one(stage: Stage, who: str) -> None:
    await two(stage)
    answer = await stage.post("/v1/drills", {}, who)
    assert answer.status_code == 403
    assert await stage.rows("SELECT 1 FROM alert") == []


async def test_who_may_not_read(stage: Stage) -> None:
    await two(stage)
    code = (await started(stage))["id"]
    for path in ("/v1/drills", f"/v1/drills/{code}", f"/v1/drills/{code}.csv"):
        assert (await stage.get(path, "police")).status_code == 403
        assert (await stage.client.get(path)).status_code == 401
    for path in ("/v1/drills/x", "/v1/drills/YL-2026-999999", "/v1/drills/x.csv"):
        assert (await stage.get(path, "operator")).status_code == 404
    assert (await stage.get("/v1/drills", "operator", before="'")).status_code == 422
