"""The far end of the seam: a wire that answers from a script and remembers what was asked of it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from channels.contract import Line, Media, Reason, Reply, WireError


@dataclass(frozen=True)
class Call:
    url: str
    body: bytes
    headers: Mapping[str, str]
    timeout: timedelta
    method: str = "POST"


class FakeWire:
    """Gives the answers in order, and the last one again and again; an exception is raised. ``dial`` really connects, to
    loopback only."""

    def __init__(self, *script: Reply | Exception, media: Mapping[str, bytes] | None = None) -> None:
        self._script = list(script)
        self._held: dict[Hashable, Any] = {}
        self._starting: defaultdict[Hashable, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.heads: dict[str, int] = {}
        self._counts: Counter[str] = Counter()
        self._media = dict(media or {})
        self.keys = [Ed25519PrivateKey.generate()]
        self._notes: dict[str, str] = {}
        self.calls: list[Call] = []

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout: timedelta, body: bytes = b""
    ) -> Reply:
        self.calls.append(Call(url, body, dict(headers), timeout, method))
        answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def dial(self, host: str, port: int, *, timeout: timedelta) -> Line:
        assert host == "127.0.0.1"
        try:
            return await asyncio.wait_for(asyncio.open_connection(host, port), timeout.total_seconds())
        except OSError as error:
            raise WireError(Reason.UNREACHABLE, "无法建立连接") from error

    async def held(self, key: Hashable, start: Callable[[], Awaitable[Any]]) -> Any:
        async with self._starting[key]:
            if key not in self._held:
                self._held[key] = await start()
            return self._held[key]

    async def drop(self, key: Hashable) -> None:
        gone = self._held.pop(key, None)
        if hasattr(gone, "aclose"):
            await gone.aclose()

    def keep(self, media: Mapping[str, bytes]) -> None:
        """From now on these bytes, by sha256, are ours to give."""
        self._media |= media

    async def content(self, media: Media) -> bytes:
        return self._media[media.sha256]

    async def count(self, name: str) -> int:
        self._counts[name] += 1
        return self._counts[name]

    async def head(self, alert: str) -> int:
        return self.heads.get(alert, 0)

    async def aclose(self) -> None:
        """Close what is held, as the real one does."""
        for key in list(self._held):
            await self.drop(key)

    def sign(self, message: bytes) -> Sequence[bytes]:
        return [key.sign(message) for key in self.keys]

    async def note(self, name: str, value: str) -> str:
        return self._notes.setdefault(name, value)

    async def noted(self, name: str) -> str | None:
        return self._notes.get(name)


def reply(status: int = 200, body: str | bytes = b"", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, named, body.encode() if isinstance(body, str) else body)
