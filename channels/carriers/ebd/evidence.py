"""What a report proves, and of which delivery."""

from collections.abc import Iterable, Sequence

from channels.carriers.ebd.forms import Brd
from channels.carriers.ebd.memory import Does, Message, ender, ends, mark, marked, recall
from channels.carriers.ebd.report import Report
from channels.contract import Echo, Kind, ReceiptKind, StatedReceipt, Wire


async def concerned(report: Report, related: str, target: str, wire: Wire) -> Message | None:
    """Our message that a report is about: the one that it names by EBMID, or else the one whose packet it answers
    (``related``). ``None`` when it is none of those sent to this platform, or when they speak of different alerts."""
    named = [await recall(wire, ebmid) for ebmid in report.ebmids]
    known = [message for message in (*named, await recall(wire, related)) if message is not None]
    if not known or any(message.target != target or message.alert != known[0].alert for message in known):
        return None
    return known[0]


async def echoes(report: Report, message: Message, wire: Wire) -> Sequence[Echo]:
    """The receipts that this report of our message amounts to, each with its delivery."""
    match message.does:
        case Does.PLAY:
            return await _of_a_play(report, message, wire)
        case Does.CANCEL if report.brd is Brd.CANCELLED:
            return await _off(report, message.cancels, wire)
        case Does.CANCEL if report.brd is Brd.FAILED:
            return await _not_off(report, message, wire)
        case _:  # that a cancel was carried out is said of the message it cancels; a correction proves nothing
            return ()


async def _of_a_play(report: Report, message: Message, wire: Wire) -> Sequence[Echo]:
    match report.brd:
        case Brd.ON_AIR:
            return (_echo(ReceiptKind.AIRED, report, message.key),)
        case Brd.DONE:
            off = await _off(report, message.ebmid, wire) if await _is_ended(message, wire) else ()
            return (_echo(ReceiptKind.AIRED, report, message.key), *off)
        case Brd.FAILED:
            return (_echo(ReceiptKind.REJECTED, report, message.key),)
        case Brd.CANCELLED if not await _is_ended(message, wire):
            return (_echo(ReceiptKind.TAKEN_DOWN, report, message.key),)  # by the platform's own hand
        case Brd.CANCELLED:
            return await _off(report, message.ebmid, wire)
        case _:
            return ()


async def _is_ended(message: Message, wire: Wire) -> bool:
    kinds = (Kind.UPDATE, Kind.RETRACT)
    return any([await ender(wire, message.ebmid, kind) is not None for kind in kinds])


async def _off(report: Report, ebmid: str, wire: Wire) -> Sequence[Echo]:
    """One message is off. A retraction is proven when all that it ends are; an update proves itself by its own airing."""
    await mark(wire, ebmid, "off")
    key = await ender(wire, ebmid, Kind.RETRACT)
    if key is None or not await all_off(await ends(wire, key), wire):
        return ()
    return (_echo(ReceiptKind.TAKEN_DOWN, report, key),)


async def _not_off(report: Report, message: Message, wire: Wire) -> Sequence[Echo]:
    key = await ender(wire, message.cancels, Kind.RETRACT)
    return () if key is None else (_echo(ReceiptKind.REJECTED, report, key),)


async def all_off(ebmids: Iterable[str], wire: Wire) -> bool:
    """Whether the platform has said of each of them that it is off."""
    return all([await marked(wire, ebmid, "off") for ebmid in ebmids])


def _echo(kind: ReceiptKind, report: Report, key: str) -> Echo:
    return Echo(StatedReceipt(kind, report.at, report.note), key=key)
