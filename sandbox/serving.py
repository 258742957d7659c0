"""Composition: the town, the tasks that call huijia, and the HTTP server around them."""

import asyncio
import json
import logging
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import uvicorn
from amqtt.errors import BrokerError
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox import clouds, liquidsoap, playout, roster
from sandbox import state as states
from sandbox.ebd import town as broadcast
from sandbox.ebd.caller import calling
from sandbox.faults import HANG_UP
from sandbox.mqtt import network
from sandbox.mqtt.broker import broker
from sandbox.mqtt.screens import Screen
from sandbox.poller import Poller
from sandbox.receipts import ReceiptSender
from sandbox.server import create_app
from sandbox.state import State
from sandbox.town import Pause, Town, china_now

log = logging.getLogger("sandbox")


class BadKeysError(Exception):
    """The keys file cannot be used. The text is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where things are. ``hosts`` are the addresses to listen on; ``pause`` the human delay before a receipt."""

    state: Path
    keys: Path
    huijia: str
    port: int
    hosts: tuple[str, ...] = ("127.0.0.1",)
    pause: Pause = field(default_factory=Pause)


class Protocol(HttpToolsProtocol):
    """Lets the application close a connection without an answer, which ASGI has no word for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {HANG_UP: {"close": self.transport.close}}


def read_keys(path: Path) -> dict[str, str]:
    """Partner name → API key. Raises :class:`BadKeysError`."""
    try:
        keys = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadKeysError(f"读不出密钥文件 {path}") from error
    if not isinstance(keys, dict) or not all(isinstance(key, str) and key.isascii() and key for key in keys.values()):
        raise BadKeysError(f'{path} 应为 {{"协作单位名称": "密钥"}}')
    return keys


def build(options: Options) -> Starlette:
    """The application with its background tasks in its lifespan.

    Raises :class:`BadKeysError`, :class:`sandbox.state.BadStateError`, ``FileNotFoundError`` for a missing state.
    """
    state, keys = states.load(options.state), read_keys(options.keys)
    client = httpx.AsyncClient(timeout=10.0, trust_env=False)
    sender = ReceiptSender(client, options.huijia, keys)
    town = Town(
        state,
        sender,
        options.pause,
        clouds.built(state, client, china_now),
        playout.built(state),
        broadcast.built(state),
    )
    talking = {site.outlet.partner for site in town.sites.values() if site.outlet.carrier in ("webhook", "feed")}
    for partner in sorted(talking - keys.keys()):
        log.warning("no key for %s: it sends no receipts and reads no feed", partner)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(sender.run())]
        tasks += [asyncio.create_task(poller.run()) for poller in pollers(client, options, town, state, keys)]
        try:
            async with (
                radio_lines(client, town, state),
                town.playout.served(town.strike),
                screens(options, town, state),
                calling(town.post, client),
            ):
                yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.aclose()

    return create_app(town, huijia=options.huijia, lifespan=lifespan)


@asynccontextmanager
async def radio_lines(client: httpx.AsyncClient, town: Town, state: State) -> AsyncIterator[None]:
    """The command servers of the radio studios. Where a port is taken the rest of the sandbox stands all the same."""
    async with AsyncExitStack() as open_lines:
        for site in town.sites.values():
            if site.deck is not None:
                station = liquidsoap.Station(site.deck, liquidsoap.over_http(client), site.switch)
                try:
                    await open_lines.enter_async_context(liquidsoap.listening(station, port=roster.line_port(state)))
                except OSError as error:
                    log.warning("%s is off: its port is taken (%s)", site.outlet.name, error.strerror)
        yield


def pollers(
    client: httpx.AsyncClient, options: Options, town: Town, state: State, keys: dict[str, str]
) -> list[Poller]:
    """One for each far end that reads the feed and has a key."""
    return [
        Poller(
            client,
            options.huijia,
            town,
            site,
            keys[site.outlet.partner],
            state.cursors.get(site.outlet.partner),
            partial(states.keep_cursor, options.state, site.outlet.partner),
        )
        for site in town.sites.values()
        if site.outlet.carrier == "feed" and site.outlet.partner in keys
    ]


@asynccontextmanager
async def screens(options: Options, town: Town, state: State) -> AsyncIterator[None]:
    """The message broker, and a client for each screen that listens on it. Where the port is taken the rest of the sandbox
    stands all the same."""
    _, port = network.address(state.base)
    players = [
        Screen(town, site, network.settings(site.outlet, state.base), options.hosts[0], port)
        for site in town.sites.values()
        if site.outlet.carrier == "mqtt"
    ]
    async with AsyncExitStack() as standing:
        try:
            await standing.enter_async_context(broker(options.hosts, port, options.state.with_suffix(".retained")))
        except (OSError, BrokerError) as error:
            log.warning("no message broker on port %d (%s): its screens stay dark", port, type(error).__name__)
        tasks = [asyncio.create_task(player.run()) for player in players]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def server(app: Starlette) -> uvicorn.Server:
    """An HTTP server that can also misbehave."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=Protocol,
            log_config=None,
            access_log=False,  # the robot's address carries its token
            timeout_graceful_shutdown=1,  # a hanging station never finishes by itself
        )
    )


def serve(options: Options) -> None:
    """Serve until interrupted."""
    app = build(options)
    sockets = [socket.create_server((host, options.port), backlog=2048) for host in options.hosts]
    host, port = sockets[0].getsockname()[:2]
    sys.stdout.write(f"沙盒已就绪：http://{host}:{port}/\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        server(app).run(sockets=sockets)
