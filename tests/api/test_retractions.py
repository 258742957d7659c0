"""Retractions: one officer, one call, and nothing about the child afterwards."""

import asyncio

import pytest

from tests.api.records import fresh, issue, items, new_partner
from tests.api.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("reason", ["found", "issued_in_error", "report_untrue"])
async def test_the_reason_stays_with_the_police(shared: Stage, reason: str) -> None:
    partner = await new_partner(shared)
    code = await issue(shared)
    before = await items(shared, partner)
    assert any(i["payload"]["data"]["alert"] == code for i in before)
    answer = await shared.post(f"/v1/alerts/{code}/retract", {"reason": reason})
    assert answer.status_code == 200
    view = answer.json()
    assert (view["state"], view["end_reason"], view["already_retracted"]) == ("retracted", reason, False)
    assert view["ended_at"] is not None
    (item,) = [i for i in await items(shared, partner) if i["payload"]["data"]["alert"] == code]
    data = item["payload"]["data"]
    assert (item["payload"]["type"], data["person"], data["loss"], data["ends"]) == ("alert.retract", None, None, [1])
    assert reason not in str(item)
    assert "李小明" not in str(item)


async def test_an_outlet_that_was_never_told_is_not_told_of_the_end(shared: Stage) -> None:
    partner = await new_partner(shared)
    code = await issue(shared)
    await shared.post(f"/v1/alerts/{code}/retract", {"reason": "found"})
    assert [i for i in await items(shared, partner) if i["payload"]["data"]["alert"] == code] == []


async def test_retracting_twice_changes_nothing_and_says_so(shared: Stage) -> None:
    code = await issue(shared)
    first = await shared.post(f"/v1/alerts/{code}/retract", {"reason": "found"})
    again = await shared.post(f"/v1/alerts/{code}/retract", {"reason": "report_untrue", "line": "感谢大家"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["already_retracted"] is True
    assert again.json()["end_reason"] == "found"
    assert len(again.json()["notices"]) == 2


async def test_many_retractions_at_once_are_one(shared: Stage) -> None:
    code = await issue(shared)
    path = f"/v1/alerts/{code}/retract"
    answers = await asyncio.gather(*(shared.post(path, {"reason": "found"}) for _ in range(6)))
    assert {a.status_code for a in answers} == {200}
    assert sorted(a.json()["already_retracted"] for a in answers) == [False] + [True] * 5
    assert {len(a.json()["notices"]) for a in answers} == {2}


async def test_a_line_is_told(shared: Stage) -> None:
    partner = await new_partner(shared)
    code = await issue(shared)
    await items(shared, partner)
    answer = await shared.post(f"/v1/alerts/{code}/retract", {"reason": "found", "line": "感谢广大市民的帮助"})
    assert answer.status_code == 200
    (item,) = [i for i in await items(shared, partner) if i["payload"]["data"]["alert"] == code]
    assert item["payload"]["data"]["line"] == "感谢广大市民的帮助"


async def test_a_line_that_tells_too_much_leaves_the_alert_live(shared: Stage) -> None:
    code = await issue(shared)
    answer = await shared.post(f"/v1/alerts/{code}/retract", {"reason": "found", "line": "李小明在医院"})
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("/line", "line_tells_too_much")]
    assert (await shared.get(f"/v1/alerts/{code}")).json()["state"] == "active"


async def test_a_header_does_not_stop_a_retraction(shared: Stage) -> None:
    """curl -d says that JSON is a form."""
    code = await issue(shared)
    headers = shared.bearer("police") | {"content-type": "application/x-www-form-urlencoded"}
    answer = await shared.client.post(f"/v1/alerts/{code}/retract", content=b'{"reason":"found"}', headers=headers)
    assert answer.status_code == 200


async def test_an_expired_alert_is_not_retracted(shared: Stage) -> None:
    code = (await shared.post("/v1/alerts", fresh())).json()["id"]
    await shared.change("UPDATE alert SET state = 'expired', ended_at = now() WHERE code = :c", c=code)
    answer = await shared.post(f"/v1/alerts/{code}/retract", {"reason": "found"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:huijia:problem:wrong-state")
