"""Pictures and sounds are made in processes of their own, so that the loop never stalls and a photo that breaks its decoder
breaks nothing else."""

import asyncio
import ctypes
import logging
import multiprocessing
import os
import signal
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from channels import studio
from channels.contract import Made, Notice, Piece

WITHIN_SECONDS = 10.0
"""A notice does not wait longer for its pictures: what is not ready then, it goes out without."""

_PR_SET_PDEATHSIG = 1

log = logging.getLogger("huijia.studio")


class Studio:
    """``workers``: processes; they start at the first piece, or by ``warm``."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or min(4, os.cpu_count() or 1)
        self._pool: ProcessPoolExecutor | None = None

    async def make(self, notice: Notice, pieces: Iterable[Piece], photo: bytes | None) -> Mapping[Piece, Made]:
        """What could be made in time; the same piece is made once. Never raises."""
        wanted = list(dict.fromkeys(pieces))
        if not wanted:
            return {}
        tasks = {piece: asyncio.ensure_future(self._one(notice, piece, photo)) for piece in wanted}
        _, late = await asyncio.wait(tasks.values(), timeout=WITHIN_SECONDS)
        for task in late:
            task.cancel()
        made = {}
        for piece, task in tasks.items():
            if task in late:
                log.error("%s of %s was not ready in time", piece.role, notice.alert)
            elif (error := task.exception()) is not None:
                log.error("%s of %s cannot be made", piece.role, notice.alert, exc_info=error)
            else:
                made[piece] = task.result()
        return made

    async def _one(self, notice: Notice, piece: Piece, photo: bytes | None) -> Made:
        loop = asyncio.get_running_loop()
        pool = self._open()
        try:
            return await loop.run_in_executor(pool, studio.make, piece, notice, photo)
        except BrokenProcessPool:
            if self._pool is pool:
                self.close()
            return await loop.run_in_executor(self._open(), studio.make, piece, notice, photo)

    def _open(self) -> ProcessPoolExecutor:
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                self._workers, mp_context=spawn, initializer=_begin, initargs=(os.getpid(),)
            )
        return self._pool

    async def warm(self) -> None:
        """Start the processes and load what they draw with, before the first record comes."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._open(), studio.warm) for _ in range(self._workers)))

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _begin(parent: int) -> None:
    """In the new process: Ctrl-C is for the parent, and who loses the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
