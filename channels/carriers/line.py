"""Several questions on one TCP line, under one deadline."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

from channels.carriers.http import unanswered
from channels.contract import Line, Outcome, Reason, Refused, Retry, Wire, WireError

T = TypeVar("T")


class Ended(Exception):
    """What the far end stated ends the exchange; ``outcome`` is what it came to."""

    def __init__(self, outcome: Retry | Refused) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@asynccontextmanager
async def dialled(wire: Wire, host: str, port: int, timeout: timedelta) -> AsyncIterator[Line]:
    """A line that is hung up afterwards. Whatever fails on it, and the end of the time for all of it, is a WireError."""
    try:
        async with asyncio.timeout(timeout.total_seconds()):
            reader, writer = await wire.dial(host, port, timeout=timeout)
            try:
                yield reader, writer
            finally:
                writer.close()
    except TimeoutError as error:
        raise WireError(Reason.TIMEOUT) from error
    except (OSError, EOFError) as error:
        raise WireError(Reason.BROKEN) from error


async def concluded(exchange: Awaitable[Outcome], hide: Iterable[str]) -> Outcome:
    """The outcome of an exchange, however it ended."""
    try:
        return await exchange
    except Ended as end:
        return end.outcome
    except WireError as error:
        return unanswered(error, hide)


async def answered(exchange: Awaitable[T]) -> T:
    """What tending found. There is nobody to hand an outcome to, so that what the far end refuses is a WireError too."""
    try:
        return await exchange
    except Ended as end:
        raise WireError(end.outcome.reason, end.outcome.detail) from end
