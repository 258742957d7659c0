"""The process that hands a peer its work: for each line on standard input, which says how many, it says when it began."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import uvloop

Issue = Callable[[int], Awaitable[float]]
"""Hand over so many deliveries; the moment at which the first of them could be taken."""


def serve(opened: Callable[[], AbstractAsyncContextManager[Issue]]) -> None:
    """Until standard input ends."""

    async def run() -> None:
        async with opened() as issue:
            print("ready", flush=True)
            while line := await asyncio.to_thread(sys.stdin.readline):
                print(await issue(int(line)), flush=True)

    uvloop.run(run())
