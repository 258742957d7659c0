"""Flows as an edge calls them, each in a transaction of its own."""

from datetime import UTC, datetime
from typing import Any

import orjson

from app.api.feed_desk import FeedDesk
from app.db.engine import Session, transaction
from app.domain.board import Ask
from app.domain.record import Record
from app.domain.words import EndReason, ReceiptKind
from app.flows.amend import amend
from app.flows.confirm import Stated, Taken, confirm
from app.flows.drawn import Drawn, after_drawing
from app.flows.end import Ended, expire, retract
from app.flows.extend import extend
from app.flows.house import House
from app.flows.principal import Principal
from app.flows.submit import Issued, Picture, submit
from app.forms.record_form import RecordForm
from tests.making import police, record_json

CASE = "A6101130000002026110001"


def record(**changes: Any) -> Record:
    """One case, unless ``changes`` (as for ``record_json``) give another."""
    body = record_json(**({"case_number": CASE} | changes))
    form = RecordForm.model_validate_json(orjson.dumps(body), context={"now": datetime.now(UTC)})
    return form.record()


async def submitted(
    house: House, facts: Record, *, who: Principal | None = None, key: str | None = None, body: bytes = b"b",
    picture: Picture | None = None,
) -> Issued:  # fmt: skip
    async with transaction(house.engine) as session:
        return await submit(
            session, who or police(), facts, picture, idempotency_key=key, body_hash=body, seal=house.seal,
            press=house.press,
        )  # fmt: skip


async def amended(
    house: House, code: str, facts: Record, *, who: Principal | None = None, key: str | None = None, body: bytes = b"b",
    picture: Picture | None = None,
) -> Issued:  # fmt: skip
    async def act(session: Session, drawn: Drawn) -> Issued:
        return await amend(
            session, who or police(), code, facts, picture, idempotency_key=key, body_hash=body, seal=house.seal,
            press=drawn,
        )  # fmt: skip

    return await after_drawing(house.engine, house.press, act)


async def retracted(house: House, code: str, *, who: Principal | None = None, line: str = "") -> Ended:
    async with transaction(house.engine) as session:
        return await retract(session, who or police(), code, EndReason.FOUND, line, press=house.press)


async def expired(house: House, alert_id: int) -> Ended | None:
    async with transaction(house.engine) as session:
        return await expire(session, alert_id, press=house.press)


async def extended(house: House, alert_id: int) -> int:
    async def act(session: Session, drawn: Drawn) -> int:
        return await extend(session, alert_id, press=drawn)

    return await after_drawing(house.engine, house.press, act)


async def said(house: House, partner: int | None, delivery: int | None, kind: ReceiptKind, **more: Any) -> Taken:
    """One receipt of a partner, now unless ``at`` says otherwise."""
    stated = Stated(delivery, kind, more.pop("at", None) or datetime.now(UTC), **more)
    async with transaction(house.engine) as session:
        (taken,) = await confirm(session, partner, [stated], press=house.press)
        return taken


async def fetched(
    house: House, partner: int, cursor: int = 0, limit: int = 100, *, live: bool = True
) -> tuple[int, list[Any]]:
    """The cursor to go on from and the items, as a process that knows nothing yet gives them."""
    sheet = await FeedDesk(house).read(Ask(partner, live, all=False, cursor=cursor, limit=limit))
    return sheet.cursor, [orjson.loads(item) for item in sheet.items]
