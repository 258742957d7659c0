"""How soon a notice is heard, by the sandbox's records."""

import time
from collections.abc import Collection, Mapping, Sequence

from tests.faults.far_side import GROUP, Call, FarSide, heard_at
from tests.faults.officer import Officer
from tests.faults.rig import until

AT_ONCE = 2.0  # seconds after the answer to the officer
LEASE = 15.0  # seconds: of a webhook and of a chat robot, as it is promised; not as the code happens to have it
SLACK = 10.0  # seconds from the end of a lease until all is right: a sweep, a retry, and an outlet that takes its time


def first_heard(calls: Sequence[Call], kind: str) -> Mapping[str, float]:
    """When each station took it, by the wall clock. The group's first message is the notice, its next the end of it."""
    found: dict[str, float] = {}
    group = [call for call in calls if call["slug"] == GROUP and call["verdict"] == "shown"]
    if len(group) > (kind == "retract"):
        found[GROUP] = heard_at(group[kind == "retract"])
    for call in calls:
        if call["kind"] == kind and call["verdict"] in ("shown", "taken_down"):
            found.setdefault(call["slug"], heard_at(call))
    return found


async def all_hear(
    far: FarSide, alert: str, kind: str, who: Collection[str], since: float, *, within: float = AT_ONCE
) -> str:
    """Wait until every one of them has it; fails when one had it later than it should. What there is to say of it."""
    by_outlet = await waits_of(far, alert, kind, who, since)
    late = {slug: round(wait, 2) for slug, wait in by_outlet.items() if wait > within}
    assert not late, f"{kind} reached healthy outlets only so many seconds after the answer: {late}"
    waits = sorted(by_outlet.values())
    p50, p99 = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    return f"{kind} to {len(waits)} healthy ones: p50 {p50:.2f}, p99 {p99:.2f}, last {waits[-1]:.2f} s after the answer"


async def waits_of(far: FarSide, alert: str, kind: str, who: Collection[str], since: float) -> Mapping[str, float]:
    """Wait until every one of them has it; how many seconds after ``since`` each had it."""

    async def look() -> Mapping[str, float] | None:
        heard = first_heard(await far.calls(alert), kind)
        return heard if heard.keys() >= set(who) else None

    heard = await until(look, 20, f"{len(who)} healthy outlets hear {kind}")
    return {slug: heard[slug] - since for slug in who}


async def issue(officer: Officer) -> tuple[str, float]:
    """The alert, and when its 201 came."""
    return await officer.issue(), time.time()


async def retract(officer: Officer, alert: str) -> float:
    """When the answer came."""
    await officer.retract(alert)
    return time.time()
