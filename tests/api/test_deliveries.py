"""A partner's deliveries: their history, what they say, and to be told again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.records import issue, retract
from tests.api.stage import Stage
from tests.dispatch.far import Far, dispatching, make_place, reply, until

SECRETS = ("李小明", "小寨地铁站", "左眉有痣")


async def sent(
    stage: Stage, far: Far, *, outlets: int = 1, status: str = "actual", **settings: Any
) -> tuple[str, list[str]]:
    """An alert that the stage's partner was sent; its deliveries, by outlet."""
    for n in range(outlets):
        await make_place(stage.house, f"p{n}", **settings)
    before = len(far.calls)
    code = await issue(stage, status=status)
    async with dispatching(stage.house, far):
        await until(lambda: len(far.calls) >= before + outlets)
    return code, sorted(c.key for c in far.calls[before:])


async def listed(stage: Stage, who: str = "partner", **query: Any) -> dict[str, Any]:
    answer = await stage.get("/v1/deliveries", who, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_every_attempt_with_its_words_and_time(stage: Stage) -> None:
    far = Far()
    far.script["p0"] = [reply(503, {"error": "queue full"}), reply(200, {"reference": "po-7"})]
    code, (delivery, _) = await _retried(stage, far)
    (found,) = (await listed(stage))["deliveries"]
    assert (found["id"], found["alert"], found["state"], found["tries"]) == (delivery, code, "accepted", 2)
    assert (found["newest"], found["status"], found["reference"]) == (True, "actual", "po-7")
    first, second = found["attempts"]
    assert (first["outcome"], first["reason"]) == ("retry", "server_error")
    assert first["detail"] == 'HTTP 503 {"error":"queue full"}'
    assert first["started_at"] <= first["finished_at"] < second["started_at"]
    assert (second["outcome"], second["reason"]) == ("accepted", None)
    one = await stage.get(f"/v1/deliveries/{delivery}", "partner")
    assert one.json() == found


async def _retried(stage: Stage, far: Far) -> tuple[str, list[str]]:
    await make_place(stage.house, "p0")
    code = await issue(stage)
    async with dispatching(stage.house, far):
        await until(lambda: len(far.calls) >= 2)
    return code, [c.key for c in far.calls]


async def test_pages_newest_first(stage: Stage) -> None:
    far = Far()
    _, keys = await sent(stage, far, outlets=5)
    first = await listed(stage, limit=2)
    second = await listed(stage, limit=2, before=first["next"])
    third = await listed(stage, limit=2, before=second["next"])
    ids = [d["id"] for page in (first, second, third) for d in page["deliveries"]]
    assert ids == sorted(keys, reverse=True)
    assert third["next"] is None
    outlet = first["deliveries"][0]["outlet_id"]
    assert [d["outlet_id"] for d in (await listed(stage, outlet=outlet))["deliveries"]] == [outlet]


async def test_whose_they_are(stage: Stage) -> None:
    far = Far()
    _, (delivery,) = await sent(stage, far)
    assert (await listed(stage, "rival"))["deliveries"] == []
    assert (await listed(stage, "partner-test"))["deliveries"] == [], "an actual alert is nothing for a test key"
    assert len((await listed(stage, "operator"))["deliveries"]) == 1
    for who in ("rival", "partner-test"):
        for path in ("", "/notice"):
            assert (await stage.get(f"/v1/deliveries/{delivery}{path}", who)).status_code == 404
        assert (await stage.post(f"/v1/deliveries/{delivery}/replay", None, who)).status_code == 404
    assert (await stage.get("/v1/deliveries", "police")).status_code == 403
    assert (await stage.get(f"/v1/deliveries/{delivery}/notice", "operator")).status_code == 403
    for wrong in ("dlv_0", "dlv_x", "42", "dlv_" + "9" * 30, "dlv_99"):
        assert (await stage.get(f"/v1/deliveries/{wrong}", "partner")).status_code == 404


async def test_the_whole_notice_behind_a_thin_one(stage: Stage) -> None:
    far = Far()
    code, (delivery,) = await sent(stage, far)
    answer = await stage.get(f"/v1/deliveries/{delivery}/notice", "partner")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert (said["type"], said["data"]["alert"], said["data"]["person"]["name"]) == ("alert.publish", code, "李小明")
    assert said["data"]["rendition"]["texts"]
    await retract(stage, code)
    over = await stage.get(f"/v1/deliveries/{delivery}/notice", "partner")
    assert over.status_code == 410
    assert over.json()["type"].endswith(":replaced")
    assert not [fact for fact in SECRETS if fact in over.text]
    ((end,),) = await stage.rows("SELECT id FROM delivery WHERE kind = 'retract'")
    told = (await stage.get(f"/v1/deliveries/dlv_{end}/notice", "partner")).json()
    assert told["type"] == "alert.retract"
    assert told["data"]["person"] is None


async def test_who_has_read_it_is_told_of_the_end(stage: Stage) -> None:
    """It was never sent: somebody guessed the number of a delivery of theirs that was still waiting."""
    await make_place(stage.house, "p0")
    code = await issue(stage)
    ((id,),) = await stage.rows("SELECT id FROM delivery")
    assert (await stage.get(f"/v1/deliveries/dlv_{id}/notice", "partner")).status_code == 200
    await retract(stage, code)
    assert await stage.rows("SELECT count(*) FROM delivery WHERE kind = 'retract'") == [(1,)]
    read = await stage.rows("SELECT detail FROM audit WHERE act = 'notice_read'")
    assert read == [({"delivery": id},)]


async def test_told_again_under_the_same_id(stage: Stage) -> None:
    far = Far()
    _, (delivery,) = await sent(stage, far)
    again = await stage.post(f"/v1/deliveries/{delivery}/replay", None, "partner")
    assert (again.status_code, again.json()) == (200, {"deliveries": [delivery]})
    async with dispatching(stage.house, far):
        await until(lambda: len(far.calls) == 2)
    assert [c.key for c in far.calls] == [delivery, delivery]
    assert [c.kind for c in far.calls] == ["publish", "publish"]
    (found,) = (await listed(stage))["deliveries"]
    assert (found["state"], len(found["attempts"])) == ("accepted", 2)


async def test_what_was_confirmed_stays_confirmed_when_it_is_told_again(stage: Stage) -> None:
    far = Far()
    _, (delivery,) = await sent(stage, far)
    await stage.post("/v1/receipts", {"delivery": delivery, "kind": "aired"}, "partner")
    await stage.post(f"/v1/deliveries/{delivery}/replay", None, "partner")
    async with dispatching(stage.house, far):
        await until(lambda: len(far.calls) == 2)
    (found,) = (await listed(stage))["deliveries"]
    assert (found["state"], found["tries"]) == ("confirmed", 2)


async def test_what_is_over_is_not_told_again(stage: Stage) -> None:
    far = Far()
    code, (delivery,) = await sent(stage, far)
    await retract(stage, code)
    refused = await stage.post(f"/v1/deliveries/{delivery}/replay", None, "partner")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith(":wrong-state")
    async with dispatching(stage.house, far):
        await until(lambda: len(far.calls) == 2)
    assert far.calls[-1].kind == "retract"
    end = far.calls[-1].key
    assert (await stage.post(f"/v1/deliveries/{end}/replay", None, "partner")).status_code == 200
    async with dispatching(stage.house, far):
        await until(lambda: len(far.calls) == 3)
    assert [c.kind for c in far.calls] == ["publish", "retract", "retract"]


async def test_everything_since(stage: Stage) -> None:
    """A receiver that lost its memory an hour ago: of two alerts one has ended, and its beginning is not told again."""
    far = Far()
    (ended, _), live = await sent(stage, far), await _second(stage, far)
    await retract(stage, ended)
    async with dispatching(stage.house, far):
        await until(lambda: len(far.calls) == 3)
    ((outlet,),) = await stage.rows("SELECT id FROM outlet")
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    again = await stage.post(f"/v1/outlets/{outlet}/replay", {"since": since}, "partner")
    assert again.status_code == 200
    assert len(again.json()["deliveries"]) == 2
    async with dispatching(stage.house, far):
        await until(lambda: len(far.calls) == 5)
    assert sorted((c.kind, c.alert) for c in far.calls[3:]) == [("publish", live), ("retract", ended)]
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    nothing = await stage.post(f"/v1/outlets/{outlet}/replay", {"since": later}, "partner")
    assert nothing.json() == {"deliveries": []}


async def _second(stage: Stage, far: Far) -> str:
    code = await issue(stage)
    async with dispatching(stage.house, far):
        await until(lambda: len(far.calls) == 2)
    return code


async def test_a_test_key_replays_only_what_is_not_actual(stage: Stage) -> None:
    far = Far()
    await sent(stage, far)
    await issue(stage, status="exercise")
    async with dispatching(stage.house, far):
        await until(lambda: len(far.calls) == 2)
    ((outlet,),) = await stage.rows("SELECT id FROM outlet")
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    again = await stage.post(f"/v1/outlets/{outlet}/replay", {"since": since}, "partner-test")
    assert again.json()["deliveries"] == [far.calls[1].key]


async def test_who_polls_reads_again(stage: Stage) -> None:
    await make_place(stage.house, "p0", carrier="feed", channel="partner", settings={})
    ((outlet,),) = await stage.rows("SELECT id FROM outlet")
    since = datetime.now(UTC).isoformat()
    refused = await stage.post(f"/v1/outlets/{outlet}/replay", {"since": since}, "partner")
    assert refused.status_code == 409
    assert "cursor" in refused.json()["detail_en"]


@pytest.mark.parametrize(
    "body", [{}, {"since": "yesterday"}, {"since": "2026-11-23T15:04:05"}, {"since": 1}, {"sense": 1}]
)
async def test_a_bad_since(stage: Stage, body: Any) -> None:
    id = await make_place(stage.house, "p0")
    assert (await stage.post(f"/v1/outlets/{id}/replay", body, "partner")).status_code == 422


@pytest.mark.parametrize("before", ["dlv_1~RT7", "xdlv_1", "dlv_0", "17", "dlv_1\n"])
async def test_a_page_that_cannot_be(stage: Stage, before: str) -> None:
    answer = await stage.get("/v1/deliveries", "partner", before=before)
    assert answer.status_code == 422, answer.text
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/query/before"]
