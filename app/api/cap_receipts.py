"""Receipts as CAP players send them: one Ack or Error for a message, whichever outlets it went to."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.api.outcomes import believable, result
from app.api.problems import Problem
from app.db import asked
from app.db.engine import transaction
from app.domain.cap_answer import CapAnswer, NotCap, read_answer
from app.domain.errors import Invalid
from app.flows.confirm import Stated, confirm
from app.flows.house import House
from app.flows.principal import Principal

CAP_TYPE = "application/cap+xml"
XML_TYPES = (CAP_TYPE, "application/xml", "text/xml")
LARGEST = 64 * 1024


async def take_cap(house: House, who: Principal, raw: bytes) -> Sequence[dict[str, Any]]:
    """A result for each delivery that the message speaks of, and one for each reference that fits none. Raises Problem
    when it is no CAP message, Invalid when it is none that answers."""
    if len(raw) > LARGEST:
        raise Problem("too-large", "CAP 消息超过 64 KB。", "The CAP message is larger than 64 KB.")
    try:
        said = read_answer(raw)
    except NotCap as e:
        raise Problem("xml", e.zh, e.en) from None
    if not isinstance(said, CapAnswer):
        raise Invalid(said)
    assert who.partner_id is not None
    notices = list(dict.fromkeys((r.alert, r.number) for r in said.references))
    at, note = believable(said.sent, datetime.now(UTC), said.note)
    answer = Stated(None, said.kind, at, note)
    async with transaction(house.engine) as session:
        outlets = [int(one) for one in said.outlets]
        known = await asked.of_notices(session, who.partner_id, notices, outlets, live=who.live)
        found = {(code, number) for _, code, number in known}
        stated = [replace(answer, delivery_id=id, said_for=f"dlv_{id}") for id, *_ in known]
        stated += [replace(answer, said_for=f"{c}.{n}") for c, n in notices if (c, n) not in found]
        taken = await confirm(session, who.partner_id, stated, live=who.live, press=house.press)
    return [result(t, s, "/alert/references") for t, s in zip(taken, stated, strict=True)]
