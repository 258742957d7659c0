"""Deliveries brought to the stages that a dispatcher and outlets would bring them to."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app.db.engine import transaction
from app.domain.words import ReceiptKind
from app.flows.confirm import Stated, confirm
from app.flows.house import House


async def newest(house: House, code: str) -> dict[int, int]:
    """The delivery of the newest notice, by outlet."""
    async with transaction(house.engine) as session:
        found = await session.execute(
            text(
                "SELECT d.outlet_id, d.id FROM delivery d JOIN alert a ON a.id = d.alert_id AND a.head = d.number "
                "WHERE a.code = :code"
            ),
            {"code": code},
        )
        return {r.outlet_id: r.id for r in found}


async def _set(house: House, delivery: int, values: str) -> None:
    async with transaction(house.engine) as session:
        await session.execute(text(f"UPDATE delivery SET {values} WHERE id = :id"), {"id": delivery})


async def issued(house: House, delivery: int, *, seconds_ago: int) -> None:
    """It has waited since then."""
    await _set(house, delivery, f"created_at = now() - interval '{seconds_ago} s'")


async def accepted(house: House, delivery: int, *, minutes_ago: int = 0) -> None:
    """The outlet took it."""
    await _set(house, delivery, f"state = 'accepted', tries = 1, accepted_at = now() - interval '{minutes_ago} min'")


async def failed(house: House, delivery: int, reason: str = "bad_credentials", detail: str = "HTTP 401") -> None:
    """The outlet refused it."""
    await _set(house, delivery, f"state = 'failed', tries = 1, refusals = 1, reason = '{reason}', detail = '{detail}'")


async def said(house: House, delivery: int, kind: ReceiptKind, *, minutes_ago: int = 0) -> None:
    """A receipt came."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    async with transaction(house.engine) as session:
        await confirm(session, None, [Stated(delivery, kind, at)], press=house.press)


async def aired(house: House, delivery: int) -> None:
    """The outlet took it and said that it is on air."""
    await accepted(house, delivery)
    await said(house, delivery, ReceiptKind.AIRED)
