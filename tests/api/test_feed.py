"""The feed: what a partner that polls has to show now, and nothing that is over."""

import pytest

from tests.api.records import fresh, issue, items, new_partner, retract
from tests.api.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_fetching_is_accepting(shared: Stage) -> None:
    who = await new_partner(shared)
    code = await issue(shared)
    (item,) = [i for i in await items(shared, who) if i["payload"]["data"]["alert"] == code]
    ((state, tries),) = await shared.rows(
        "SELECT state, tries FROM delivery WHERE id = :d", d=int(item["delivery"][4:])
    )
    assert (state, tries) == ("accepted", 1)
    await items(shared, who)
    assert await shared.rows("SELECT tries FROM delivery WHERE id = :d", d=int(item["delivery"][4:])) == [(1,)]


async def test_the_cursor_goes_on_and_loses_nothing(shared: Stage) -> None:
    stage = shared
    who = await new_partner(stage)
    codes = [await issue(stage) for _ in range(5)]
    seen, cursor = [], "0"
    for expected in (2, 2, 1, 0):
        answer = (await stage.get("/v1/feed", who, cursor=cursor, limit=2)).json()
        assert len(answer["items"]) == expected
        seen += [i["payload"]["data"]["alert"] for i in answer["items"]]
        cursor = answer["cursor"]
    assert seen == codes
    newest = await issue(stage)
    answer = (await stage.get("/v1/feed", who, cursor=cursor)).json()
    assert [i["payload"]["data"]["alert"] for i in answer["items"]] == [newest]
    assert [i["payload"]["data"]["alert"] for i in await items(stage, who)] == [*codes, newest]


async def test_whoever_was_away_learns_only_of_what_is_now(shared: Stage) -> None:
    who = await new_partner(shared)
    body = fresh()
    code = (await shared.post("/v1/alerts", body)).json()["id"]
    first = (await shared.get("/v1/feed", who)).json()["cursor"]
    await shared.post(f"/v1/alerts/{code}/update", body)
    await retract(shared, code)
    later = (await shared.get("/v1/feed", who, cursor=first)).json()["items"]
    assert [i["payload"]["type"] for i in later if i["payload"]["data"]["alert"] == code] == ["alert.retract"]
    whole = await items(shared, who)
    assert [i["payload"]["type"] for i in whole if i["payload"]["data"]["alert"] == code] == ["alert.retract"]


async def test_partners_see_their_own_outlets_only(shared: Stage) -> None:
    one, other = await new_partner(shared, outlets=2), await new_partner(shared)
    code = await issue(shared)
    mine = [i["delivery"] for i in await items(shared, one) if i["payload"]["data"]["alert"] == code]
    theirs = [i["delivery"] for i in await items(shared, other) if i["payload"]["data"]["alert"] == code]
    assert (len(mine), len(theirs)) == (2, 1)
    assert not set(mine) & set(theirs)


async def test_a_test_key_sees_exercises_and_takes_nothing_actual(shared: Stage) -> None:
    who = await new_partner(shared)
    actual = await issue(shared)
    drill = await issue(shared, "police-test", status="exercise")
    tested = {i["payload"]["data"]["alert"] for i in await items(shared, f"{who}-test")}
    assert actual not in tested
    assert drill in tested
    held = (
        "SELECT d.state FROM delivery d JOIN alert a ON a.id = d.alert_id JOIN outlet o ON o.id = d.outlet_id JOIN partner p \
ON p.id = o.partner_id WHERE a.code = :c AND p.name = :p"
    )
    assert await shared.rows(held, c=actual, p=who) == [("pending",)]
    assert {actual, drill} <= {i["payload"]["data"]["alert"] for i in await items(shared, who)}


async def test_an_empty_feed_has_a_cursor(shared: Stage) -> None:
    answer = await shared.get("/v1/feed", "rival")
    said = answer.json()
    assert (said["cursor"], said["items"], said["left_out"], said["more"]) == ("0", [], [], False)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_cursor_from_the_future_is_kept(shared: Stage) -> None:
    assert (await shared.get("/v1/feed", "rival", cursor="999999999999999999")).json()["cursor"] == "999999999999999999"
