"""``huijia serve``, ``api``, ``dispatch`` and ``migrate``: run the service, whole or in parts."""

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
import uvloop
from fastapi import FastAPI
from prometheus_client import start_http_server

from app import meters
from app.commands.demonstration import Demonstration
from app.commands.store import look_at_the_schema, migrate_to_head, store
from app.dispatch.press import HousePress
from app.dispatch.watchdog import Watchdog
from app.dispatch.wire import HttpWire
from app.domain.calling import EVERYWHERE
from app.domain.wordless import wordless
from app.flows.house import House
from app.main import build_app, build_house, close_house
from app.settings import Settings
from app.worker import work

GRACE_SECONDS = 8
OFTEN = 20_000
"""Objects between two looks of the garbage collector where pictures are received: what a cycle holds may be large."""
SELDOM = 100_000
"""The same where nothing is but sent: two thousand sends under way are as many, and a fifteenth of its Python's time is saved."""
UNHEARD_MILLISECONDS = 30_000
LOOPBACK = "127.0.0.0/8,::1"

log = logging.getLogger("huijia.serving")


class _Server(uvicorn.Server):
    """Signals are ours: the dispatcher, the sandbox and the database end in order after the server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def run_until_told(self) -> None:
        """Where it cannot listen, uvicorn would leave the interpreter; we have more to end than that."""
        with suppress(SystemExit):
            await self.serve()


class _Discreet(logging.Formatter):
    """One line an event. Tracebacks come without the messages of their exceptions: those may quote a child's name or an
    address with a token."""

    def format(self, record: logging.LogRecord) -> str:
        whole = super().format(record)
        if record.name != "huijia.attempt" or record.exc_info:
            return whole
        return whole.replace("\n", "\n" + whole.removesuffix(record.message))  # one line for each attempt of a batch

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's own name
        return "\n".join(wordless(ei[1]))


def log_to(file: Path | None) -> None:
    """One line per event; to a file when the terminal belongs to somebody else."""
    handler = logging.StreamHandler(sys.stderr) if file is None else logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(_Discreet("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("httpx", "apscheduler", "alembic", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def on_signals(stop: asyncio.Event) -> None:
    """Ctrl-C and SIGTERM end the service in order."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)


def notice_the_dead(listener: int) -> None:
    """A caller whose machine lost its power says no goodbye. What was sent to it must be acknowledged within half a minute,
    or the connection ends: its stream is not open for ever, and nobody takes it for somebody who listens. Connections
    inherit this from their listener (tcp(7))."""
    with socket.socket(fileno=os.dup(listener)) as door:
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MILLISECONDS)


@asynccontextmanager
async def watched(house: House, settings: Settings, stop: asyncio.Event) -> AsyncIterator[None]:
    """The watchdog beside the API, out of the path of what it watches."""
    wire = HttpWire(allowed=EVERYWHERE)
    alarm = settings.alarm_url.get_secret_value() if settings.alarm_url else None
    task = asyncio.create_task(Watchdog(house.watch, wire, alarm).run(stop))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await wire.close()


@asynccontextmanager
async def serving(app: FastAPI, settings: Settings, stop: asyncio.Event) -> AsyncIterator[None]:
    """The HTTP server for as long as the block runs; if it dies, ``stop`` is set."""
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=3,
    )  # fmt: skip
    server = _Server(config)
    task = asyncio.create_task(server.run_until_told())
    task.add_done_callback(lambda _: stop.set())
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has a flag, not an event
        await asyncio.sleep(0.01)
    if task.done():
        typer.secho(f"端口 {settings.port} 无法监听：可能已被占用。用 HUIJIA_PORT 换一个端口。", err=True, fg="red")
        raise typer.Exit(1)
    for listener in server.servers:
        for door in listener.sockets:
            notice_the_dead(door.fileno())
    try:
        yield
    finally:
        app.state.live.close()  # open streams would hold the server for its whole grace
        app.state.desk.close()
        server.should_exit = True
        await asyncio.wait({task}, timeout=GRACE_SECONDS)


def spare_the_collector(between: int) -> None:
    """What was imported stays for good: the garbage collector need not walk it again and again. Fan-out makes and drops
    many thousand small objects a second, none of them in cycles; looking less often, each time that there are so many more
    ``between`` two looks, saved a third of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(between, 20, 20)


def open_as_many_as_allowed() -> None:
    """Every send is a connection: the soft limit of open files, often 1,024, is raised to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _run(
    main: Callable[[str, asyncio.Event], Awaitable[None]],
    settings: Settings,
    *,
    migrates: bool,
    between: int = OFTEN,
) -> None:
    with store(settings) as url:
        if migrates:
            migrate_to_head(url)

        async def run() -> None:
            stop = asyncio.Event()
            on_signals(stop)
            open_as_many_as_allowed()
            spare_the_collector(between)
            if not migrates:
                await look_at_the_schema(url)
            watching = asyncio.create_task(meters.watch_the_loop())
            try:
                await main(url, stop)
            finally:
                watching.cancel()

        uvloop.run(run())


def serve(
    sandbox: Annotated[bool, typer.Option("--sandbox", help="同时运行沙盒发布点")] = False,
    drill: Annotated[bool, typer.Option("--drill", help="启动后跑一次演练（需 --sandbox）")] = False,
    sandbox_port: Annotated[int, typer.Option(help="沙盒端口")] = 8100,
    screens: Annotated[int | None, typer.Option(help="沙盒大屏数量，默认 3")] = None,
) -> None:
    """全部在一个进程里：数据库、接口、控制台、投递、定时任务。"""
    settings = Settings()
    if sandbox:  # its outlets stand on this machine
        settings = settings.model_copy(update={"may_call": ",".join(filter(None, (settings.may_call, LOOPBACK)))})
    settings.data.mkdir(parents=True, exist_ok=True)
    log_to(settings.data / "huijia.log")
    show = Demonstration(settings, sandbox=sandbox, drill=drill, sandbox_port=sandbox_port, screens=screens)
    show.greet()

    async def main(url: str, stop: asyncio.Event) -> None:
        house = build_house(settings, url)
        press = house.press if isinstance(house.press, HousePress) else None
        worker = asyncio.create_task(work(settings, url, stop, press=press))
        worker.add_done_callback(lambda _: stop.set())
        try:
            async with serving(build_app(house), settings, stop), watched(house, settings, stop):
                await show.run(house, stop)
                await stop.wait()
        finally:
            stop.set()
            show.say("正在停止…")
            await worker
            await show.end()
            await close_house(house)

    _run(main, settings, migrates=True)
    show.say("已停止。数据保留在 " + str(settings.data))


def api(
    host: Annotated[str | None, typer.Option(help="监听地址；默认 HUIJIA_HOST")] = None,
    port: Annotated[int | None, typer.Option(help="端口；默认 HUIJIA_PORT")] = None,
) -> None:
    """只运行接口与控制台。可在多台机器上运行，共用一个数据库。"""
    settings = Settings()
    settings = settings.model_copy(update={k: v for k, v in (("host", host), ("port", port)) if v is not None})
    log_to(None)

    async def main(url: str, stop: asyncio.Event) -> None:
        house = build_house(settings, url)
        async with serving(build_app(house), settings, stop), watched(house, settings, stop):
            await stop.wait()
        await close_house(house)

    _run(main, settings, migrates=False)


def dispatch() -> None:
    """只运行投递与定时任务。可运行多个，共用一个数据库。"""
    settings = Settings()
    log_to(None)
    _serve_metrics(settings)
    _run(lambda url, stop: work(settings, url, stop), settings, migrates=False, between=SELDOM)


def _serve_metrics(settings: Settings) -> None:
    """A port that is not to be had keeps nobody from sending."""
    if settings.metrics_port is None:
        return
    try:
        start_http_server(settings.metrics_port, settings.host)
    except (OSError, OverflowError) as e:
        where = f"{settings.host}:{settings.metrics_port}"
        log.error("no metrics at %s (HUIJIA_METRICS_PORT): %s; this dispatcher sends without them", where, e)


def migrate() -> None:
    """把数据库结构升级到最新。"""
    settings = Settings()
    log_to(None)
    with store(settings) as url:
        migrate_to_head(url)
    typer.echo("数据库结构已是最新")
