"""Records submitted while something is broken, and whether every answer was kept."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx

from tests.faults.officer import NOWHERE, Insisted, Officer, assert_refused
from tests.faults.proof import assert_none_lost
from tests.faults.rig import Rig, until

AT_ONCE = 4
PATIENCE = 90.0  # seconds: for the verdict "it does not get on", not for a claim of speed
ENDS = 20  # of a long row of refused records so many of the first and of the last are asked again
TARRIES = 0.3
TARRY = f"""
    DROP TRIGGER IF EXISTS test_tarry ON alert;
    CREATE OR REPLACE FUNCTION test_tarry() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep({TARRIES}); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER test_tarry AFTER INSERT ON alert DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION test_tarry();
"""


@asynccontextmanager
async def commits_tarry(rig: Rig) -> AsyncIterator[None]:
    """Every new alert takes a while to be committed, in the COMMIT itself: so that whatever strikes strikes some there, after
    all that was to be written was, and before any of it is durable."""
    async with rig.session() as session:
        await session.execute(TARRY)
    yield
    async with rig.session() as session:
        await session.execute("DROP TRIGGER test_tarry ON alert; DROP FUNCTION test_tarry()")


class Submissions:
    """Each under a key of its own. ``accepted`` holds the alert of each 201 by that key, ``answers`` counts by status.
    ``changes`` make every record another than the usual one: without, it is of a place where nobody is told."""

    def __init__(self, rig: Rig, officer: Officer, changes: dict[str, Any] = NOWHERE) -> None:
        self._rig, self._officer, self._changes = rig, officer, changes
        self._series = secrets.token_hex(4)
        self.asked: dict[str, dict[str, Any]] = {}
        self.accepted: dict[str, str] = {}
        self.answers: Counter[int] = Counter()

    async def one(self) -> httpx.Response:
        """201 or a clear 503."""
        key, record = f"{self._series}-{len(self.asked):05d}", self._officer.record(**self._changes)
        self.asked[key] = record
        answer = await self._officer.submit(record, key)
        self.answers[answer.status_code] += 1
        if answer.status_code == 201:
            self.accepted[key] = str(answer.json()["id"])
        else:
            assert_refused(answer)
        return answer

    @asynccontextmanager
    async def meanwhile(self) -> AsyncIterator[None]:
        """Some at once, all the while: from a first 201, before the block begins, until each submitter has had one that it
        asked for after the block had ended."""
        back = asyncio.Event()
        submitting = asyncio.gather(*(self._one_by_one(back) for _ in range(AT_ONCE)))

        async def begun() -> bool | None:
            if submitting.done():
                submitting.result()
            return True if self.accepted else None

        try:
            await until(begun, PATIENCE, "a first record is taken")
            yield
            back.set()
            async with asyncio.timeout(PATIENCE):
                await submitting
        finally:
            submitting.cancel()
            await asyncio.gather(submitting, return_exceptions=True)

    async def _one_by_one(self, back: asyncio.Event) -> None:
        while True:
            was_back = back.is_set()
            answer = await self.one()
            if answer.status_code == 201 and was_back:
                return
            await asyncio.sleep(0.05)

    async def until_dark(self) -> None:
        """One after another until the other side is gone: the last one is never answered."""
        while True:
            try:
                await self.one()
            except httpx.TransportError:
                return

    def cases(self, keys: Sequence[str]) -> list[str]:
        return [str(self.asked[key]["case_number"]) for key in keys]

    async def assert_kept(self, in_doubt: int) -> None:
        """Each 201 is an alert, the same when it is asked for again. Of what was not accepted nothing was kept, but for so many
        at most whose commit was under way when something struck: those were kept whole, and the key says so. Asked again it is
        taken, and nothing is issued twice."""
        taken = list(self.accepted)
        await assert_none_lost(self._rig, list(self.accepted.values()), self.cases(taken))
        for key in taken:
            again = await self._again(key)
            assert again.replayed, f"{self.accepted[key]} was answered 201, and its key is not known"
            assert again.body["id"] == self.accepted[key], "another alert than was answered"
        refused = [key for key in self.asked if key not in self.accepted]
        rows = await self._rig.ask(
            "SELECT case_number FROM alert WHERE case_number = ANY($1::text[])", self.cases(refused)
        )
        kept = {row["case_number"] for row in rows}
        assert len(kept) <= in_doubt, f"{len(kept)} of {len(refused)} records were kept that nobody was told are"
        for place, key in enumerate(refused):
            whole = self.asked[key]["case_number"] in kept
            if whole or place < ENDS or place >= len(refused) - ENDS:
                again = await self._again(key)
                assert again.replayed == whole, f"half accepted: {key}"
                self.accepted[key] = str(again.body["id"])
        await assert_none_lost(self._rig, list(self.accepted.values()), self.cases(list(self.accepted)))

    async def _again(self, key: str) -> Insisted:
        return await self._officer.insist(partial(self._officer.submit, self.asked[key], key))

    async def take_back(self) -> None:
        """Whatever was taken."""
        for alert in self.accepted.values():
            await self._officer.retract(alert)
