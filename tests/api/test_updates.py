"""Updates: a whole new version of the record, told anew."""

import asyncio

import pytest

from tests.api.records import fresh, items, new_partner, retract
from tests.api.stage import Stage
from tests.making import photo_bytes

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_update_replaces_what_was_told(shared: Stage) -> None:
    partner = await new_partner(shared)
    body = fresh()
    code = (await shared.post("/v1/alerts", body)).json()["id"]
    body["minor"]["clothing"] = "黄色雨衣"
    answer = await shared.post(f"/v1/alerts/{code}/update", body)
    assert answer.status_code == 200, answer.text
    assert [(n["number"], n["kind"]) for n in answer.json()["notices"]] == [(1, "publish"), (2, "update")]
    (item,) = [i for i in await items(shared, partner) if i["payload"]["data"]["alert"] == code]
    assert item["payload"]["type"] == "alert.update"
    assert item["payload"]["data"]["ends"] == [1]
    assert item["payload"]["data"]["person"]["clothing"] == "黄色雨衣"
    versions = "SELECT max(version) FROM record r JOIN alert a ON a.id = r.alert_id WHERE a.code = :c"
    assert await shared.rows(versions, c=code) == [(2,)]


async def test_an_update_without_a_photo_keeps_the_photo(shared: Stage) -> None:
    partner = await new_partner(shared)
    body = fresh()
    code = (await shared.post_parts("/v1/alerts", body, photo_bytes())).json()["id"]

    async def photo() -> str:
        (item,) = [i for i in await items(shared, partner) if i["payload"]["data"]["alert"] == code]
        (media,) = [m for m in item["payload"]["data"]["rendition"]["media"] if m["role"] == "photo"]
        return str(media["sha256"])

    first = await photo()
    assert (await shared.post(f"/v1/alerts/{code}/update", body)).status_code == 200
    assert await photo() == first
    assert (await shared.post_parts(f"/v1/alerts/{code}/update", body, photo_bytes(140))).status_code == 200
    assert await photo() != first


async def test_an_update_sent_twice_is_told_once(shared: Stage) -> None:
    body = fresh()
    code = (await shared.post("/v1/alerts", body)).json()["id"]
    path = f"/v1/alerts/{code}/update"
    answers = await asyncio.gather(*(shared.post(path, body, idempotency_key="one-update") for _ in range(4)))
    assert {a.status_code for a in answers} == {200}
    assert {len(a.json()["notices"]) for a in answers} == {2}
    other = await shared.post(path, body | {"note": "另一份"}, idempotency_key="one-update")
    assert other.status_code == 409
    assert other.json()["type"] == "urn:huijia:problem:idempotency-key-reused"


async def test_updates_without_a_key_are_each_told(shared: Stage) -> None:
    body = fresh()
    code = (await shared.post("/v1/alerts", body)).json()["id"]
    await asyncio.gather(*(shared.post(f"/v1/alerts/{code}/update", body) for _ in range(4)))
    view = (await shared.get(f"/v1/alerts/{code}")).json()
    assert [n["number"] for n in view["notices"]] == [1, 2, 3, 4, 5]


async def test_what_has_ended_is_not_updated(shared: Stage) -> None:
    body = fresh()
    code = (await shared.post("/v1/alerts", body)).json()["id"]
    await retract(shared, code)
    answer = await shared.post(f"/v1/alerts/{code}/update", body)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:huijia:problem:wrong-state")


async def test_the_place_may_move(shared: Stage) -> None:
    body = fresh()
    code = (await shared.post("/v1/alerts", body)).json()["id"]
    body["loss"] |= {"address": "大雁塔北广场", "lon": 108.964, "lat": 34.222}
    assert (await shared.post(f"/v1/alerts/{code}/update", body)).status_code == 200
