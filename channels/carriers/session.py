"""Calls with an access token that all sends to one account share."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from channels.contract import Refused, Reply, Retry, Wire, WireError

EARLY = timedelta(minutes=5)


class Stopped(Exception):
    """A step on the way was not taken; ``outcome`` says what that means for the notice."""

    def __init__(self, outcome: Retry | Refused) -> None:
        super().__init__(f"{outcome.reason}: {outcome.detail}")
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Token:
    """``value`` is sent with every call and used no later than ``until``."""

    value: str = field(repr=False)
    until: datetime

    @classmethod
    def lasting(cls, value: str, seconds: int, now: datetime) -> "Token":
        """A token that was just given for so long. It is not used to the very end: clocks differ, and calls take time."""
        life = timedelta(seconds=seconds)
        return cls(value, now + life - min(EARLY, life / 5))


@dataclass(frozen=True, slots=True)
class Session:
    """``key`` names the token on the wire and must hold all that it depends on; ``fetch`` gets a new one and raises
    :class:`Stopped` or :class:`WireError` when there is none; ``header`` carries it."""

    wire: Wire
    key: Hashable
    fetch: Callable[[], Awaitable[Token]]
    header: Callable[[str], Mapping[str, str]]
    now: datetime
    timeout: timedelta

    async def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """One call. A 401 is certain not to have been acted upon: the token was taken back before its time, so the call is
        made once more with a new one."""
        reply = await self._call(method, url, headers, body)
        if reply.status != 401:
            return reply
        await self.wire.drop(self.key)
        return await self._call(method, url, headers, body)

    async def _call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        with_token = {"user-agent": "huijia", **headers, **self.header(await self._token())}
        return await self.wire.request(method, url, headers=with_token, timeout=self.timeout, body=body)

    async def _token(self) -> str:
        token: Token = await self.wire.held(self.key, self.fetch)
        if self.now >= token.until:
            await self.wire.drop(self.key)
            token = await self.wire.held(self.key, self.fetch)
        return token.value


def as_wire_error(error: Stopped | WireError) -> WireError:
    """For a question that has no outcome: it could not be asked."""
    return WireError(error.outcome.reason, error.outcome.detail) if isinstance(error, Stopped) else error
