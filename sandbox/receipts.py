"""Tells huijia what became of a notice: batched by partner, and again until huijia has answered."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum, auto
from random import SystemRandom

import httpx

BATCH = 100
MOST_WAITING = 20_000
GATHER_SECONDS = 0.05  # what many screens say at once goes out in one call

log = logging.getLogger("sandbox.receipts")


@dataclass(frozen=True, slots=True)
class Receipt:
    """``delivery`` is the id the notice came under; ``at`` carries an offset."""

    delivery: str
    kind: str
    at: str


@dataclass(slots=True)
class Lane:
    """One partner's receipts on their way. The key is no part of the ``repr``."""

    key: str = field(repr=False)
    waiting: deque[Receipt] = field(default_factory=deque)
    in_flight: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Counts:
    """Since the start or the last reset. ``keyless``: the partner's key is not in the keys file."""

    sent: int = 0
    refused: int = 0
    dropped: int = 0
    keyless: int = 0


class Answer(Enum):
    TAKEN = auto()
    REFUSED = auto()
    AGAIN = auto()


class ReceiptSender:
    """One lane a partner; within a lane receipts leave in the order they fell due."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        huijia: str,
        keys: Mapping[str, str],
        *,
        first_wait: float = 0.5,
        longest_wait: float = 10.0,
    ) -> None:
        self.counts = Counts()
        self._client = client
        self._url = f"{huijia.rstrip('/')}/v1/receipts"
        self._lanes = {partner: Lane(key) for partner, key in keys.items()}
        self._timers: set[asyncio.TimerHandle] = set()
        self._first_wait = first_wait
        self._longest_wait = longest_wait
        self._jitter = SystemRandom()
        self._life = 0  # grows at every clear: what left the lane in an earlier life is not asked again

    @property
    def waiting(self) -> int:
        """Receipts due or to fall due that huijia has not answered yet."""
        return len(self._timers) + sum(len(lane.waiting) + lane.in_flight for lane in self._lanes.values())

    def offer(self, partner: str, receipt: Receipt, after: float = 0.0) -> None:
        """Send ``receipt`` once ``after`` seconds have gone by. Never blocks; a full lane drops its oldest."""
        lane = self._lanes.get(partner)
        if lane is None:
            self.counts.keyless += 1
            return
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle

        def due() -> None:
            self._timers.discard(timer)
            self._enqueue(lane, receipt)

        timer = loop.call_later(after, due)
        self._timers.add(timer)

    def clear(self) -> None:
        """Forget whatever has not left yet."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._life += 1
        for lane in self._lanes.values():
            lane.waiting.clear()
        self.counts = Counts()

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for partner, lane in self._lanes.items():
                tasks.create_task(self._drain(lane), name=f"receipts of {partner}")

    def _enqueue(self, lane: Lane, receipt: Receipt) -> None:
        if len(lane.waiting) >= MOST_WAITING:
            lane.waiting.popleft()
            self.counts.dropped += 1
        lane.waiting.append(receipt)
        lane.wake.set()

    async def _drain(self, lane: Lane) -> None:
        while True:
            await lane.wake.wait()
            await asyncio.sleep(GATHER_SECONDS)
            batch = [lane.waiting.popleft() for _ in range(min(BATCH, len(lane.waiting)))]
            if not lane.waiting:
                lane.wake.clear()
            lane.in_flight = len(batch)
            if batch:
                await self._settle(lane, batch)

    async def _settle(self, lane: Lane, batch: list[Receipt]) -> None:
        """Return once each receipt was taken or refused. A refused batch is halved, to find the one that spoils it."""
        wait, life = self._first_wait, self._life
        while (answer := await self._post(lane, batch)) is Answer.AGAIN and life == self._life:
            await asyncio.sleep(wait * self._jitter.uniform(0.5, 1.0))
            wait = min(wait * 2, self._longest_wait)
        if answer is Answer.REFUSED and len(batch) > 1:
            half = len(batch) // 2
            await self._settle(lane, batch[:half])
            await self._settle(lane, batch[half:])
            return
        lane.in_flight -= len(batch)
        if life != self._life:
            return
        if answer is Answer.TAKEN:
            self.counts.sent += len(batch)
        else:
            self.counts.refused += len(batch)

    async def _post(self, lane: Lane, batch: list[Receipt]) -> Answer:
        body = {"receipts": [asdict(receipt) for receipt in batch]}
        try:
            reply = await self._client.post(self._url, json=body, headers={"authorization": f"Bearer {lane.key}"})
        except httpx.HTTPError as error:
            log.info("receipts: no answer (%s), %d kept", type(error).__name__, len(batch))
            return Answer.AGAIN
        if reply.is_success:
            return Answer.TAKEN
        if reply.is_client_error and reply.status_code not in (408, 425, 429):
            log.warning(
                "receipts: refused with %d, %d of them, first %s", reply.status_code, len(batch), batch[0].delivery
            )
            return Answer.REFUSED
        return Answer.AGAIN
