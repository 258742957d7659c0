"""An officer at the retraction page."""

import httpx

from app.db import alerts
from app.db.engine import transaction
from app.domain.words import AlertState
from app.flows.house import House
from app.flows.submit import Picture
from tests.console.conftest import csrf_of
from tests.console.delivered import aired, newest
from tests.making import make_alert, make_outlet, photo_bytes


async def state_of(house: House, code: str) -> AlertState:
    async with transaction(house.engine) as session:
        alert = await alerts.find(session, code)
    assert alert is not None
    return alert.state


async def filled(officer: httpx.AsyncClient, code: str, **changes: str) -> dict[str, str]:
    """The page's form, filled in and confirmed."""
    page = (await officer.get(f"/console/alerts/{code}/retract")).text
    return {"csrf": csrf_of(page), "reason": "found", "line": "", "confirm": code} | changes


async def confirm(officer: httpx.AsyncClient, code: str, form: dict[str, str]) -> httpx.Response:
    """Press the button."""
    return await officer.post(f"/console/alerts/{code}/retract", data=form)


async def aired_alert(house: House, **changes: str) -> str:
    """An alert with a photo that one screen has on air."""
    outlet = await make_outlet(house)
    code = await make_alert(house, Picture(photo_bytes(), "image/jpeg", 120, 160), **changes)
    await aired(house, (await newest(house, code))[outlet])
    return code
