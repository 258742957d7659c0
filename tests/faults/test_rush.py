"""Everybody at once: fifty organs submit within the same second while twenty alerts are taken back."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Collection

import httpx
import pytest

from tests.faults.far_side import FarSide, by_station
from tests.faults.officer import Insisted, Officer
from tests.faults.proof import assert_ended, assert_none_lost, assert_nothing_stuck, assert_shown, assert_waits_counted
from tests.faults.rig import Rig

ORGANS, RETRACTIONS, OUTLETS = 50, 20, 40
PATIENCE = 240.0  # seconds: fifty records are drawn one after another by as many processes as there are cores
AWAY = "screen-1"
APP = "沙盒·长安出行"


@pytest.fixture
async def rig(rig: Rig) -> AsyncIterator[Rig]:
    """Without the chat group: a robot takes twenty messages a minute, which is asked of elsewhere."""
    async with rig.only(OUTLETS, group=False):
        yield rig


@pytest.fixture
async def organs(rig: Rig) -> AsyncIterator[list[Officer]]:
    """An officer of each, with connections of their own."""
    made = [Officer(rig, organ, key) for organ, key in (await rig.organs(ORGANS)).items()]
    yield made
    for one in made:
        await one.close()


async def test_fifty_organs_submit_at_once(
    rig: Rig, officer: Officer, organs: list[Officer], far: FarSide, chance: random.Random, say: Callable[[str], None]
) -> None:
    earlier = [await officer.issue() for _ in range(RETRACTIONS // 2)]
    for alert in earlier:
        await officer.is_up(alert)
    records = [one.record() for one in organs]
    submitted: asyncio.Queue[str] = asyncio.Queue()
    sent: list[float] = []

    async def submit(n: int) -> Insisted:
        await asyncio.sleep(chance.uniform(0, 0.8))
        sent.append(time.monotonic())
        got = await organs[n].insist(lambda: organs[n].submit(records[n], f"rush-{n:04d}"), PATIENCE)
        submitted.put_nowait(str(got.body["id"]))
        return got

    async def retract(alert: str) -> tuple[str, Insisted]:
        return alert, await officer.insist(lambda: officer.ask_to_retract(alert), PATIENCE)

    async def overtake(_: int) -> tuple[str, Insisted]:
        """One that was answered only now: its notice is on its way."""
        return await retract(await submitted.get())

    begun = time.monotonic()
    submitting = asyncio.gather(*(submit(n) for n in range(ORGANS)))
    ended = dict(await asyncio.gather(*map(retract, earlier), *map(overtake, range(RETRACTIONS - len(earlier)))))
    issued = await submitting
    alerts = [str(one.body["id"]) for one in issued]
    assert max(sent) - min(sent) < 1.0, "they were not submitted within one second"
    assert len(ended) == RETRACTIONS
    for what, answers in (("submissions", issued), ("retractions", list(ended.values()))):
        refused, silent = sum(one.refused for one in answers), sum(one.silent for one in answers)
        slowest = max(one.seconds for one in answers)
        say(
            f"{len(answers)} {what}: {refused} × 503, {silent} × no answer, the slowest was taken after {slowest:.1f} s"
        )
    await assert_none_lost(rig, alerts, [str(record["case_number"]) for record in records])

    await far.turn(AWAY, "down")  # so that something waits, however quick all of it was
    since, one_more = time.monotonic(), await officer.issue()
    await assert_waits_counted(rig, since)
    await far.turn(AWAY, "ok")

    live = [*(alert for alert in alerts if alert not in ended), one_more]
    for alert in live:
        await officer.is_up(alert, PATIENCE)
    for alert in ended:
        await officer.is_down(alert, PATIENCE)
    say(f"all of it told {time.monotonic() - begun:.1f} s after the first of them")
    for alert in live:
        await assert_shown(far, alert, rig.outlets)
    for alert in ended:
        assert await far.showing(alert) == set()
    await assert_in_order(rig, far, live, ended)
    await assert_nothing_stuck(rig)
    await assert_ended(rig, officer, far, live, PATIENCE)


async def assert_in_order(rig: Rig, far: FarSide, live: Collection[str], ended: Collection[str]) -> None:
    """No outlet heard a notice after a newer one of the same alert, and the feed numbers them in the order it gives."""
    for alert in (*live, *ended):
        for slug, heard in by_station(await far.calls(alert)).items():
            numbers = [call["number"] for call in heard]
            assert numbers == sorted(numbers), f"{slug} heard {alert} in the order {numbers}"
    async with httpx.AsyncClient(base_url=rig.near, trust_env=False) as client:
        headers = {"authorization": f"Bearer {rig.partner_key(APP)}"}
        page = (await client.get("/v1/feed?cursor=0&limit=500", headers=headers)).raise_for_status().json()
    places = [item["sequence"] for item in page["items"]]
    assert places == sorted(set(places))
    given = {item["payload"]["data"]["alert"]: item["payload"]["type"] for item in page["items"]}
    assert {alert: given.get(alert) for alert in live} == dict.fromkeys(live, "alert.publish")
    told = {alert for alert in ended if "app-1" in by_station(await far.calls(alert))}
    assert {alert: given.get(alert) for alert in told} == dict.fromkeys(told, "alert.retract")
