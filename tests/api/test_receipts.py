"""Receipts: early, late, twice, or for something unknown; none is lost, and none is believed beyond what it says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.records import issue, items, new_partner, retract
from tests.api.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime.now(UTC).replace(microsecond=0)


def said(delivery: str, kind: str = "aired", at: datetime | None = NOW, **more: Any) -> dict[str, Any]:
    return {"delivery": delivery, "kind": kind} | ({"at": at.isoformat()} if at else {}) | more


async def send(stage: Stage, body: Any, who: str) -> list[dict[str, Any]]:
    answer = await stage.post("/v1/receipts", body, who)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def delivered(stage: Stage, *, outlets: int = 1) -> tuple[str, str, list[str]]:
    """A partner that has fetched an alert: its key, the alert, its deliveries."""
    who = await new_partner(stage, outlets=outlets)
    code = await issue(stage)
    return who, code, [i["delivery"] for i in await items(stage, who) if i["payload"]["data"]["alert"] == code]


async def state_of(stage: Stage, delivery: str) -> str:
    ((state,),) = await stage.rows("SELECT state FROM delivery WHERE id = :d", d=int(delivery[4:]))
    return str(state)


async def kept_for(stage: Stage, delivery: str) -> list[tuple[Any, ...]]:
    return await stage.rows("SELECT kind, note FROM receipt WHERE said_for = :d ORDER BY id", d=delivery)


async def test_one_as_it_is(shared: Stage) -> None:
    who, _, (delivery,) = await delivered(shared)
    (result,) = await send(shared, said(delivery), who)
    assert (result["delivery"], result["kind"], result["outcome"]) == (delivery, "aired", "recorded")
    assert await state_of(shared, delivery) == "confirmed"


@pytest.mark.parametrize("wrap", [lambda many: {"receipts": many}, lambda many: many], ids=["an object", "an array"])
async def test_many(shared: Stage, wrap: Any) -> None:
    who, _, deliveries = await delivered(shared, outlets=3)
    results = await send(shared, wrap([said(d, "received") for d in deliveries]), who)
    assert [r["outcome"] for r in results] == ["recorded"] * 3
    assert [r["delivery"] for r in results] == deliveries


async def test_what_is_wrong_does_not_stop_what_is_right(shared: Stage) -> None:
    who, _, (one, other) = await delivered(shared, outlets=2)
    body = {
        "receipts": [
            said(one),
            said(other, "shown"),
            {"delivery": other, "kind": "aired", "kind2": 1},
            "x",
            said(other),
        ]
    }
    results = await send(shared, body, who)
    assert [r["outcome"] for r in results] == ["recorded", "invalid", "invalid", "invalid", "recorded"]
    assert [[e["pointer"] for e in r.get("errors", [])] for r in results] == [
        [], ["/receipts/1/kind"], ["/receipts/2/kind2"], ["/receipts/3"], [],
    ]  # fmt: skip
    assert all(e["remedy"] for r in results for e in r.get("errors", []))


async def test_the_same_twice_is_one(shared: Stage) -> None:
    who, _, (delivery,) = await delivered(shared)
    assert [r["outcome"] for r in await send(shared, [said(delivery), said(delivery)], who)] == [
        "recorded",
        "duplicate",
    ]
    assert [r["outcome"] for r in await send(shared, said(delivery), who)] == ["duplicate"]
    same_moment = NOW.astimezone(tz=None).isoformat()
    assert (await send(shared, {"delivery": delivery, "kind": "aired", "at": same_moment}, who))[0][
        "outcome"
    ] == "duplicate"
    assert len(await kept_for(shared, delivery)) == 1


async def test_what_is_somebody_elses_is_kept_and_changes_nothing(shared: Stage) -> None:
    _, _, (theirs,) = await delivered(shared)
    me = await new_partner(shared)
    (result,) = await send(shared, said(theirs, "rejected", note="别人的"), me)
    assert result["outcome"] == "unmatched"
    assert await state_of(shared, theirs) == "accepted"
    assert await kept_for(shared, theirs) == [("rejected", "别人的")]


@pytest.mark.parametrize(
    "name", ["dlv_999999999999999999", "42", "dlv_", "dlv_0", "dlv_1 OR 1=1", "msg_2026", "投递一", "DLV_1"]
)
async def test_what_is_unknown_is_kept(shared: Stage, name: str) -> None:
    who = await new_partner(shared)
    before = len(await kept_for(shared, name))
    assert (await send(shared, said(name), who))[0]["outcome"] == "unmatched"
    assert len(await kept_for(shared, name)) == before + 1


async def test_early_before_we_know_that_it_was_taken(shared: Stage) -> None:
    who = await new_partner(shared)
    code = await issue(shared)
    find = (
        "SELECT 'dlv_' || d.id FROM delivery d JOIN alert a ON a.id = d.alert_id JOIN outlet o ON o.id = d.outlet_id "
        "JOIN partner p ON p.id = o.partner_id WHERE a.code = :c AND p.name = :p AND d.state = 'pending'"
    )
    ((delivery,),) = await shared.rows(find, c=code, p=who)
    assert (await send(shared, said(delivery), who))[0]["outcome"] == "recorded"
    assert await state_of(shared, delivery) == "confirmed"


async def test_late_after_the_retraction(shared: Stage) -> None:
    who, code, (delivery,) = await delivered(shared)
    await retract(shared, code)
    (end,) = [i for i in await items(shared, who) if i["payload"]["data"]["alert"] == code]
    results = await send(
        shared, [said(delivery, at=NOW - timedelta(minutes=5)), said(end["delivery"], "taken_down")], who
    )
    assert [r["outcome"] for r in results] == ["recorded", "recorded"]
    assert await state_of(shared, end["delivery"]) == "confirmed"


async def test_an_outlet_that_was_not_told_and_aired_it_all_the_same_is_told_to_take_it_down(shared: Stage) -> None:
    """The fetch was answered, the answer arrived, and the retraction came between: evidence outranks our opinion."""
    who = await new_partner(shared)
    code = await issue(shared)
    ((delivery,),) = await shared.rows(
        "SELECT 'dlv_' || d.id FROM delivery d JOIN alert a ON a.id = d.alert_id JOIN outlet o ON o.id = d.outlet_id "
        "JOIN partner p ON p.id = o.partner_id WHERE a.code = :c AND p.name = :p", c=code, p=who,
    )  # fmt: skip
    await retract(shared, code)
    assert [i for i in await items(shared, who) if i["payload"]["data"]["alert"] == code] == []
    await send(shared, said(delivery), who)
    (end,) = [i for i in await items(shared, who) if i["payload"]["data"]["alert"] == code]
    assert end["payload"]["type"] == "alert.retract"


async def test_received_is_not_taken_down(shared: Stage) -> None:
    who, code, _ = await delivered(shared)
    await retract(shared, code)
    (end,) = [i for i in await items(shared, who) if i["payload"]["data"]["alert"] == code]
    await send(shared, said(end["delivery"], "received"), who)
    assert await state_of(shared, end["delivery"]) == "accepted"


async def test_a_rejection_fails_the_delivery(shared: Stage) -> None:
    who, code, (delivery,) = await delivered(shared)
    await send(shared, said(delivery, "rejected", note="画面审核未通过"), who)
    assert await state_of(shared, delivery) == "failed"
    rows = (await shared.get(f"/v1/alerts/{code}/deliveries", limit=500)).json()["deliveries"]
    (row,) = [r for r in rows if r["id"] == delivery]
    assert (row["reason"], row["detail"]) == ("rejected", "画面审核未通过")


async def test_without_a_time_it_is_now(shared: Stage) -> None:
    who, _, (delivery,) = await delivered(shared)
    (result,) = await send(shared, said(delivery, at=None), who)
    assert abs(datetime.fromisoformat(result["at"]) - datetime.now(UTC)) < timedelta(seconds=30)


@pytest.mark.parametrize(
    "at", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)], ids=str
)
async def test_a_clock_that_is_wrong_does_not_lose_the_evidence(shared: Stage, at: datetime) -> None:
    who, _, (delivery,) = await delivered(shared)
    (result,) = await send(shared, said(delivery, at=at, note="已播"), who)
    assert result["outcome"] == "recorded"
    assert abs(datetime.fromisoformat(result["at"]) - datetime.now(UTC)) < timedelta(seconds=30)
    ((_, note),) = await kept_for(shared, delivery)
    assert note.startswith("已播（设备报的时间 ")
    assert await state_of(shared, delivery) == "confirmed"


async def test_from_when_until_when_with_a_link(shared: Stage) -> None:
    who, code, (delivery,) = await delivered(shared)
    until = NOW + timedelta(seconds=30)
    more: dict[str, Any] = {"until": until.isoformat(), "evidence": "https://station.example/as-run/77"}
    assert (await send(shared, said(delivery, **more), who))[0]["outcome"] == "recorded"
    assert (await send(shared, said(delivery, **more), who))[0]["outcome"] == "duplicate"
    rows = (await shared.get(f"/v1/alerts/{code}/deliveries", limit=500)).json()["deliveries"]
    ((receipt,),) = [r["receipts"] for r in rows if r["id"] == delivery]
    assert datetime.fromisoformat(receipt["at"]) == NOW
    assert datetime.fromisoformat(receipt["until"]) == until
    assert receipt["evidence"].endswith("/77")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"until": (NOW - timedelta(seconds=1)).isoformat()}, "until_before_at"),
        ({"at": None, "until": NOW.isoformat()}, "until_before_at"),
        ({"kind": "received", "until": NOW.isoformat()}, "until_of_what"),
        ({"until": "later"}, "datetime_parsing"),
    ],
)
async def test_a_range_that_is_none(shared: Stage, changes: dict[str, Any], code: str) -> None:
    who, _, (delivery,) = await delivered(shared)
    refused = await shared.post("/v1/receipts", {"receipts": [said(delivery) | changes]}, who)
    assert refused.status_code == 422
    assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [("/receipts/0/until", code)]


async def test_on_the_air_until_after_it_was_down_contradicts(shared: Stage) -> None:
    who, code, (delivery,) = await delivered(shared)
    await retract(shared, code)
    (end,) = [i for i in await items(shared, who) if i["payload"]["data"]["alert"] == code]
    await send(shared, said(end["delivery"], "taken_down"), who)
    begun = (NOW - timedelta(seconds=60)).isoformat()
    await send(shared, said(delivery, at=None) | {"at": begun, "until": (NOW + timedelta(seconds=9)).isoformat()}, who)
    rows = (await shared.get(f"/v1/alerts/{code}/deliveries", limit=500)).json()["deliveries"]
    ((receipt,),) = [r["receipts"] for r in rows if r["id"] == delivery]
    assert receipt["contradicts"]


async def test_one_that_fits_nothing_is_explained(shared: Stage) -> None:
    who = await new_partner(shared)
    unmatched, wrong = await send(shared, {"receipts": [said("dlv_999999999"), said("dlv_1") | {"kind": "shown"}]}, who)
    assert unmatched["outcome"] == "unmatched"
    assert [(e["pointer"], e["code"]) for e in unmatched["errors"]] == [("/receipts/0/delivery", "unknown_delivery")]
    assert "webhook-id" in unmatched["errors"][0]["remedy_en"]
    assert (wrong["outcome"], wrong["errors"][0]["pointer"]) == ("invalid", "/receipts/1/kind")


async def test_a_test_key_confirms_nothing_actual(shared: Stage) -> None:
    who, _, (delivery,) = await delivered(shared)
    assert (await send(shared, said(delivery), f"{who}-test"))[0]["outcome"] == "unmatched"
    assert await state_of(shared, delivery) == "accepted"


async def test_a_test_key_confirms_an_exercise(shared: Stage) -> None:
    who = await new_partner(shared)
    code = await issue(shared, "police-test", status="exercise")
    (item,) = [i for i in await items(shared, f"{who}-test") if i["payload"]["data"]["alert"] == code]
    assert (await send(shared, said(item["delivery"]), f"{who}-test"))[0]["outcome"] == "recorded"


async def test_five_hundred_at_once(shared: Stage) -> None:
    who, _, (delivery,) = await delivered(shared)
    many = [said(delivery, at=NOW - timedelta(seconds=n)) for n in range(500)]
    assert [r["outcome"] for r in await send(shared, {"receipts": many}, who)] == ["recorded"] * 500
