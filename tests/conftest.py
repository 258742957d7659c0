"""A real PostgreSQL for the session, a database of its own for every test."""

import asyncio
import base64
import os
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from app.db.embedded import start
from app.db.engine import connect, connect_to_watch
from app.dispatch.catalogue import catalogue
from app.dispatch.press import HousePress
from app.dispatch.wiring import wire
from app.flows.house import House
from app.flows.ports import Seal

ROOT = Path(__file__).parent.parent
TEMPLATE = "huijia_template"
# What takes longest begins first, for at the end it would run alone: the walk, then whatever waits for a browser or a receiver.
LONGEST = ("tests/machine/test_machine.py", "tests/player/", "tests/partners/", "tests/console_browser/")

# A throw-away server: what a power cut would do to it is not what these tests ask. The fault tests start their own.
QUICK = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200",
    "max_wal_size": "256MB",
}  # fmt: skip
MEMORY = Path("/dev/shm")
ENOUGH = 2**31


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Among several workers the longest files first, then those with the most tests (``--dist loadfile
    --no-loadscope-reorder``)."""
    if not hasattr(config, "workerinput"):
        return
    files = [item.nodeid.partition("::")[0] for item in items]
    many = Counter(files)

    def turn(file: str) -> tuple[int, int]:
        return next((i for i, long in enumerate(LONGEST) if file.startswith(long)), len(LONGEST)), -many[file]

    rank = {file: i for i, file in enumerate(sorted(many, key=turn))}
    items.sort(key=lambda item: rank[item.nodeid.partition("::")[0]])


async def _admin(url: str, *statements: str) -> None:
    dsn = make_url(url).set(drivername="postgresql", database="postgres")
    connection = await asyncpg.connect(dsn.render_as_string(hide_password=False))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def migrate(url: str, to: str = "head") -> None:
    """Bring a database to the newest schema, as ``huijia migrate`` does; or to an older one."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = url
    command.upgrade(config, to)


@contextmanager
def throw_away() -> Iterator[str]:
    """The URL of a PostgreSQL for as long as the block, in memory where there is room: a database for each test is three
    hundred files, which a disk takes ten times as long to make."""
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
    with tempfile.TemporaryDirectory(prefix="huijia-tests-", dir=MEMORY if roomy else None) as folder:
        cluster = start(Path(folder) / "pg", settings=QUICK)
        try:
            yield cluster.url
        finally:
            cluster.stop()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL that holds a migrated template. DATABASE_URL names another server to use."""
    given = os.environ.get("DATABASE_URL")
    with nullcontext(given) if given else throw_away() as url:
        yield from _with_template(url)


def _with_template(url: str) -> Iterator[str]:
    name = f"{TEMPLATE}_{secrets.token_hex(4)}"
    asyncio.run(_admin(url, f"CREATE DATABASE {name}"))
    template = make_url(url).set(database=name).render_as_string(hide_password=False)
    migrate(template)
    yield template
    asyncio.run(_admin(url, f"DROP DATABASE {name} WITH (FORCE)"))


@asynccontextmanager
async def fresh_database(server: str) -> AsyncIterator[str]:
    """The URL of a migrated, empty database of one's own; copied as files, which takes half as long as by the log where
    nothing is synced."""
    name = f"t_{secrets.token_hex(6)}"
    await _admin(server, f"CREATE DATABASE {name} TEMPLATE {make_url(server).database} STRATEGY FILE_COPY")
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    await _admin(server, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def house_on(url: str) -> AsyncIterator[House]:
    """Everything the edges share, on that database."""
    secret = base64.b64encode(secrets.token_bytes(32))
    base = "http://huijia.test"
    made = House(
        engine=connect(url, pool=10),
        crowd=connect(url, pool=2),
        watch=connect_to_watch(url),
        seal=Seal(Fernet.generate_key().decode()),
        press=HousePress(base, secret),
        wire=wire,
        base_url=base,
        media_secret=secret,
        catalogue=catalogue(),
    )
    yield made
    await made.watch.dispose()
    await made.crowd.dispose()
    await made.engine.dispose()


@pytest.fixture
async def database(server: str) -> AsyncIterator[str]:
    """A fresh database for a test."""
    async with fresh_database(server) as url:
        yield url


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    """A house for a test, on a database of its own."""
    async with house_on(database) as made:
        yield made
