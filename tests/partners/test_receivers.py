"""The example receivers as processes against the live service: whatever is killed when, what was retracted is not shown."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from tests.dispatch.far import until
from tests.partners.receiving import Receiver
from tests.partners.stage import SECRET, Service


@pytest.mark.parametrize("status", ["actual", "exercise"])
async def test_aired_and_taken_down(made: Service, receiver: Receiver, status: str) -> None:
    async with receiver.started() as program:
        code = await made.issue(status=status)
        await program.says(f"ON AIR {code} 1")
        assert list(await receiver.screen()) == [code]
        await until(lambda: made.is_confirmed(code, 1))
        await made.retract(code)
        await program.says(f"OFF AIR {code}")
        assert await receiver.screen() == {}
        await until(lambda: made.is_confirmed(code, 2))
        said = [line for line in program.said if "AIR" in line]
        assert len(said) == 2, "shown once and taken down once, though it came by two ways"
        kinds = [[r["kind"] for r in d["receipts"]] for d in await made.deliveries(code)]
        assert kinds == [["aired"], ["taken_down"]]


async def test_killed_on_air_and_restarted_in_the_retraction(made: Service, receiver: Receiver) -> None:
    async with receiver.started() as program:
        code = await made.issue()
        await program.says(f"ON AIR {code} 1")
        await until(lambda: made.is_confirmed(code, 1))
        await program.kill()
    await made.retract(code)
    await asyncio.sleep(1)
    async with receiver.started() as program:
        await until(lambda: made.is_confirmed(code, 2))
        assert not program.has_said("ON AIR")
        assert await receiver.screen() == {}


async def test_killed_on_air_and_restarted_while_it_lives(made: Service, receiver: Receiver) -> None:
    """What stands is on the screen again, without anybody sending it anew, and its end is obeyed."""
    async with receiver.started() as program:
        code = await made.issue()
        await until(lambda: made.is_confirmed(code, 1))
        await program.kill()
    async with receiver.started() as program:
        await program.says(f"ON AIR {code} 1")
        await made.retract(code)
        await program.says(f"OFF AIR {code}")
        await until(lambda: made.is_confirmed(code, 2))


async def test_down_for_all_of_it(made: Service, receiver: Receiver) -> None:
    """Issued and retracted while nothing ran: the start is never seen, on any way."""
    code = await made.issue()
    await asyncio.sleep(1.5)
    await made.retract(code)
    async with receiver.started() as program:
        other = await made.issue()
        await program.says(f"ON AIR {other} 1")
        await until(lambda: made.is_confirmed(code, 2))
        assert not program.has_said(f"ON AIR {code}")
        assert list(await receiver.screen()) == [other]


async def test_an_update_takes_the_place_of_what_it_updates(made: Service, receiver: Receiver) -> None:
    async with receiver.started() as program:
        body = made.record()
        code = await made.issue(**body)
        await program.says(f"ON AIR {code} 1")
        changed = {**body, "minor": {**body["minor"], "clothing": "蓝色雨衣"}}
        answer = await made.client.post(f"/v1/alerts/{code}/update", json=changed)
        assert answer.status_code == 200, answer.text
        await program.says(f"ON AIR {code} 2")
        assert "蓝色雨衣" in json.dumps(await receiver.screen(), ensure_ascii=False)


async def test_thin_payloads_are_fetched(made: Service, receiver: Receiver) -> None:
    await receiver.enrol(payload="thin")
    async with receiver.started() as program:
        code = await made.issue()
        await program.says(f"ON AIR {code} 1")
        assert "李小明" in json.dumps(await receiver.screen(), ensure_ascii=False)
        await made.retract(code)
        await program.says(f"OFF AIR {code}")


async def test_drills_are_shown_to_nobody_who_has_not_agreed(made: Service, receiver: Receiver) -> None:
    async with receiver.started(DRILLS="") as program:
        code = await made.issue()
        await until(lambda: made.is_confirmed(code, 1))
        await made.retract(code)
        await until(lambda: made.is_confirmed(code, 2))
        assert not [line for line in program.said if "AIR" in line]
        kinds = [[r["kind"] for r in d["receipts"]] for d in await made.deliveries(code)]
        assert kinds == [["received"], ["taken_down"]]


async def test_a_stranger_changes_nothing(made: Service, receiver: Receiver) -> None:
    """Nor does huijia, with a secret that is not this receiver's; without its key it reads no feed either."""
    async with receiver.started(SECRET="whsec_" + "A" * 43 + "=", KEY="hj_live_none") as program:
        code = await made.issue()
        await until(lambda: failed(made, code))
        assert (
            await receiver.post("dlv_1", b'{"type": "alert.publish", "data": {}}', "v1,AAAA", datetime.now(UTC)) == 401
        )
        (delivery,) = await made.deliveries(code)
        assert delivery["reason"] == "bad_credentials"
        assert not program.has_said("ON AIR")
        assert await receiver.screen() == {}


async def failed(made: Service, code: str) -> bool:
    return [d["state"] for d in await made.deliveries(code)] == ["failed"]


async def test_what_was_on_its_way_for_long_is_not_shown_after_the_end(made: Service, receiver: Receiver) -> None:
    """A proxy in between that holds things back: the start arrives after the retraction, and after a restart."""
    async with receiver.started() as program:
        code = await made.issue()
        await until(lambda: made.is_confirmed(code, 1))
        page = await made.client.get("/v1/feed?all=1", headers={"authorization": f"Bearer {made.key}"})
        (start,) = [item["payload"] for item in page.json()["items"]]
        await made.retract(code)
        await until(lambda: made.is_confirmed(code, 2))
        await program.kill()
    async with receiver.started() as program:
        assert await receiver.call("dlv_held_back", start) == 200
        assert await receiver.screen() == {}
        assert not program.has_said("ON AIR")


async def test_both_secrets_while_they_change(made: Service, receiver: Receiver) -> None:
    other = "whsec_" + "A" * 43 + "="
    async with receiver.started(SECRET=f"{other} {SECRET}") as program:
        code = await made.issue()
        await program.says(f"ON AIR {code} 1")
        await until(lambda: made.is_confirmed(code, 1))
