"""A process that may open few files tells many outlets twice, as the dispatcher does.

    python -m tests.dispatch.few_files FILES PORT OUTLETS

Prints one JSON line: what went wrong, and how many files were open after the first time and after the second.
"""

import asyncio
import json
import os
import resource
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

from app.dispatch.files import OTHER_FILES
from app.dispatch.slots import Slots
from app.dispatch.wire import HttpWire
from app.domain.calling import read_networks
from bench.hosts import hook
from channels.contract import WireError

SPARE = 20  # of the others, for the client and the interpreter themselves
SECOND = 1.0


async def tell(wire: HttpWire, port: int, outlets: int, wrong: Counter[str]) -> None:
    slots, free = Slots(2000, 8000, 0.25), asyncio.Event()

    async def one(n: int) -> None:
        try:
            await wire.request("POST", hook(n, port), headers={}, body=b"{}", timeout=timedelta(seconds=10))
        except WireError as e:
            wrong[e.reason] += 1

    def left(task: asyncio.Task[None]) -> None:
        slots.leave(task)
        free.set()

    for n in range(outlets):
        while slots.room() <= 0:
            free.clear()
            await free.wait()
        task = asyncio.create_task(one(n))
        slots.enter(task)
        task.add_done_callback(left)
    await asyncio.gather(*slots)


async def main(files: int, port: int, outlets: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    wire, wrong, opened = HttpWire(allowed=read_networks("127.0.0.0/8")), Counter[str](), []
    with ExitStack() as others:
        while len(os.listdir("/proc/self/fd")) < OTHER_FILES - SPARE:
            others.callback(os.close, os.dup(2))
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(2):
            await tell(wire, port, outlets, wrong)
            await asyncio.sleep(SECOND)
            opened.append(len(os.listdir("/proc/self/fd")) - before)
    print(json.dumps({"wrong": wrong, "opened": opened}))
    await wire.close()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
