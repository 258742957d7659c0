"""The carrier: plays, takes off, asks what became of it, and hears what it is told."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from channels.carriers.ebd import hearing, heartbeat
from channels.carriers.ebd.envelope import Envelope
from channels.carriers.ebd.evidence import all_off, concerned, echoes
from channels.carriers.ebd.exchange import Packet, exchange, unspeakable
from channels.carriers.ebd.ids import Exhausted, new_ebdid
from channels.carriers.ebd.memory import Errand, Message, cancel, correction, ended, ends, mark, marked, play
from channels.carriers.ebd.message import attached, ebm, words
from channels.carriers.ebd.report import question, reports
from channels.carriers.ebd.response import Code, stated, verdict
from channels.carriers.ebd.settings import EbdSettings
from channels.contract import (
    Accepted,
    Call,
    Heard,
    Kind,
    Outcome,
    Pace,
    Proves,
    Reason,
    ReceiptKind,
    Refused,
    Rendition,
    Retracts,
    Retry,
    StatedReceipt,
    Wire,
    WireError,
)

_WHOLE = timedelta(seconds=18)
_SILENCE = {Reason.UNREACHABLE, Reason.TIMEOUT, Reason.BROKEN, Reason.NO_FILE}


class Ebd:
    """One EBM a notice. An update takes the old ones off before the new one is played, so that no platform is ever asked
    to hold two of an alert; docs/adr/0018-ebd-off-before-on.md. ``reference``: the EBMID."""

    name: ClassVar[str] = "ebd"
    title: ClassVar[str] = "应急广播"
    retracts: ClassVar[Retracts] = Retracts.TAKE_DOWN
    proves: ClassVar[Proves] = Proves.AIRED
    carries: ClassVar[frozenset[str] | None] = frozenset({"tv", "radio", "screen", "billboard"})
    where: ClassVar[tuple[str, ...]] = ("url", "source", "target", "areas")
    timeout: ClassVar[timedelta] = timedelta(seconds=20)
    pace: ClassVar[Pace | None] = None
    tend_every: ClassVar[timedelta] = timedelta(seconds=10)
    renews_within: ClassVar[timedelta | None] = None
    address: ClassVar[str] = "callback"
    beat_every: ClassVar[timedelta] = timedelta(minutes=1)
    settings: type[EbdSettings] = EbdSettings

    async def beat(self, settings: EbdSettings, *, now: datetime, wire: Wire) -> Outcome:
        """ConnectionCheck."""
        return await heartbeat.beat(settings, now=now, wire=wire)

    async def send(
        self, rendition: Rendition, settings: EbdSettings, *, key: str, prior: str | None, now: datetime, wire: Wire
    ) -> Outcome:
        """Play, or take off, or both in that order. The ids are noted before anything leaves, and every try sends the
        same packets."""
        if not words(rendition):
            return Refused(Reason.REJECTED, "这一渠道的版式没有可供应急广播播发的文字")
        errand = Errand(rendition, settings, key, now, wire)
        try:
            match rendition.notice.kind:
                case Kind.PUBLISH:
                    return await _play(errand, _WHOLE)
                case Kind.UPDATE:
                    return await _replace(errand, prior)
                case Kind.RETRACT:
                    return await _retract(errand, prior)
        except Exhausted:
            return Retry(Reason.THROTTLED, "本方资源编码今日的 EBMID 序号已用完，没有发送", timedelta(minutes=30))

    async def tend(
        self, rendition: Rendition, settings: EbdSettings, *, key: str, reference: str | None, now: datetime, wire: Wire
    ) -> Sequence[StatedReceipt]:
        """Ask for the state of what this notice put on the air, or took off it."""
        errand = Errand(rendition, settings, key, now, wire)
        if rendition.notice.kind is not Kind.RETRACT:
            played = await wire.noted(f"ebd/{key}/play")
            return await _ask(errand, played) if played else ()
        targets = await ends(wire, key)
        found: list[StatedReceipt] = []
        for ebmid in targets:
            if not await marked(wire, ebmid, "off"):
                found += await _ask(errand, ebmid)
        if targets and not found and await all_off(targets, wire):
            return (StatedReceipt(ReceiptKind.TAKEN_DOWN, note="平台此前已报告停播"),)
        return found

    async def hear(self, settings: EbdSettings, call: Call, *, now: datetime, wire: Wire) -> Heard:
        """A report or a heartbeat of the platform."""
        return await hearing.hear(settings, call, now=now, wire=wire)


async def _replace(errand: Errand, prior: str | None) -> Outcome:
    targets = await ended(errand, prior)
    step = _WHOLE / (len(targets) + 1)
    off = await _take_off(errand, targets, step)
    return await _play(errand, step) if isinstance(off, Accepted) else off


async def _retract(errand: Errand, prior: str | None) -> Outcome:
    targets = await ended(errand, prior)
    if not targets:
        return Refused(Reason.REJECTED, "没有经此发布点发出的应急广播消息可取消")
    step = _WHOLE / (len(targets) + (errand.settings.correction_minutes > 0))
    off = await _take_off(errand, targets, step)
    if not isinstance(off, Accepted) or not errand.settings.correction_minutes:
        return off
    said = _outcome(await _say(errand, await correction(errand), step), errand)
    return off if isinstance(said, Accepted) else said


async def _play(errand: Errand, timeout: timedelta) -> Outcome:
    message = await play(errand)
    outcome = _outcome(await _say(errand, message, timeout), errand)
    return Accepted(message.ebmid) if isinstance(outcome, Accepted) else outcome


async def _take_off(errand: Errand, targets: Sequence[str], timeout: timedelta) -> Outcome:
    """One after the other; a cancel that was taken before is not sent again. A refusal outweighs what nobody knows."""
    worst: Outcome = Accepted()
    for ebmid in targets:
        if await marked(errand.wire, ebmid, "cancelled"):
            continue
        outcome = await _cancel(errand, ebmid, timeout)
        if isinstance(worst, Accepted) or (isinstance(worst, Retry) and isinstance(outcome, Refused)):
            worst = outcome
        if isinstance(outcome, Retry) and outcome.reason in _SILENCE:
            break
    return worst


async def _cancel(errand: Errand, ebmid: str, timeout: timedelta) -> Outcome:
    message = await cancel(errand, ebmid)
    answer = await _say(errand, message, timeout)
    outcome = _outcome(answer, errand)
    if isinstance(outcome, Accepted):
        await mark(errand.wire, ebmid, "cancelled")
        return Accepted(message.ebmid)
    denied = not isinstance(answer, Retry | Refused) and stated(answer) is Code.OTHER
    # 5 is also how a platform says that it knows no such message: one that it lost must not keep the news off the air. The
    # cancel does not count as taken, so that the retraction sends it again.
    return Accepted() if denied and errand.rendition.notice.kind is Kind.UPDATE else outcome


def _outcome(answer: Envelope | Retry | Refused, errand: Errand) -> Outcome:
    return answer if isinstance(answer, Retry | Refused) else verdict(answer, _unspeakable(errand))


async def _say(errand: Errand, message: Message, timeout: timedelta) -> Envelope | Retry | Refused:
    """One packet with one message."""
    rendition, settings, wire = errand.rendition, errand.settings, errand.wire
    files = () if message.cancels else await attached(message, rendition, settings, wire)
    resources = [(name, body) for _, name, body in files]
    packet = Packet(message.ebdid, ebm(message, errand, files), message.at, resources)
    return await exchange(packet, settings, now=errand.now, wire=wire, timeout=timeout, hide=_unspeakable(errand))


async def _ask(errand: Errand, ebmid: str) -> Sequence[StatedReceipt]:
    """Many platforms only acknowledge the question, and report on their own: then there is nothing yet."""
    settings, wire = errand.settings, errand.wire
    packet = Packet(await new_ebdid(settings, wire), question(ebmid), errand.now)
    answer = await exchange(packet, settings, now=errand.now, wire=wire, timeout=_WHOLE, hide=_unspeakable(errand))
    if isinstance(answer, Retry | Refused):
        raise WireError(Reason.TIMEOUT if answer.reason is Reason.TIMEOUT else Reason.BROKEN, answer.detail)
    found: list[StatedReceipt] = []
    for report in reports(answer.type, answer.body, settings.form):
        message = await concerned(report, ebmid, settings.target, wire)
        told = await echoes(report, message, wire) if message is not None else ()
        found += [echo.receipt for echo in told if echo.key == errand.key]
    return found


def _unspeakable(errand: Errand) -> list[str]:
    person = errand.rendition.notice.person
    return [*unspeakable(errand.settings), *([person.name] if person else [])]
