"""Where a call may go. A name is looked up, its addresses are checked, and the very address that was checked is the one
that is connected to: what the name says a moment later no longer matters."""

import asyncio
import errno
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from ipaddress import ip_address

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import BuilderError

from app.dispatch.files import is_none_left, no_file, none_left
from app.domain.calling import Network, may_call, read_address
from channels.contract import Reason, WireError

FRESH_SECONDS = 60.0
PATIENCE_SECONDS = 3.0  # for a name server; its answer of the last time will do when it is away
GATHER_SECONDS = 0.01  # names that are new at the same time share a client: making one costs 8 ms
MOST_CLIENTS = 16
MOST_LOOK_UPS = 128
KEPT_SECONDS = 55  # servers and proxies that keep for long close after 60: none should close just as we send
KEPT_AT_A_PLACE = 100

NOT_ALLOWED = "地址既非公网，也不在 HUIJIA_MAY_CALL 所列网络内"
NO_SUCH_NAME = "查不到该主机名"
NO_CLIENT = "本机读不到系统的根证书"

LookUp = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name. Raises OSError."""


class Clients:
    """Two that know the same names: ``keeping`` leaves connections open, ``passing`` does not."""

    def __init__(self, pins: Mapping[str, str]) -> None:
        self._pins = pins
        self.keeping = _client(pins, KEPT_AT_A_PLACE)

    @cached_property
    def passing(self) -> Client:
        """Few ever need it, and making one costs 8 ms."""
        return _client(self._pins, 0)

    async def close(self) -> None:
        await self.keeping.close()
        if "passing" in vars(self):
            await self.passing.close()


@dataclass(frozen=True, slots=True)
class _Pin:
    address: str
    at: float
    clients: Clients
    failed: bool = False


class Ways:
    """Clients that connect only where ``allowed`` and the rule of public addresses let them."""

    def __init__(self, allowed: Sequence[Network], look_up: LookUp | None = None) -> None:
        self._allowed, self._look_up = tuple(allowed), look_up or look_up_name
        self._judge = lru_cache(maxsize=20_000)(self._judged)
        self._direct = Clients({})
        self._pins: dict[str, _Pin] = {}
        self._looking: dict[str, asyncio.Task[_Pin]] = {}
        self._fresh: dict[str, str] = {}
        self._building: asyncio.Task[Clients] | None = None

    async def clients(self, host: str) -> Clients:
        """The clients for a host as the URL parser spells it. Raises WireError (UNREACHABLE) for one that may not be
        called, or that has no address."""
        return (await self._pin(host)).clients if self._judge(host) is None else self._direct

    async def address(self, host: str) -> str:
        """The address to dial for a host; otherwise as ``clients``."""
        return self._judge(host) or (await self._pin(host.lower())).address

    def failed(self, host: str) -> None:
        """Nothing answered there: next time the name is looked up anew, and another of its addresses comes first."""
        if (pin := self._pins.get(host)) is not None:
            self._pins[host] = _Pin(pin.address, pin.at, pin.clients, failed=True)

    async def close(self) -> None:
        for task in (*self._looking.values(), *filter(None, [self._building])):
            task.cancel()
        for clients in {self._direct, *(pin.clients for pin in self._pins.values())}:
            await clients.close()

    def _judged(self, host: str) -> str | None:
        """The address that the host is; ``None`` for a name. Raises WireError for one that may not be called."""
        literal = read_address(host)
        if literal is not None and not may_call(literal, self._allowed):
            raise WireError(Reason.UNREACHABLE, NOT_ALLOWED)
        return str(literal) if literal is not None else None

    async def _pin(self, host: str) -> _Pin:
        pin = self._pins.get(host)
        if pin is not None and not pin.failed and time.monotonic() - pin.at < FRESH_SECONDS:
            return pin
        if host not in self._looking:
            task = self._looking[host] = asyncio.create_task(self._pin_anew(host, pin))
            task.add_done_callback(lambda done: self._looked(host, done))
        return await asyncio.shield(self._looking[host])

    def _looked(self, host: str, task: asyncio.Task[_Pin]) -> None:
        del self._looking[host]
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody may be waiting any more

    async def _pin_anew(self, host: str, old: _Pin | None) -> _Pin:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found = await self._look_up(host)
        except (OSError, UnicodeError, TimeoutError) as e:
            if old is not None:
                return old
            if isinstance(e, OSError) and none_left(e):
                raise no_file() from e
            raise WireError(Reason.UNREACHABLE, NO_SUCH_NAME) from e
        good = [address for address in found if may_call(ip_address(address), self._allowed)]
        if not good:
            self._pins.pop(host, None)
            raise WireError(Reason.UNREACHABLE, NOT_ALLOWED if found else NO_SUCH_NAME)
        if old is not None and old.address in good and not (old.failed and len(good) > 1):
            pin = _Pin(old.address, time.monotonic(), old.clients)
        else:
            address = next((a for a in good if old is None or a != old.address), good[0])
            pin = _Pin(address, time.monotonic(), await self._clients_of(host, address))
        self._pins[host] = pin
        return pin

    async def _clients_of(self, host: str, address: str) -> Clients:
        self._fresh[host] = address
        if self._building is None:
            self._building = asyncio.create_task(self._build())
        return await asyncio.shield(self._building)

    async def _build(self) -> Clients:
        await asyncio.sleep(GATHER_SECONDS)
        fresh, self._fresh, self._building = self._fresh, {}, None
        if len({pin.clients for pin in self._pins.values()}) < MOST_CLIENTS:
            return Clients(fresh)
        clients = Clients({host: pin.address for host, pin in self._pins.items()} | fresh)
        self._pins = {host: _Pin(pin.address, pin.at, clients, pin.failed) for host, pin in self._pins.items()}
        return clients


def _client(pins: Mapping[str, str], most_idle: int) -> Client:
    """Redirects are not followed, proxies of the environment not used, nothing is decompressed. Every name it may be
    asked for is among ``pins``."""
    builder = ClientBuilder().follow_redirects(False).no_proxy().error_for_status(False)
    builder = builder.gzip(False).brotli(False).deflate(False).zstd(False)
    for host, address in pins.items():
        builder = builder.resolve(host, address, 0)  # the port is the URL's
    builder = builder.pool_idle_timeout(timedelta(seconds=KEPT_SECONDS)).pool_max_idle_per_host(most_idle)
    try:
        return builder.build()
    except BuilderError as e:  # it reads the system's certificates
        raise (no_file() if is_none_left() else WireError(Reason.UNREACHABLE, NO_CLIENT)) from e


_slots = threading.BoundedSemaphore(MOST_LOOK_UPS)


async def look_up_name(host: str) -> Sequence[str]:
    """By the system's resolver, in a thread of its own that nobody waits for at the end: a name server that is away
    blocks it for as long as it likes. IPv4 first: not every network here carries IPv6."""
    if not _slots.acquire(blocking=False):
        raise OSError("too many names are being looked up")
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[str]] = loop.create_future()

    def tell(found: Sequence[str] | None, error: Exception | None) -> None:
        if not answer.done():
            answer.set_result(found or []) if error is None else answer.set_exception(error)

    def ask() -> None:
        found: Sequence[str] | None = None
        error: Exception | None = None
        try:
            found = _ask(host)
        except (OSError, UnicodeError) as e:
            error = e
        finally:
            _slots.release()
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, found, error)

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    return await answer


def _ask(host: str) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as e:
        if is_none_left():  # without a file the resolver knows no name
            raise OSError(errno.EMFILE, "no file is left") from e
        raise
    found.sort(key=lambda one: one[0] is not socket.AF_INET)
    return list(dict.fromkeys(str(one[4][0]) for one in found))
