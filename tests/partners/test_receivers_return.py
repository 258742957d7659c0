"""A partner that was down for an hour comes back while a retraction is being sent: it learns of the end, and nobody sees the
beginning."""

import asyncio

import pytest

from tests.api.hours import goes_by
from tests.dispatch.far import until
from tests.partners.receiving import Receiver
from tests.partners.stage import Service


@pytest.mark.parametrize("way", ["push", "feed"])
async def test_an_hour_away_and_back_in_a_retraction(made: Service, receiver: Receiver, way: str) -> None:
    """By push alone (its key opens nothing, and the outlet is in quarantine by then), and by the feed alone, which it reads at
    its start (huijia's next call is far off)."""
    async with receiver.started() as program:
        shown = await made.issue()
        await program.says(f"ON AIR {shown} 1")
        await until(lambda: made.is_confirmed(shown, 1))
        await program.kill()
    unseen = await made.issue()
    await until(lambda: tried(made, unseen, 1))
    await goes_by(made.house, "1 hour")
    await made.retract(shown)
    await made.retract(unseen)
    await until(lambda: tried(made, shown, 2))
    await until(lambda: tried(made, unseen, 2))
    env = {"KEY": "hj_live_none"} if way == "push" else {"PORT": "0"}
    async with receiver.started(**env) as program:
        for code in (shown, unseen):
            if way == "push":
                await until(lambda code=code: is_taken(made, code), 30)
            else:
                await until(lambda code=code: made.is_confirmed(code, 2))
        await asyncio.sleep(0.5)
        assert not program.has_said("ON AIR")
        if way == "push":
            assert await receiver.screen() == {}
    for code in (shown, unseen):
        # Killed before it noted that huijia had its receipt, it sends that again; the hour that went by makes two of them.
        kinds = [sorted({r["kind"] for r in d["receipts"]}) for d in await made.deliveries(code)]
        airs = ["aired"] if code == shown else []
        assert kinds == [airs, [] if way == "push" else ["taken_down"]]


async def tried(made: Service, code: str, number: int) -> bool:
    return all(d["tries"] > 0 for d in await made.deliveries(code) if d["number"] == number)


async def is_taken(made: Service, code: str) -> bool:
    return [d["state"] for d in await made.deliveries(code) if d["number"] == 2] == ["accepted"]
