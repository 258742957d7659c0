"""Who has fallen silent, what was missed, and coming back after an hour away."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from app.db import outlets
from app.db.engine import transaction
from app.db.presence import silent_partners
from app.domain.words import EndReason
from app.flows.end import retract as retracting
from tests.api.hours import goes_by
from tests.api.records import fresh, issue, new_partner, retract
from tests.api.served import streaming
from tests.api.stage import Stage
from tests.making import make_outlet, police


async def callers(stage: Stage) -> dict[str, Any]:
    answer = await stage.get("/v1/partners", "operator")
    assert answer.status_code == 200, answer.text
    return {p["name"]: p for p in answer.json()["partners"]}


async def enrolled_an_hour_ago(stage: Stage) -> None:
    await stage.change("UPDATE outlet SET created_at = now() - interval '1 hour'")


async def test_a_partner_that_asks_for_nothing_is_silent(live_stage: Stage) -> None:
    who, never = await new_partner(live_stage), await new_partner(live_stage)
    await make_outlet(live_stage.house, partner="只接收推送", name="屏")
    found = await callers(live_stage)
    assert (found[who]["silent"], found[never]["silent"]) == (False, False), "they have only just been enrolled"
    await enrolled_an_hour_ago(live_stage)
    assert (await callers(live_stage))[never]["silent"] is True
    await live_stage.get("/v1/feed", who)
    await asyncio.sleep(1.5)
    found = await callers(live_stage)
    assert set(found) == {who, never}, "whom huijia calls is not expected to call"
    assert (found[who]["silent"], found[never]["silent"]) == (False, True)
    assert datetime.now(UTC) - datetime.fromisoformat(found[who]["last_seen_at"]) < timedelta(seconds=5)
    async with transaction(live_stage.house.engine) as session:
        assert [c.name for c in await silent_partners(session)] == [never]
    await live_stage.change("UPDATE presence SET seen_at = now() - interval '6 minutes'")
    assert (await callers(live_stage))[who]["silent"] is True


async def test_a_poll_writes_nothing_and_a_return_is_written_at_once(live_stage: Stage) -> None:
    who = await new_partner(live_stage)
    await live_stage.get("/v1/feed", who)
    await asyncio.sleep(1.5)
    ((first,),) = await live_stage.rows("SELECT seen_at FROM presence")
    for _ in range(20):
        await live_stage.get("/v1/feed", who)
        await asyncio.sleep(0.1)
    assert await live_stage.rows("SELECT seen_at FROM presence") == [(first,)]


async def test_whoever_streams_is_not_silent(live_stage: Stage) -> None:
    who = await new_partner(live_stage)
    await enrolled_an_hour_ago(live_stage)
    async with streaming(live_stage, who) as stream:
        await stream.next("heartbeat")
        await asyncio.sleep(1.5)
        assert (await callers(live_stage))[who]["silent"] is False


async def test_what_waits_is_counted(stage: Stage) -> None:
    who = await new_partner(stage)
    await issue(stage)
    assert (await callers(stage))[who]["waiting"] == 1
    await stage.get("/v1/feed", who)
    assert (await callers(stage))[who]["waiting"] == 0


async def test_partners_and_police_are_kept_apart(stage: Stage) -> None:
    assert (await stage.get("/v1/partners", "partner")).status_code == 403
    assert (await stage.get("/v1/missed", "police")).status_code == 403


async def test_the_heartbeat_is_signed(stage: Stage) -> None:
    """As docs/partners/pull.md has it."""
    who = await new_partner(stage)
    code = await issue(stage)
    key = (await stage.client.get("/v1/keys")).json()["heartbeat"]
    public = load_pem_public_key(key["pem"].encode())
    assert isinstance(public, Ed25519PublicKey)
    beat = (await stage.get("/v1/feed", who)).json()["heartbeat"]
    assert (beat["head"], beat["last"], beat["key"]) == (1, [f"{code}/1"], key["id"])
    said = ["huijia.heartbeat.v1", beat["partner"], str(beat["head"]), ",".join(beat["last"]), beat["at"]]
    public.verify(base64.b64decode(beat["signature"].removeprefix("v1a,")), "\n".join(said).encode())
    assert datetime.now(UTC) - datetime.fromisoformat(beat["at"]) < timedelta(seconds=10)


async def test_a_heartbeat_names_the_last_ten(stage: Stage) -> None:
    who = await new_partner(stage, outlets=2)
    codes = [await issue(stage) for _ in range(12)]
    beat = (await stage.get("/v1/feed", who)).json()["heartbeat"]
    assert (beat["head"], beat["last"]) == (24, [f"{code}/1" for code in reversed(codes[2:])])


async def test_what_outlets_have_missed(stage: Stage) -> None:
    who = await new_partner(stage)
    dead = await make_outlet(stage.house, partner=who, name="坏屏")
    asleep = await make_outlet(stage.house, partner=who, name="停用屏")
    await make_outlet(stage.house, partner=who, name="远屏", lon=87.6, lat=43.8)
    async with transaction(stage.house.engine) as session:
        await outlets.set_paused(session, asleep, True)
    code = await issue(stage)
    drill = await issue(stage, "police-test", status="exercise")
    await stage.change("UPDATE delivery SET tries = 3, reason = 'timeout' WHERE outlet_id = :o", o=dead)

    async def missed(who: str) -> set[tuple[str, str, str]]:
        answer = await stage.get("/v1/missed", who)
        assert answer.status_code == 200, answer.text
        return {(m["notice"], m["name"], m["why"]) for m in answer.json()["missed"]}

    polled = next(m for m in (await stage.get("/v1/missed", who)).json()["missed"] if m["why"] == "waiting")["name"]
    for notice in (f"{code}/1", f"{drill}/1"):
        wanted = {(notice, "坏屏", "unreachable"), (notice, "停用屏", "paused"), (notice, polled, "waiting")}
        assert wanted <= await missed(who)
    assert {notice for notice, *_ in await missed(f"{who}-test")} == {f"{drill}/1"}
    await stage.get("/v1/feed", who)
    assert polled not in {name for _, name, _ in await missed(who)}
    given = (await stage.get("/v1/feed", who, all="1")).json()["items"]
    assert f"{code}/1" in {item["notice"] for item in given if item["pushed"]}, "and so it can be caught up"
    await retract(stage, code)
    assert ("停用屏", "paused") not in {
        (name, why) for notice, name, why in await missed(who) if notice.startswith(code)
    }


async def test_back_after_an_hour_in_the_middle_of_a_retraction(live_stage: Stage) -> None:
    """It learns of the end and never shows the start: neither of what it had fetched, nor of what it had not."""
    stage, who = live_stage, await new_partner(live_stage)
    body = fresh()
    code = (await stage.post("/v1/alerts", body)).json()["id"]
    cursor = (await stage.get("/v1/feed", who)).json()["cursor"]
    await stage.post(f"/v1/alerts/{code}/update", body)
    unseen = await issue(stage)
    await retract(stage, unseen)
    async with transaction(stage.house.engine) as session:
        await retracting(session, police(), code, EndReason.FOUND, "", press=stage.house.press)
        during = (await stage.get("/v1/feed", who, cursor=cursor)).json()
        assert during["items"] == [], "the update that waits is held by the retraction"
        waiting = asyncio.create_task(stage.get("/v1/feed", who, cursor=during["cursor"], wait=10))
        await asyncio.sleep(0.2)
    (item,) = (await waiting).json()["items"]
    assert (item["notice"], item["payload"]["type"], item["payload"]["data"]["person"]) == (
        f"{code}/3",
        "alert.retract",
        None,
    )
    for asked in ("0", cursor, during["cursor"]):
        got = (await stage.get("/v1/feed", who, cursor=asked)).json()["items"]
        assert [i["payload"]["type"] for i in got] == ["alert.retract"]
    async with streaming(stage, who, last_event_id=cursor) as stream:
        assert (await stream.next("notice")).data["notice"] == f"{code}/3"
    assert (await stage.get(f"/v1/alerts/{code}/cap/2.xml", who)).status_code == 410
    assert unseen not in (await stage.get("/v1/feed.atom", who)).text


async def test_an_outlet_that_was_dead_for_an_hour_catches_up(stage: Stage) -> None:
    """A webhook that timed out: nobody knows whether it aired. Its partner reads on and finds the end."""
    who = await new_partner(stage)
    dead = await make_outlet(stage.house, partner=who, name="坏屏")
    code = await issue(stage)
    await stage.change("UPDATE delivery SET tries = 3, reason = 'timeout' WHERE outlet_id = :o", o=dead)
    await retract(stage, code)
    await goes_by(stage.house, "3 seconds")
    given = (await stage.get("/v1/feed", who, all="1")).json()["items"]
    assert [(i["payload"]["type"], i["pushed"]) for i in given if i["outlet"] == str(dead)] == [("alert.retract", True)]
