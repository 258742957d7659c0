"""What must hold after every fault, whatever it was: read from the database's records and the sandbox's, not from ours."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tests.faults.far_side import FarSide, assert_all_taken_back, assert_sound
from tests.faults.officer import Officer
from tests.faults.rig import Rig, until

STUCK = "delivery WHERE state IN ('pending', 'sending') OR lease_until IS NOT NULL"
LONG_ENOUGH = 4.5  # seconds of waiting
NOT_SENT = ("等待过久，未发送", "发送进程消失")  # of an attempt that never began, or began no one knows when
JUST_BEFORE = 2.0  # seconds: what was claimed before the retraction was committed may begin that much later
_UNDELIVERED = re.compile(r"^huijia_(undelivered|oldest_undelivered_seconds)\{.*\} (\S+)$", re.M)

BEGUN_LATE = (
    "SELECT t.delivery_id, t.number, t.started_at FROM attempt t JOIN delivery d ON d.id = t.delivery_id "
    "JOIN alert a ON a.id = d.alert_id WHERE a.code = $1 AND d.kind <> 'retract' "
    "AND t.started_at > to_timestamp($2::float8) AND coalesce(t.detail, '') <> ALL($3::text[])"
)


async def assert_none_lost(rig: Rig, alerts: Sequence[str], cases: Sequence[str]) -> None:
    """Every 201 is an alert, and every record one alert."""
    assert len(set(alerts)) == len(alerts), "two records were answered with one alert"
    there = {row["code"] for row in await rig.ask("SELECT code FROM alert WHERE code = ANY($1::text[])", alerts)}
    assert not set(alerts) - there, f"answered 201 and lost: {sorted(set(alerts) - there)}"
    assert await rig.count("alert WHERE case_number = ANY($1::text[])", cases) == len(set(cases))


async def assert_nothing_stuck(rig: Rig, within: float = 30) -> None:
    """Nothing waits, is being sent, or is leased to anybody."""

    async def look() -> bool | None:
        return True if await rig.count(STUCK) == 0 else None

    await until(look, within, "nothing is under way any more", pause=0.3)


async def states(rig: Rig, alert: str) -> Mapping[tuple[int, str], tuple[str, bool]]:
    """By outlet and kind of notice: the state of the delivery, and whether what the newest one asks is confirmed."""
    rows = await rig.ask(
        "SELECT d.outlet_id, d.kind, d.state, d.number = a.head AND d.confirmed_at IS NOT NULL AS confirmed "
        "FROM delivery d JOIN alert a ON a.id = d.alert_id WHERE a.code = $1",
        alert,
    )
    return {(row["outlet_id"], row["kind"]): (row["state"], row["confirmed"]) for row in rows}


async def assert_closed(rig: Rig, officer: Officer, far: FarSide, after: int, *, clocks_agree: bool) -> None:
    """What every cell leaves, whatever it broke: nothing stuck or leased; every alert that it issued, those with an id above
    ``after``, is taken back and shown nowhere; no outlet heard anything unsound; and nothing older was begun once the
    officer had been told that it is taken back, which can be said as long as the ``clocks_agree``."""
    await assert_nothing_stuck(rig)
    rows = await rig.ask("SELECT code, state FROM alert WHERE id > $1", after)
    live = [row["code"] for row in rows if row["state"] == "active"]
    assert not live, f"left live: {live}"
    for code in (row["code"] for row in rows):
        if calls := await far.calls(code):
            assert_sound(calls)
        if clocks_agree and code in officer.ended:
            begun = await rig.ask(BEGUN_LATE, code, officer.ended[code] + JUST_BEFORE, NOT_SENT)
            assert not begun, f"begun after {code} was taken back: {begun[:5]}"
    left = [one["slug"] for one in await far.now() if one["showing"]]
    assert not left, f"still showing something: {left}"


async def assert_shown(far: FarSide, alert: str, stations: int) -> None:
    """The public sees it at so many stations; nobody heard anything unsound of it."""
    assert_sound(await far.calls(alert))
    assert len(await far.showing(alert)) == stations


NOT_DOWN = (
    "SELECT now() AS now, d.id, d.number, d.kind, o.name, o.carrier, d.state, d.tries, d.due_at, d.give_up_at, d.lease_until, "
    "d.worker, d.reason, d.detail, d.feed_seq, o.failures, o.probe_at FROM delivery d JOIN alert a ON a.id = d.alert_id "
    "JOIN outlet o ON o.id = d.outlet_id WHERE a.code = $1 AND d.number = a.head AND d.state <> 'confirmed'"
)


async def assert_ended(rig: Rig, officer: Officer, far: FarSide, alerts: Sequence[str], within: float = 60) -> None:
    """End them all; everybody who was told is told so, and then nothing is left."""
    for alert in alerts:
        await officer.retract(alert)
    for alert in alerts:
        try:
            await officer.is_down(alert, within)
        except AssertionError as e:
            raise AssertionError(f"{e}: {[dict(row) for row in await rig.ask(NOT_DOWN, alert)]}") from None
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


async def assert_waits_counted(rig: Rig, since: float) -> None:
    """/metrics counts whatever waits. To be asked when nothing new comes, and something has waited since ``since``, by the
    monotonic clock."""
    await asyncio.sleep(max(0.0, since + LONG_ENOUGH - time.monotonic()))
    waiting = (
        "delivery d JOIN alert a ON a.id = d.alert_id AND a.head = d.number WHERE d.state IN ('pending', 'sending')"
    )
    before, waited = await rig.count(waiting), time.monotonic() - since
    seen, after = await metrics(rig), await rig.count(waiting)
    assert 0 < after <= seen["undelivered"] <= before, (before, seen, after)
    assert seen["oldest_undelivered_seconds"] >= waited - 2, (seen, waited)


async def assert_wait_seen(rig: Rig, officer: Officer, alert: str, outlets: int, since: float) -> Mapping[str, Any]:
    """That ``outlets`` have not been told since ``since``, by the monotonic clock, stands in the alert's age and in /metrics:
    neither younger nor fewer than they are. Asked only when they have waited for so long that no young age passes for it."""
    await asyncio.sleep(max(0.0, since + LONG_ENOUGH - time.monotonic()))

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
