"""The console on an application of its own, and people in front of it."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from app.console.live import Live
from app.console.public import public_pages
from app.console.routes import console
from app.db import workers
from app.db.engine import connect, transaction
from app.flows import sign_in
from app.flows.house import House

NAME, PASSWORD = "韩晓东", "korrekt-pferd-9"


def application(house: House, live: Live) -> FastAPI:
    """Nothing but the console and the public pages."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(console(house, live), prefix="/console")
    app.include_router(public_pages(house))
    return app


def browser(app: FastAPI, base: str = "http://huijia.test") -> httpx.AsyncClient:
    """Somebody's browser, with its own cookies; it shows redirects instead of following them."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=("192.0.2.7", 4321)), base_url=base)


def csrf_of(text: str) -> str:
    """The mark that this page's forms carry."""
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found is not None, "the page has no form of its own"
    return found[1]


async def let_in(house: House, someone: httpx.AsyncClient, name: str = NAME) -> None:
    """Sign in by a one-time link, which needs no slow password."""
    async with transaction(house.engine) as session:
        token = await sign_in.one_time_link(session, name)
    assert (await someone.post(f"/console/enter/{token}")).status_code == 303


async def end_sessions(house: House, someone: httpx.AsyncClient) -> None:
    """What twelve hours do, or an administrator."""
    async with transaction(house.engine) as session:
        await sign_in.sign_out(session, someone.cookies["huijia_session"])


@pytest.fixture
def live() -> Live:
    return Live()


@pytest.fixture
def app(house: House, live: Live) -> FastAPI:
    return application(house, live)


@pytest.fixture
async def visitor(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody has signed in."""
    async with browser(app) as someone:
        yield someone


@pytest.fixture
async def officer(app: FastAPI, house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A duty officer who has signed in."""
    async with transaction(house.engine) as session:
        await workers.seen(session, "投递-1", {})
    async with browser(app) as someone:
        await let_in(house, someone)
        yield someone


@pytest.fixture
async def password(house: House) -> str:
    """An account that signs in with this password."""
    async with transaction(house.engine) as session:
        await sign_in.set_password(session, NAME, PASSWORD)
    return PASSWORD


@pytest.fixture
async def secure_visitor(house: House, live: Live) -> AsyncIterator[httpx.AsyncClient]:
    """The same house behind https."""
    base = "https://huijia.test"
    async with browser(application(replace(house, base_url=base), live), base) as someone:
        yield someone


@pytest.fixture
async def stranded(house: House, live: Live) -> AsyncIterator[httpx.AsyncClient]:
    """The same house while its database is away."""
    lost = connect("postgresql://huijia@127.0.0.1:1/nothing")
    async with browser(application(replace(house, engine=lost, crowd=lost), live)) as someone:
        yield someone
    await lost.dispose()
