"""The sandbox as a test watches and disturbs it, and what its log must never say."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from tests.faults.rig import Rig, until

Call = Mapping[str, Any]
GROUP = "dingtalk-1"  # a chat robot: no ids, no kinds, nothing can be taken back
OTHERS = ("tv-1", "radio-1", "billboard-1", "billboard-2", GROUP, "app-1", "app-2")
ENDED = "寻人结束"
SOUND = {"shown", "taken_down", "duplicate", "unheard"}


class FarSide:
    """Every station of the sandbox."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._client = httpx.AsyncClient(base_url=rig.far, timeout=20, trust_env=False)
        self._calls: list[Call] = []
        self._last = 0

    async def close(self) -> None:
        await self._client.aclose()

    async def reset(self) -> None:
        """As on the first day; every alert of before is forgotten."""
        (await self._client.post("/reset")).raise_for_status()
        self._calls.clear()

    def active(self) -> set[str]:
        """The slugs of those that huijia has not paused."""
        others = set(OTHERS) if self._rig.chats else set(OTHERS) - {GROUP}
        screens = self._rig.outlets - len(others)
        return {*others, *(f"screen-{n}" for n in range(1, screens + 1))}

    async def turn(self, which: str, mode: str) -> list[str]:
        """Set the mode of a slug, of ``half`` or of ``all``; whose it was."""
        answer = (await self._client.post(f"/control/{which}", json={"mode": mode})).raise_for_status()
        changed: list[str] = answer.json()["changed"]
        return changed

    async def calls(self, alert: str) -> list[Call]:
        """What was heard of this alert, oldest first."""
        new = (await self._client.get(f"/log?after={self._last}")).raise_for_status().json()
        self._calls += new["calls"]
        self._last = new["last"]
        return [call for call in self._calls if call["alert"] == alert]

    async def heard(self, alert: str, kind: str, at_least: int) -> int:
        """Wait until so many stations have heard this; how many there were then."""

        async def look() -> int | None:
            heard = sum(1 for call in await self.calls(alert) if call["kind"] == kind)
            return heard if heard >= at_least else None

        return await until(look, 20, f"{at_least} calls of {alert}", pause=0.01)

    async def now(self) -> list[dict[str, Any]]:
        stations: list[dict[str, Any]] = (await self._client.get("/now")).raise_for_status().json()["stations"]
        return stations

    async def showing(self, alert: str) -> set[str]:
        """The stations where the public sees it now."""
        return {one["slug"] for one in await self.now() if any(it["alert"] == alert for it in one["showing"])}

    async def group_says(self, alert: str) -> list[str]:
        """The titles of the chat's messages about this alert, oldest first."""
        group = next(one for one in await self.now() if one["slug"] == GROUP)
        return [said["title"] for said in group["messages"] if said["alert"] == alert]


def by_station(calls: Sequence[Call]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        found[call["slug"]].append(call)
    return found


def heard_at(call: Call) -> float:
    """Seconds of the wall clock."""
    return datetime.fromisoformat(call["heard_at"]).timestamp()


def assert_sound(calls: Sequence[Call]) -> None:
    """At every station: nothing but well-formed notices, one id for each, and silence about the child once it was told
    that the search has ended, not even a call that the station itself would have known to be stale."""
    assert calls
    for slug, heard in by_station(calls).items():
        if slug == GROUP:
            continue
        told = "\n".join(str(dict(call)) for call in heard)
        assert {call["verdict"] for call in heard} <= SOUND, told
        assert not any(call["complaints"] for call in heard), told
        ids = {(call["number"], call["webhook_id"]) for call in heard}
        assert len(ids) == len({number for number, _ in ids}), f"one notice under two ids:\n{told}"
        ends = [at for at, call in enumerate(heard) if call["verdict"] == "taken_down"]
        if ends:
            assert all(call["kind"] == "retract" for call in heard[ends[0] :]), f"after its end:\n{told}"


async def assert_all_taken_back(far: FarSide, alert: str) -> None:
    """Whoever showed it was told to take it down, shows it no more, and the group was told that the search is over."""
    calls = await far.calls(alert)
    assert_sound(calls)
    shown = {call["slug"] for call in calls if call["verdict"] == "shown"} - {GROUP}
    told = {call["slug"] for call in calls if call["verdict"] == "taken_down"}
    assert shown <= told, sorted(shown - told)
    assert await far.showing(alert) == set()
    said = [ENDED in title for title in await far.group_says(alert)]
    assert said == sorted(said), "the group heard of the child after the end"
    assert not said or said[-1], "the group was not told of the end"
