"""What must be known of a message although nobody may have answered: its ids, noted before its first byte leaves.

A retry finds the message that the first try made and sends the very same bytes; a retraction finds every message that may
be on the air, answered or not; a report finds the delivery that it is about. docs/adr/0017-ebd-ids-noted-first.md.
"""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from itertools import count

import orjson

from channels.carriers.ebd.ids import is_ebmid, new_ebdid, new_ebmid
from channels.carriers.ebd.settings import EbdSettings
from channels.contract import Kind, Rendition, Wire
from channels.wording import beijing


class Does(StrEnum):
    """What a message of ours does."""

    PLAY = "play"  # a notice goes on air
    CANCEL = "cancel"  # an earlier message comes off
    CORRECT = "correct"  # it is said that the search has ended


@dataclass(frozen=True, slots=True)
class Errand:
    """One delivery on its way: what ``send`` was called with."""

    rendition: Rendition
    settings: EbdSettings
    key: str
    now: datetime
    wire: Wire


@dataclass(frozen=True, slots=True)
class Message:
    """One EBM of ours as it was first made. ``at``: that moment, in Beijing. ``key``: its delivery. ``target``: the resource
    code of the platform. ``cancels``: the EBMID that it takes off."""

    ebmid: str
    ebdid: str
    at: datetime
    does: Does
    key: str
    alert: str
    target: str
    areas: str
    cancels: str = ""


async def play(errand: Errand) -> Message:
    """The message that puts this notice on the air, listed so that its end finds it."""
    message = await _once(errand, f"ebd/{errand.key}/play", Does.PLAY)
    for place in count():
        if (
            await errand.wire.note(_listed(errand, errand.rendition.notice.number, place), message.ebmid)
            == message.ebmid
        ):
            return message
    raise AssertionError


async def correction(errand: Errand) -> Message:
    """The message that says that the search has ended."""
    return await _once(errand, f"ebd/{errand.key}/correct", Does.CORRECT)


async def cancel(errand: Errand, ebmid: str) -> Message:
    """The message that takes ``ebmid`` off."""
    return await _once(errand, f"ebd/{errand.key}/cancel/{ebmid}", Does.CANCEL, ebmid)


async def recall(wire: Wire, id: str) -> Message | None:
    """The message with this EBMID, or that a packet with this EBDID carried."""
    if not id:
        return None
    noted = await wire.noted(f"ebd/{id}")
    if noted is not None and not noted.startswith("{"):
        noted = await wire.noted(f"ebd/{noted}")
    if noted is None:
        return None
    known = orjson.loads(noted)
    return Message(**{**known, "at": datetime.fromisoformat(known["at"]), "does": Does(known["does"])})


async def ended(errand: Errand, prior: str | None) -> tuple[str, ...]:
    """The EBMIDs of everything that this notice takes off: what was sent under the numbers that it ends, answered or not,
    and what the outlet accepted last. The same at every try."""
    found: list[str] = []
    for number in errand.rendition.notice.ends:
        found += await _sent(errand, number)
    if is_ebmid(errand.settings, prior) and prior not in found:
        found.append(str(prior))
    if not found:
        return ()
    targets = tuple((await errand.wire.note(f"ebd/{errand.key}/ends", ",".join(found))).split(","))
    for ebmid in targets:  # from now on a report that it is off can be told to whom it matters
        await errand.wire.note(f"ebd/{ebmid}/{errand.rendition.notice.kind}", errand.key)
    return targets


async def ends(wire: Wire, key: str) -> tuple[str, ...]:
    """What :func:`ended` gave to that delivery."""
    return tuple(filter(None, (await wire.noted(f"ebd/{key}/ends") or "").split(",")))


async def ender(wire: Wire, ebmid: str, kind: Kind) -> str | None:
    """The delivery, of an update or a retraction, that takes this message off."""
    return await wire.noted(f"ebd/{ebmid}/{kind}")


async def mark(wire: Wire, ebmid: str, word: str) -> None:
    """``cancelled``: the platform has taken a cancel of it. ``off``: it says that it is off."""
    await wire.note(f"ebd/{ebmid}/{word}", word)


async def marked(wire: Wire, ebmid: str, word: str) -> bool:
    """Whether :func:`mark` was called so."""
    return await wire.noted(f"ebd/{ebmid}/{word}") is not None


async def _once(errand: Errand, name: str, does: Does, cancels: str = "") -> Message:
    noted = await errand.wire.noted(name)
    if noted is None:
        made = await _made(errand, does, cancels)
        await errand.wire.note(f"ebd/{made.ebmid}", orjson.dumps(asdict(made)).decode())
        await errand.wire.note(f"ebd/{made.ebdid}", made.ebmid)
        noted = await errand.wire.note(name, made.ebmid)
    message = await recall(errand.wire, noted)
    assert message is not None, "its id was noted after it"
    return message


async def _made(errand: Errand, does: Does, cancels: str) -> Message:
    settings, at = errand.settings, beijing(errand.now).replace(microsecond=0)
    return Message(
        ebmid=await new_ebmid(settings, at, errand.wire, cancels=does is Does.CANCEL),
        ebdid=await new_ebdid(settings, errand.wire),
        at=at,
        does=does,
        key=errand.key,
        alert=errand.rendition.notice.alert,
        target=settings.target,
        areas=_areas(settings),
        cancels=cancels,
    )


def _listed(errand: Errand, number: int, place: int) -> str:
    settings, rendition = errand.settings, errand.rendition
    outlet = f"{settings.source}/{settings.target}/{rendition.channel}"
    return f"ebd/{outlet}/{rendition.notice.alert}/{number}/{place}"


async def _sent(errand: Errand, number: int) -> list[str]:
    """Two outlets may stand on one platform and differ in their areas alone. What cannot be told apart, because settings
    were changed while the alert was live, is all taken: too much comes off rather than too little."""
    listed: list[str] = []
    for place in count():
        ebmid = await errand.wire.noted(_listed(errand, number, place))
        if ebmid is None:
            break
        listed.append(ebmid)
    known = [(ebmid, await recall(errand.wire, ebmid)) for ebmid in listed]
    ours = [ebmid for ebmid, message in known if message and message.areas == _areas(errand.settings)]
    return ours or listed


def _areas(settings: EbdSettings) -> str:
    return hashlib.sha256(",".join(settings.areas).encode()).hexdigest()[:12]
