"""The correction exactly as a retraction will send it, shown before it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.console.labels import CHANNELS
from app.console.shown import Shown
from app.console.texts import in_order
from app.db import alerts, deliveries, outlets
from app.db.alerts import STANDING_CORRECTION
from app.db.engine import Session, clock
from app.domain.notice import PublicNotice, correction
from app.domain.routing import may_have_aired
from app.flows.house import House


@dataclass(frozen=True, slots=True)
class Worded:
    """What one channel will show or say; where its outlets differ in size, as the first of them has it."""

    channel: str
    texts: Sequence[tuple[str, str]]
    profiles: int


@dataclass(frozen=True, slots=True)
class Correction:
    """``told``: how many outlets may show the alert and will be told to take it down."""

    told: int
    worded: Sequence[Worded]


async def worded(session: Session, house: House, alert: Shown, last: PublicNotice, line: str) -> Correction:
    """The words that waited since the alert was issued; with a line of its own, worded anew as the retraction will be."""
    histories = await deliveries.histories(session, alert.id)
    told = [outlet for outlet, history in histories.items() if may_have_aired(history)]
    ready = {} if line else await alerts.renditions(session, alert.id, STANDING_CORRECTION)
    now = await clock(session)
    notice = correction(
        alert=alert.code, number=alert.head + 1, status=alert.status, unit=last.unit, phone=last.phone,
        masked=last.masked_name, issued_at=now, expires_at=max(alert.expires_at, now), line=line,
    )  # fmt: skip
    made: dict[str, Worded] = {}
    for profile, (channel, panel, duty) in (await outlets.profiles(session, told)).items():
        if (said := made.get(channel)) is not None:
            made[channel] = Worded(said.channel, said.texts, said.profiles + 1)
            continue
        body = ready.get(profile) or house.press.render(notice, channel, panel, duty)
        made[channel] = Worded(CHANNELS.get(channel, channel), in_order(body["texts"]), 1)
    order = [*CHANNELS, *sorted(set(made) - set(CHANNELS))]
    return Correction(len(told), [made[channel] for channel in order if channel in made])
