"""What police and operators do. ``torn``: it is never committed. ``unsure``: it is, the answer is lost, and it is done again."""

from sqlalchemy import text

from app.db import alerts
from app.domain.errors import Conflict, WrongState
from app.domain.words import EndReason, Kind, Scope, Status
from app.flows.amend import amend
from app.flows.ask_again import ask_again
from app.flows.drawn import Drawn
from app.flows.end import retract
from app.flows.principal import Principal
from app.flows.submit import submit
from tests.machine.far_end import Violation
from tests.machine.known import END_IS_TOLD, LASTS, Known
from tests.machine.records import record
from tests.machine.state import State
from tests.making import police

OPERATOR = Principal("operator:test", Scope.OPERATOR, live=True)

_FAILED = text(
    "SELECT d.id, d.kind FROM delivery d JOIN alert a ON a.id = d.alert_id AND a.head = d.number "
    "WHERE a.code = :code AND d.state = 'failed'"
)


class Issuing(State):
    async def submit(self, status: Status, torn: bool = False, unsure: bool = False) -> str:
        self.cases += 1
        case, key = f"A6101130000002026{self.cases:06d}", f"k{self.cases}"
        code = await self._submit(status, case, key, torn)
        if not torn and unsure:
            try:
                again = await self._submit(status, case, key, torn)
            except Conflict as e:
                raise Violation(f"{code} was submitted, and the same again is a conflict") from e
            if again != code:
                raise Violation(f"{code} was submitted, and the same again is {again}")
        return code

    async def _submit(self, status: Status, case: str, key: str, torn: bool) -> str:
        began = self.now
        facts = record(began, status, case)
        async with self.commit(torn) as session:
            who = police(live=status is Status.ACTUAL)
            issued = await submit(
                session, who, facts, None, idempotency_key=key, body_hash=b"", seal=self.house.seal,
                press=self.house.press,
            )  # fmt: skip
            found = await alerts.find(session, issued.code)
            if not torn and found is not None and issued.code not in self.known:
                if not began <= found.expires_at - LASTS <= self.now + self.slack:
                    raise Violation(f"{issued.code} of {self.now} is to end at {found.expires_at}")
                # a worker may see it before we do
                new = Known(found.id, status, case, found.expires_at, facts.loss.at)
                new.grow(self.now)
                self.known[issued.code] = new
        return issued.code

    async def amend(self, code: str, torn: bool = False, unsure: bool = False) -> None:
        """Refused when its time is up, whether or not the sweep has come by."""
        alert = self.known[code]
        facts = record(self.now, alert.status, alert.case, features=f"特征{self.step}")
        key = f"a{self.step}"
        for time in range(1 + (unsure and not torn)):
            try:
                async with self.commit(torn) as session:
                    await amend(
                        session, police(live=alert.status is Status.ACTUAL), code, facts, None, idempotency_key=key,
                        body_hash=b"", seal=self.house.seal, press=Drawn(self.house.press, rounds=0),
                    )  # fmt: skip
            except WrongState:
                if self.now < alert.expires and alert.ended is None:
                    raise
                return
            if self.now >= alert.expires:
                raise Violation(f"{code} was updated when its time was up")
            if not torn and not time:
                alert.head, alert.lost = alert.head + 1, facts.loss.at
                alert.grow(self.now)

    async def retract(self, code: str, torn: bool = False, unsure: bool = False) -> None:
        alert = self.known[code]
        for _ in range(1 + (unsure and not torn)):
            async with self.commit(torn) as session:
                await retract(session, police(), code, EndReason.FOUND, "", press=self.house.press)
            if not torn and alert.ended is None:
                self.ended(alert)

    def ended(self, alert: Known) -> None:
        """Just now, by whoever it was."""
        self.step += 1
        alert.head, alert.ended, alert.end_until = alert.head + 1, self.step, self.now + END_IS_TOLD

    async def ask_again(self, code: str) -> int:
        """Of what should never have failed it would heal it, so that is looked for first."""
        failed = [] if self.slack else (await self.watch.execute(_FAILED, {"code": code})).all()
        for row in failed:
            self.check_failed(code, row.id, Kind(row.kind))
        async with self.commit() as session:
            count = await ask_again(session, OPERATOR, code)
        self.refused -= {row.id for row in failed}
        return count
