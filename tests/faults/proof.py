"""What must hold after every fault, whatever it was: read from the database's records and the sandbox's, not from ours."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tests.faults.far_side import FarSide, assert_all_taken_back, assert_sound
from tests.faults.officer import Officer
from tests.faults.rig import Rig, until

UNDER_WAY = "delivery WHERE state IN ('pending', 'sending')"
STUCK = "delivery WHERE state IN ('pending', 'sending') OR lease_until IS NOT NULL"
_UNDELIVERED = re.compile(r"^huijia_(undelivered|oldest_undelivered_seconds)\{.*\} (\S+)$", re.M)


async def assert_none_lost(rig: Rig, alerts: Sequence[str], cases: Sequence[str]) -> None:
    """Every 201 is an alert, and every record one alert."""
    assert len(set(alerts)) == len(alerts), "two records were answered with one alert"
    assert await rig.count("alert WHERE code = ANY($1::text[])", alerts) == len(alerts)
    assert await rig.count("alert WHERE case_number = ANY($1::text[])", cases) == len(set(cases))


async def assert_nothing_stuck(rig: Rig, within: float = 30) -> None:
    """Nothing waits, is being sent, or is leased to anybody."""

    async def look() -> bool | None:
        return True if await rig.count(STUCK) == 0 else None

    await until(look, within, "nothing is under way any more", pause=0.3)


async def assert_shown(far: FarSide, alert: str, stations: int) -> None:
    """The public sees it at so many stations; nobody heard anything unsound of it."""
    assert_sound(await far.calls(alert))
    assert len(await far.showing(alert)) == stations


async def assert_ended(rig: Rig, officer: Officer, far: FarSide, alerts: Sequence[str], within: float = 60) -> None:
    """End them all; everybody who was told is told so, and then nothing is left."""
    for alert in alerts:
        await officer.retract(alert)
    for alert in alerts:
        await officer.is_down(alert, within)
        await assert_all_taken_back(far, alert)
    await assert_nothing_stuck(rig)


async def metrics(rig: Rig) -> Mapping[str, float]:
    """What /metrics says of all that is undelivered: the count of it and the age of the oldest in seconds; empty while the
    database is away."""
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        headers = {"authorization": f"Bearer {rig.settings.token_for_metrics()}"}
        answer = (await client.get(f"{rig.near}/metrics", headers=headers)).raise_for_status()
    found: dict[str, float] = {}
    for name, value in _UNDELIVERED.findall(answer.text):
        found[name] = (
            found.get(name, 0) + float(value) if name == "undelivered" else max(found.get(name, 0), float(value))
        )
    if not re.search(r"^huijia_store_up 1", answer.text, re.M):
        return {}
    return {"undelivered": 0, "oldest_undelivered_seconds": 0} | found


async def assert_waits_counted(rig: Rig) -> None:
    """/metrics counts whatever waits. To be asked when nothing new comes."""
    waiting = (
        "delivery d JOIN alert a ON a.id = d.alert_id AND a.head = d.number WHERE d.state IN ('pending', 'sending')"
    )
    before, seen, after = await rig.count(waiting), await metrics(rig), await rig.count(waiting)
    assert after <= seen["undelivered"] <= before, (before, seen, after)
    assert (seen["oldest_undelivered_seconds"] > 0) == (seen["undelivered"] > 0)


async def assert_wait_seen(rig: Rig, officer: Officer, alert: str, outlets: int, since: float) -> Mapping[str, Any]:
    """That ``outlets`` have not been told since ``since``, by the monotonic clock, stands in the alert's age and in /metrics:
    neither younger nor fewer than they are."""

    async def look() -> Mapping[str, Any] | None:
        oldest: Mapping[str, Any] | None = (await officer.read(alert))["oldest_undelivered"]
        return oldest if oldest is not None and oldest["count"] == outlets else None

    oldest = await until(look, 15, f"{outlets} are seen to wait", pause=0.2)
    waited = time.monotonic() - since
    seen = await metrics(rig)
    assert seen["undelivered"] >= outlets, seen
    assert seen["oldest_undelivered_seconds"] >= waited - 2, (seen, waited)
    assert (await officer.read(alert))["oldest_undelivered"]["seconds"] >= waited - 2
    return oldest
