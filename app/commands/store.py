"""The database a command works on: the one that is set, or the embedded one, started for as long as it is needed."""

import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer
import uvloop
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy.exc import ArgumentError, DBAPIError

from app.db.embedded import ClusterError, start
from app.db.engine import StoreUnavailable, connect_to_watch, transaction
from app.db.schema import MIGRATIONS, is_older, newest_schema, revision
from app.domain.errors import HuijiaError, Invalid
from app.flows.house import House
from app.main import build_house, close_house
from app.settings import Settings

T = TypeVar("T")
ROOMY = {"max_connections": "300"}  # several API and dispatcher processes may share the embedded server
EMBEDDED = "pg"
NO_ADDRESS = "DATABASE_URL 不是数据库地址，应如 postgresql://用户:密码@主机/库名。"

log = logging.getLogger("huijia.store")


@contextmanager
def store(settings: Settings) -> Iterator[str]:
    """The URL of a running database. Call it from the main thread."""
    try:
        with running(settings) as url:
            yield url
    except ClusterError as e:
        raise typer.Exit(fail(str(e))) from e


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """As ``store``; raises ClusterError where the embedded one cannot run."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    cluster = start(settings.data / EMBEDDED, settings=ROOMY)
    try:
        yield cluster.url
    finally:
        cluster.stop()


def is_made(settings: Settings) -> bool:
    """False where to start the embedded one would make it."""
    return settings.database_url is not None or os.path.exists(settings.data / EMBEDDED / "PG_VERSION")


def _migrations() -> Config:
    config = Config(str(MIGRATIONS.parent / "alembic.ini"))
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


async def look_at_the_schema(url: str) -> None:
    """Whoever does not migrate says once in the log that somebody must. Nothing waits for it."""
    engine = connect_to_watch(url)
    try:
        async with transaction(engine) as session:
            found = await revision(session)
        if is_older(found):
            right = newest_schema()
            log.error("the schema of the database is %s, and must be %s: run `huijia migrate`", found or "empty", right)
    except Exception as e:
        log.warning("nobody knows which schema the database has: %s", type(e).__name__)
    finally:
        await engine.dispose()


def migrate_to_head(url: str) -> None:
    """Bring the schema up to date."""
    config = _migrations()
    config.attributes["url"] = url
    try:
        command.upgrade(config, "head")
    except CommandError as e:
        raise typer.Exit(fail(f"迁移失败：{e}")) from e
    except ArgumentError as e:
        raise typer.Exit(fail(NO_ADDRESS)) from e
    except OSError as e:  # a timeout too
        why = e.strerror or str(e) or "超时"
        raise typer.Exit(fail(f"连不上数据库（{why}）。请检查 DATABASE_URL，以及数据库是否在运行。")) from e
    except DBAPIError as e:
        raise typer.Exit(fail(f"数据库拒绝了连接或迁移：{server_said(e)}")) from e


def server_said(e: DBAPIError) -> str:
    """The server's own words, without the statement."""
    return str((e.orig.__cause__ if e.orig is not None else None) or e.orig)


def with_house(act: Callable[[House], Awaitable[T]]) -> T:
    """Run one act on the migrated database and say plainly what went wrong if it did."""
    settings = Settings()
    with store(settings) as url:
        migrate_to_head(url)

        async def run() -> T:
            house = build_house(settings, url)
            try:
                return await act(house)
            finally:
                await close_house(house)

        try:
            return uvloop.run(run())
        except Invalid as e:
            raise typer.Exit(fail(*(f"{f.pointer} {f.zh}{f.remedy_zh}" for f in e.faults))) from e
        except HuijiaError as e:
            raise typer.Exit(fail(e.zh)) from e
        except StoreUnavailable as e:
            raise typer.Exit(fail(f"数据库不可用：{e}")) from e


def fail(*lines: str) -> int:
    """Say it on stderr; the exit status for it."""
    for line in lines:
        typer.secho(line, err=True, fg="red")
    return 1
