"""Officers at the console, each in a browser of their own, and a record as they fill it in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from app.db.engine import transaction
from app.domain.beijing import BEIJING
from app.flows.house import House
from tests.console.conftest import browser, csrf_of, let_in
from tests.making import AREA, ORGAN, ORGAN_NAME, make_organ

ISSUE, PREVIEW = "/console/issue", "/console/issue/preview"


async def make_officer(
    house: House, name: str, number: str, *, role: str = "officer", organ: str = ORGAN, area: str = AREA
) -> None:
    """What an administrator makes of an account that there is."""
    await make_organ(house, organ, ORGAN_NAME if organ == ORGAN else "另一公安机关", area)
    statement = text(
        "UPDATE account SET role = :role, organ_code = :organ, number = :number, phone = :phone WHERE name = :name"
    )
    async with transaction(house.engine) as session:
        await session.execute(
            statement, {"role": role, "organ": organ, "number": number, "phone": "029-85250110", "name": name}
        )


async def at_the_desk(house: House, app: FastAPI, name: str, number: str, **more: str) -> httpx.AsyncClient:
    """An officer who has signed in."""
    someone = browser(app)
    await let_in(house, someone, name)
    await make_officer(house, name, number, **more)
    return someone


def typed(**changes: str) -> dict[str, str]:
    """A record as it is filled in."""
    lost = datetime.now(UTC) - timedelta(minutes=40)
    return {
        "status": "actual", "name": "李小明", "sex": "male", "birth_date": "", "age": "7", "height_cm": "118",
        "clothing": "红色短袖、蓝色短裤", "features": "左眉有痣", "lost_at": f"{lost.astimezone(BEIJING):%Y-%m-%dT%H:%M}",
        "area_code": "610113", "address": "小寨地铁站B口", "lon": "108.947", "lat": "34.224", "datum": "GCJ02",
        "circumstances": "与家人走散", "suspect": "", "plate": "陕a·12345", "vehicle": "白色面包车", "phone": "029-85250111",
        "duration_hours": "24", "guardian_told": "yes", "guardian_name": "李强", "guardian_relation": "父亲",
        "guardian_phone": "13800000000", "resident_id": "", "case_number": "A6101130000002026120001",
        "basis": "监控视频与家属陈述一致", "note": "",
    } | changes  # fmt: skip


async def filled(someone: httpx.AsyncClient, photo: bytes | None = None, **changes: str) -> httpx.Response:
    """Fill the form in, and press its button."""
    page = await someone.get(ISSUE)
    return await sent(someone, page.text, typed(**changes), photo)


async def sent(
    someone: httpx.AsyncClient,
    page: str,
    fields: dict[str, str],
    photo: bytes | None = None,
    path: str = ISSUE,
    **more: Any,
) -> httpx.Response:
    """The form of this page with these fields, as a browser sends it."""
    parts: dict[str, Any] = {name: (None, value) for name, value in (marks(page) | fields).items()}
    if photo is not None:
        parts["photo"] = ("kind.jpg", photo, "image/jpeg")
    return await someone.post(path, files=parts, **more)


def marks(page: str) -> dict[str, str]:
    """What the form of this page says of itself."""
    mark = page.split('name="mark" value="')[1].split('"')[0]
    return {"csrf": csrf_of(page), "mark": mark}


async def proposed(someone: httpx.AsyncClient, photo: bytes | None = None, **changes: str) -> str:
    """Fill in a record and put it before a second officer; the path of the proposal."""
    answer = await filled(someone, photo, **changes)
    assert answer.headers["location"] == PREVIEW, answer.text
    page = (await someone.get(PREVIEW)).text
    seen = page.split('name="seen" value="')[1].split('"')[0]
    put = await someone.post(PREVIEW, data={"csrf": csrf_of(page), "seen": seen})
    assert put.status_code == 303, put.text
    return put.headers["location"].partition("?")[0]


async def opened(someone: httpx.AsyncClient, path: str) -> httpx.Response:
    """Open what waits."""
    page = (await someone.get(path)).text
    return await someone.post(f"{path}/look", data={"csrf": csrf_of(page)})


async def decided(someone: httpx.AsyncClient, path: str, act: str, **fields: str) -> httpx.Response:
    """Press a button on the page of a proposal."""
    page = (await someone.get(path)).text
    code = f"TJ-{int(path.rpartition('/')[2]):06d}"
    told = {"csrf": csrf_of(page)} | ({"confirm": code} if act == "confirm" else {}) | fields
    return await someone.post(f"{path}/{act}", data=told)
