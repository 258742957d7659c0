"""The client alone in a process for each core: what no ledger that sends with it can be faster than.

    python -m bench.cores FIRST OUTLETS EACH PORT

is one of those processes: it sends to every EACH-th outlet from FIRST on whenever a line comes in, and answers with one.
"""

import asyncio
import subprocess
import sys
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import uvloop

from bench import client


class Cores:
    """So many processes that do nothing but send."""

    def __init__(self, processes: int, outlets: int, port: int) -> None:
        self._given = [[str(n), str(outlets), str(processes), str(port)] for n in range(processes)]

    def __enter__(self) -> Self:
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "bench.cores", *given], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for given in self._given
        ]
        self._hear()  # they have read the program
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        with ExitStack() as ending:
            for one in self._processes:
                ending.enter_context(one)  # closes its pipes: that ends it

    def send_all(self) -> float:
        """POST to every outlet on a new connection; the moment of the beginning."""
        begun = time.time()
        for one in self._processes:
            assert one.stdin is not None
            one.stdin.write("send\n")
            one.stdin.flush()
        self._hear()
        return begun

    def _hear(self) -> None:
        for one in self._processes:
            assert one.stdout is not None
            assert one.stdout.readline(), "one of the senders has ended"


async def _obey(first: int, outlets: int, each: int, port: int) -> None:
    sender = client.build()
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        await client.send_by(sender, range(first, outlets, each), port)
        print("sent", flush=True)
    await sender.close()


if __name__ == "__main__":
    uvloop.run(_obey(*map(int, sys.argv[1:])))
