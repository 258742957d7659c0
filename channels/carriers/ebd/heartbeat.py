"""ConnectionCheck: that we are there, and whether the platform is."""

from datetime import datetime, timedelta

from channels.carriers.ebd.document import node
from channels.carriers.ebd.envelope import stamp
from channels.carriers.ebd.exchange import Packet, exchange, unspeakable
from channels.carriers.ebd.ids import heartbeat_ebdid
from channels.carriers.ebd.response import verdict
from channels.carriers.ebd.settings import EbdSettings
from channels.contract import Outcome, Refused, Retry, Wire

PATIENCE = timedelta(seconds=10)


async def beat(settings: EbdSettings, *, now: datetime, wire: Wire) -> Outcome:
    """Send one heartbeat. ``Accepted``: the platform is there and knows us."""
    body = node("ConnectionCheck", node("RptTime", stamp(now)))
    packet = Packet(heartbeat_ebdid(settings), body, now, related="")
    hide = unspeakable(settings)
    answer = await exchange(packet, settings, now=now, wire=wire, timeout=PATIENCE, hide=hide)
    return answer if isinstance(answer, Retry | Refused) else verdict(answer, hide)
