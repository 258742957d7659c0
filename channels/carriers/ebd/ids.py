"""The serial numbers of packets (EBDID) and messages (EBMID). Counted by the wire, so that no restart begins anew."""

import re
from datetime import datetime

from channels.carriers.ebd.settings import EbdSettings
from channels.contract import Wire
from channels.wording import beijing

SERIES = 5_000
"""Of the four digits, those up to this one are for what is played and the rest for cancels: what went out in the morning
can still be taken back in the evening, however much went out between."""


class Exhausted(Exception):
    """The four digits of this day are used up."""


async def new_ebdid(settings: EbdSettings, wire: Wire) -> str:
    """10, our resource code, 16 digits that count on for ever. A packet for every target has one of its own."""
    return f"10{settings.source}{await wire.count(f'ebd/{settings.source}/packet'):016}"


async def new_ebmid(settings: EbdSettings, at: datetime, wire: Wire, *, cancels: bool) -> str:
    """Our resource code, the day in Beijing, four digits that count within the day. Raises :class:`Exhausted`."""
    day = f"{beijing(at):%Y%m%d}"
    number = await wire.count(f"ebd/{settings.source}/{'cancel' if cancels else 'play'}/{day}")
    if number > (SERIES - 1 if cancels else SERIES):
        raise Exhausted
    return f"{settings.source}{day}{number + (SERIES if cancels else 0):04}"


def heartbeat_ebdid(settings: EbdSettings) -> str:
    """01, our resource code, 16 zeros: the same for every heartbeat."""
    return f"01{settings.source}{0:016}"


def is_ebmid(settings: EbdSettings, value: str | None) -> bool:
    """True for what can be an EBMID of this form. A reference that another wire gave is none."""
    return value is not None and re.fullmatch(rf"[0-9]{{{settings.form.ebmid}}}", value) is not None
