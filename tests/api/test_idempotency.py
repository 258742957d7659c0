"""The same request twice is one act."""

import asyncio
from collections import Counter

import orjson
import pytest

from tests.api.records import fresh
from tests.api.stage import OTHER_ORGAN, Stage
from tests.making import photo_bytes

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_same_key_and_body_give_the_same_alert(shared: Stage) -> None:
    body = fresh()
    first = await shared.post("/v1/alerts", body, idempotency_key="same-body-1")
    again = await shared.post("/v1/alerts", body, idempotency_key="same-body-1")
    assert first.status_code == again.status_code == 201
    assert first.json()["id"] == again.json()["id"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(again.json()["notices"]) == 1


async def test_a_replay_after_the_retraction_is_still_that_alert(shared: Stage) -> None:
    body = fresh()
    code = (await shared.post("/v1/alerts", body, idempotency_key="late-replay")).json()["id"]
    await shared.post(f"/v1/alerts/{code}/retract", {"reason": "found"})
    again = await shared.post("/v1/alerts", body, idempotency_key="late-replay")
    assert (again.status_code, again.json()["id"], again.json()["state"]) == (201, code, "retracted")


async def test_the_same_key_and_another_body_is_a_conflict(shared: Stage) -> None:
    body = fresh()
    first = await shared.post("/v1/alerts", body, idempotency_key="other-body-1")
    other = await shared.post("/v1/alerts", body | {"duration_hours": 12}, idempotency_key="other-body-1")
    assert (first.status_code, other.status_code) == (201, 409)
    assert other.json()["type"] == "urn:huijia:problem:idempotency-key-reused"


async def test_a_photo_belongs_to_the_body(shared: Stage) -> None:
    body = fresh()
    first = await shared.post_parts("/v1/alerts", body, photo_bytes(), idempotency_key="with-photo")
    again = await shared.post_parts("/v1/alerts", body, photo_bytes(), idempotency_key="with-photo")  # another boundary
    other = await shared.post_parts("/v1/alerts", body, photo_bytes(130), idempotency_key="with-photo")
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json()["id"] == again.json()["id"]


async def test_a_key_belongs_to_its_act(shared: Stage) -> None:
    """Otherwise an update sent with the key of the submission would be said to be done, and nothing would be told."""
    body = fresh()
    code = (await shared.post("/v1/alerts", body, idempotency_key="one-act-one-key")).json()["id"]
    update = await shared.post(f"/v1/alerts/{code}/update", body, idempotency_key="one-act-one-key")
    assert update.status_code == 409
    assert update.json()["type"] == "urn:huijia:problem:idempotency-key-reused"


async def test_keys_of_two_callers_do_not_meet(shared: Stage) -> None:
    mine = await shared.post("/v1/alerts", fresh(), idempotency_key="two-callers")
    far = fresh(organ_code=OTHER_ORGAN, loss__area_code="610102", loss__lon=108.96, loss__lat=34.26)
    theirs = await shared.post("/v1/alerts", far, "other", idempotency_key="two-callers")
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]


async def test_what_failed_left_the_key_free(shared: Stage) -> None:
    wrong = fresh(minor__sex="男")
    assert (await shared.post("/v1/alerts", wrong, idempotency_key="free-again")).status_code == 422
    assert (
        await shared.post("/v1/alerts", fresh(organ_code=OTHER_ORGAN), idempotency_key="free-again")
    ).status_code == 403
    assert (await shared.post("/v1/alerts", fresh(), idempotency_key="free-again")).status_code == 201


async def test_many_at_once_with_one_key_are_one_alert(shared: Stage) -> None:
    body = fresh()
    answers = await asyncio.gather(*(shared.post("/v1/alerts", body, idempotency_key="all-at-once") for _ in range(8)))
    assert {a.status_code for a in answers} == {201}
    (code,) = {a.json()["id"] for a in answers}
    assert Counter("idempotency-replayed" in a.headers for a in answers) == {True: 7, False: 1}
    assert await shared.rows("SELECT count(*) FROM alert WHERE case_number = :c", c=body["case_number"]) == [(1,)]
    assert (await shared.get(f"/v1/alerts/{code}")).status_code == 200


async def test_many_at_once_with_one_key_and_different_bodies(shared: Stage) -> None:
    bodies = [fresh() for _ in range(6)]
    answers = await asyncio.gather(*(shared.post("/v1/alerts", b, idempotency_key="who-is-first") for b in bodies))
    assert Counter(a.status_code for a in answers) == {201: 1, 409: 5}
    assert {a.json()["type"] for a in answers if a.status_code == 409} == {"urn:huijia:problem:idempotency-key-reused"}


async def test_many_at_once_for_one_case_without_a_key(shared: Stage) -> None:
    body = fresh()
    answers = await asyncio.gather(*(shared.post("/v1/alerts", body) for _ in range(6)))
    assert Counter(a.status_code for a in answers) == {201: 1, 409: 5}
    (code,) = [a.json()["id"] for a in answers if a.status_code == 201]
    assert {a.json()["alert"] for a in answers if a.status_code == 409} == {code}


async def test_the_bytes_count_not_the_meaning(shared: Stage) -> None:
    body = orjson.dumps(fresh())
    headers = shared.bearer("police") | {"content-type": "application/json", "idempotency-key": "bytes-count"}
    first = await shared.client.post("/v1/alerts", content=body, headers=headers)
    spaced = await shared.client.post("/v1/alerts", content=body + b" ", headers=headers)
    assert (first.status_code, spaced.status_code) == (201, 409)
