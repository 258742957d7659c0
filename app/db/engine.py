"""The engine, and the one place where a transaction begins and ends.

Core, not the ORM: rows are plain values, and the statements that matter are written out.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import TypeAlias, TypeVar

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.event import listen as listen_for
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

Session: TypeAlias = AsyncConnection
"""One open transaction. Verbs and flows take it; the edge that opened it commits it."""

T = TypeVar("T")

log = logging.getLogger("huijia.store")


class StoreUnavailable(Exception):
    """The database cannot be reached or refuses work now; nothing was written."""


class StoreRefused(StoreUnavailable):
    """It answers and does not let us in: the user, the password or the name of the database is wrong."""


# A client that vanishes in the middle must not keep the lock that a retraction waits for. Before PostgreSQL 18 what a claim
# asks of the planner (``claims.begin``) looks so dear to it that every claim is compiled first: half a second each.
SERVER_SETTINGS = {
    "jit": "off",
    "application_name": "huijia",
    "timezone": "UTC",
    "idle_in_transaction_session_timeout": "15s",
    "lock_timeout": "10s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
}


def _dumps(value: object) -> str:
    return orjson.dumps(value).decode()


def connect(
    url: str,
    *,
    pool: int = 20,
    waits: float = 5.0,
    statement_seconds: float | None = 30.0,
    connect_seconds: float = 5.0,
    **settings: str,
) -> AsyncEngine:
    """An engine for any PostgreSQL 15 or newer. ``postgres://`` and ``postgresql://`` are taken as well. Twice ``pool``
    connections at most; whoever gets none within ``waits`` seconds is told that the database is away, and so is one whose
    statement takes longer than ``statement_seconds``, or who is not let in within ``connect_seconds``. ``settings`` are
    PostgreSQL's, for the sessions of this engine."""
    parsed = make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
    if (mode := parsed.query.get("sslmode")) is not None:  # libpq's name for what asyncpg calls ssl
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    engine = create_async_engine(
        parsed.set(drivername="postgresql+asyncpg"),
        pool_size=pool,
        max_overflow=pool,
        pool_timeout=waits,
        hide_parameters=True,  # they hold the child's name
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": connect_seconds,
            "server_settings": SERVER_SETTINGS | settings,
            "command_timeout": statement_seconds,
        },
    )
    listen_for(engine.sync_engine, "checkout", _not_if_lost)
    return engine


def _not_if_lost(dbapi: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
    """A connection that has been lost since it was last used is made anew. The driver hears of it when it happens; to ask the
    server, as ``pool_pre_ping`` does, takes three round trips before each transaction. One that was made just now is not
    judged: its first statement will tell."""
    if _USED in record.info and dbapi.driver_connection.is_closed():
        raise DisconnectionError
    record.info[_USED] = True


def connect_to_watch(url: str) -> AsyncEngine:
    """An engine for those who say whether all is well. Its few connections are nobody else's: a pool that officers have filled
    is no database that is away. It soon gives up, and the server before it: what takes long fails by itself and not with its
    connection, and a process that froze in the middle holds nothing for longer than five seconds."""
    return connect(
        url, pool=2, waits=3.0, statement_seconds=3.0, connect_seconds=3.0,
        statement_timeout="2500ms", lock_timeout="2s", idle_in_transaction_session_timeout="5s",
    )  # fmt: skip


def in_use(engine: AsyncEngine) -> int:
    """How many connections of its pool are taken."""
    pool = engine.pool
    return pool.checkedout() if isinstance(pool, QueuePool) else 0


def limit(engine: AsyncEngine) -> int:
    """How many there can be, with those that are opened beyond the pool's size (``connect``)."""
    pool = engine.pool
    return 2 * pool.size() if isinstance(pool, QueuePool) else 0


_AFTERWARDS, _USED = "afterwards", "used"


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[Session]:
    """One transaction: committed when the block ends, rolled back when it raises.

    Raises StoreUnavailable when the database was lost: before the commit nothing is written; at the commit itself nobody
    knows, which is what idempotency keys are for.
    """
    calls: list[Callable[[], None]] = []
    try:
        async with engine.begin() as session:
            session.info[_AFTERWARDS] = calls
            yield session
    except (OSError, TimeoutError, PoolTimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as e:
        raise StoreUnavailable(str(e)) from e
    except DBAPIError as e:
        if _refused(e.orig):
            raise StoreRefused(str(e.orig)) from e
        if e.connection_invalidated or _unavailable(e.orig):
            raise StoreUnavailable(str(e.orig)) from e
        raise
    while calls:
        try:
            calls.pop(0)()
        except Exception:  # it is written: whoever thought that it was not would write it again
            log.exception("what was to follow a commit failed")


def afterwards(session: Session, call: Callable[[], None]) -> None:
    """To be done as soon as this ``transaction`` is committed, and only then."""
    session.info[_AFTERWARDS].append(call)


def _state(e: BaseException | None) -> str:
    return getattr(e, "sqlstate", None) or ""


def _refused(e: BaseException | None) -> bool:
    return _state(e).startswith(("28", "3D000"))


async def by_itself(session: Session, part: Callable[[Session], Awaitable[T]]) -> T | None:
    """What ``part`` of a transaction says; ``None`` when it failed, which the log tells, and the others go on. Raises what means
    that the database is lost."""
    try:
        async with session.begin_nested():
            return await part(session)
    except (OSError, TimeoutError, asyncpg.InterfaceError):
        raise
    except Exception as e:
        if isinstance(e, DBAPIError) and e.connection_invalidated:
            raise
        cause = e.orig if isinstance(e, DBAPIError) and e.orig is not None else e
        log.error("%s failed: %s", part.__name__, type(cause.__cause__ or cause).__name__)  # its words may name a child
        return None


def _unavailable(e: BaseException | None) -> bool:
    return _state(e).startswith(("08", "25P03", "40", "53", "55P03", "57P")) or isinstance(
        e, OSError | ConnectionError | TimeoutError
    )


async def clock(session: Session) -> datetime:
    """The database's clock, which decides what is due. Fixed within a transaction; offset +00:00."""
    now: datetime = (await session.execute(text("SELECT now()"))).scalar_one()
    return now


async def notify(session: Session, channel: str, payload: str = "") -> None:
    """Wake the listeners of ``channel`` when this transaction commits. A hint only: everyone also polls."""
    await session.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload})


async def notify_all(session: Session, channel: str, payloads: Sequence[str]) -> None:
    """As ``notify``, once for each payload."""
    if payloads:
        statement = text("SELECT pg_notify(:channel, p) FROM unnest(CAST(:payloads AS text[])) AS p")
        await session.execute(statement, {"channel": channel, "payloads": list(payloads)})


@asynccontextmanager
async def only_here(engine: AsyncEngine, what: str) -> AsyncIterator[asyncio.Event | None]:
    """``None`` while another process is in such a block for the same ``what``; else an event that is set when this
    connection, and with it the right to be the only one, is lost. Raises StoreUnavailable."""
    try:
        async with _connected(engine) as (connection, gone):
            statement = "SELECT pg_try_advisory_lock(hashtextextended($1, 4242))"
            yield gone if await connection.fetchval(statement, what) else None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as e:
        raise StoreUnavailable(str(e)) from e


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[tuple[asyncpg.Connection, asyncio.Event]]:
    """A connection of its own, and an event that is set when it is lost."""
    url = engine.url.set(drivername="postgresql").difference_update_query(["ssl"])
    mode = engine.url.query.get("ssl")
    connection: asyncpg.Connection = await asyncpg.connect(
        url.render_as_string(hide_password=False),
        timeout=5,
        server_settings=SERVER_SETTINGS,  # what a machine without power was alone to do is soon another's
        **({"ssl": mode} if mode else {}),
    )
    gone = asyncio.Event()
    connection.add_termination_listener(lambda _: gone.set())
    try:
        yield connection, gone
    finally:
        await connection.close(timeout=2)


async def listen(
    engine: AsyncEngine,
    channels: dict[str, Callable[[str], None]],
    stop: asyncio.Event,
    hearing: Callable[[bool], None] = lambda _: None,
) -> None:
    """Call back for every NOTIFY until ``stop``; a lost connection is taken up again within a second. ``hearing`` is told
    when from now on everything is heard, and when no longer."""
    while not stop.is_set():
        try:
            await _listen_once(engine, channels, stop, hearing)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as e:
            log.warning("cannot LISTEN, everyone polls: %s", type(e).__name__)
        finally:
            hearing(False)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 1.0)


async def _listen_once(
    engine: AsyncEngine,
    channels: dict[str, Callable[[str], None]],
    stop: asyncio.Event,
    hearing: Callable[[bool], None],
) -> None:
    async with _connected(engine) as (connection, gone):
        for name, call in channels.items():
            await connection.add_listener(name, lambda _c, _p, _n, said, call=call: call(said))
            call("")
        hearing(True)
        await first_of(stop.wait(), gone.wait())


async def first_of(*waits: Awaitable[object]) -> None:
    """Return when the first of them is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(w) for w in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
