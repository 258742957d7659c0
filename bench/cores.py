"""The client alone in a process for each core: what no ledger that sends with it can be faster than.

    python -m bench.cores FIRST OUTLETS EACH PORT

is one of those processes: whenever ``send`` comes in it sends to every EACH-th outlet from FIRST on; each word is answered.
"""

import asyncio
import sys
import time
from typing import Self

import uvloop

from bench import client
from bench.hosts import Asked


class Cores(Asked):
    """So many processes that do nothing but send."""

    def __init__(self, processes: int, outlets: int, port: int) -> None:
        given = (outlets, processes, port)
        super().__init__([["bench.cores", str(first), *map(str, given)] for first in range(processes)])

    def __enter__(self) -> Self:
        super().__enter__()
        self._hear("begin")  # they answer when they have read the program
        return self

    def send_all(self) -> float:
        """POST to every outlet on a new connection; the moment of the beginning."""
        begun = time.time()
        self._hear("send")
        return begun

    def _hear(self, word: str) -> None:
        assert all(self.ask(word)), "one of the senders has ended"


async def _obey(first: int, outlets: int, each: int, port: int) -> None:
    sender = client.build()
    while word := await asyncio.to_thread(sys.stdin.readline):
        if word == "send\n":
            await client.send_by(sender, range(first, outlets, each), port)
        print("done", flush=True)
    await sender.close()


if __name__ == "__main__":
    uvloop.run(_obey(*map(int, sys.argv[1:])))
