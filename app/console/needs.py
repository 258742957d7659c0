"""What needs a person, the worst first, each with what to do about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from app.console.labels import ORDER, REMEDIES, Tone
from app.console.proposal import Held, held
from app.console.shown import Shown
from app.db import presence, quarantine, views
from app.db.engine import Session
from app.db.presence import Caller
from app.db.progress import NEEDS_A_PERSON
from app.domain.reasons import REASONS
from app.domain.words import ProposalState, Status
from app.flows.troubles import Trouble, of_the_service

SLOW = 60.0  # seconds after which something undelivered is worth a look
FIRST = 8  # alerts that are shown at once
ONE_BY_ONE = "proposal_unconfirmed"  # each is named on its own line
NAMED = 5  # outlets and partners that are named one by one; the others are counted


@dataclass(frozen=True, slots=True)
class AlertNeed:
    """``stages``: the stages that a person must look at, the worst first, with how many outlets are there."""

    alert: Shown
    stages: Sequence[tuple[str, int]]

    @property
    def remedy(self) -> str:
        return REMEDIES[self.stages[0][0]]


def by_remedy(found: Sequence[AlertNeed]) -> Sequence[tuple[str, Sequence[AlertNeed]]]:
    """One thing to do and all that it is to be done for."""
    return [(remedy, list(group)) for remedy, group in groupby(found, key=lambda n: n.remedy)]


@dataclass(frozen=True, slots=True)
class Part:
    """Of what is real, or of exercises and tests. ``proposals``: what waits for a second officer, or has come back;
    ``oldest``: the delivery that has waited longest, when that is worth a look."""

    proposals: Sequence[Held]
    alerts: Sequence[AlertNeed]
    oldest: Mapping[str, Any] | None

    @property
    def first(self) -> Sequence[tuple[str, Sequence[AlertNeed]]]:
        return by_remedy(self.alerts[:FIRST])

    @property
    def more(self) -> Sequence[tuple[str, Sequence[AlertNeed]]]:
        return by_remedy(self.alerts[FIRST:])

    @property
    def any(self) -> bool:
        return bool(self.proposals or self.alerts or self.oldest)

    @property
    def waiting(self) -> int:
        """How many wait for a second officer now."""
        return sum(held.state is ProposalState.PROPOSED for held in self.proposals)

    @property
    def said(self) -> str:
        """All of it in a line."""
        back = len(self.proposals) - self.waiting
        words = (
            f"{self.waiting} 份等待第二名民警确认" if self.waiting else "",
            f"{back} 份没有发出" if back else "",
            f"{len(self.alerts)} 条有发布点要处理" if self.alerts else "",
            f"{self.oldest['count']} 件未送达" if self.oldest and not self.alerts else "",
        )
        return "，".join(filter(None, words))


@dataclass(frozen=True, slots=True)
class Needs:
    """``drills`` never stand before or among what is ``real``. ``resting``: outlets in quarantine, the first of
    ``resting_total``."""

    real: Part
    drills: Part
    troubles: Sequence[Trouble]
    silent: Sequence[Caller]
    silent_total: int
    resting: Sequence[Mapping[str, Any]]
    resting_total: int
    unmatched: int

    @property
    def pressing(self) -> bool:
        """Whether anything but an exercise needs a person."""
        return bool(self.real.any or self.troubles or self.silent or self.resting_total or self.unmatched)

    @property
    def tone(self) -> Tone:
        """What is real and not down, or stands still, is worse than all else."""
        return "bad" if self.real.proposals or self.troubles or self.real.alerts else "warn"


async def needs(session: Session, alerts: Sequence[tuple[Shown, Mapping[str, int]]]) -> Needs:
    """``alerts`` with their outlets counted by stage."""
    waiting, oldest = await held(session), await views.oldest_of_each(session)
    silent = await presence.silent_partners(session)
    resting = await quarantine.listing(session)
    found = [AlertNeed(alert, pressing(stages, live=alert.live)) for alert, stages in alerts]
    found = sorted((n for n in found if n.stages), key=lambda n: ORDER[n.stages[0][0]])

    def part(drill: bool) -> Part:
        old = oldest[drill]
        return Part(
            [one for one in waiting if (one.proposal.status is not Status.ACTUAL) is drill],
            [need for need in found if need.alert.drill is drill],
            old if old is not None and old["seconds"] >= SLOW else None,
        )

    return Needs(
        real=part(False),
        drills=part(True),
        troubles=[t for t in await of_the_service(session) if t.name != ONE_BY_ONE],
        silent=sorted(silent, key=lambda c: -c.waiting)[:NAMED],
        silent_total=len(silent),
        resting=resting[:NAMED],
        resting_total=len(resting),
        unmatched=await views.unmatched(session),
    )


def pressing(stages: Mapping[str, int], *, live: bool) -> Sequence[tuple[str, int]]:
    """Stages that a person must look at. What was never shown and never will be is no longer anybody's worry."""
    found = ((s, n) for s, n in stages.items() if n and s in NEEDS_A_PERSON and (live or s.startswith("down_")))
    return sorted(found, key=lambda stage: ORDER[stage[0]])


def trouble_of(outlet: Mapping[str, Any]) -> str:
    """Why it was set aside, in Chinese."""
    return REASONS.get(outlet["trouble"], outlet["trouble"]) or "连续失败"
