"""What a process measures of itself, in Prometheus' words. What the ledger knows is read from the ledger (``api.metrics``)."""

import asyncio
import time
from collections.abc import Iterable
from functools import cache, partial

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import in_use, limit
from app.domain.words import Kind, Lane

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800)

attempts = Counter("huijia_attempts", "Calls to outlets, and what outlets fetched", ["carrier", "outcome", "reason"])
attempt = cache(attempts.labels)
accepted_seconds = Histogram(
    "huijia_accepted_seconds", "From a notice's commit to its outlet taking it", ["kind", "lane"], buckets=_SECONDS
)
accepted_by = cache(accepted_seconds.labels)
aired_seconds = Histogram(
    "huijia_aired_seconds",
    "From a notice's commit to the first receipt that it was aired, of a retraction that it is down",
    ["kind"],
    buckets=_SECONDS,
)
aired_by = cache(aired_seconds.labels)
claimed = Counter("huijia_claimed", "Deliveries claimed for sending")
retries = Counter("huijia_retries", "Attempts that will be made again")
leases_lost = Counter("huijia_leases_lost", "Sends whose process vanished")
in_flight = Gauge("huijia_in_flight", "Sends under way in this process")
unsettled = Gauge("huijia_unsettled", "Attempts that are over and not yet written")
pool_in_use = Gauge("huijia_pool_in_use", "Database connections in use", ["pool"])
pool_limit = Gauge("huijia_pool_limit", "Database connections that may be in use at once", ["pool"])
sweep_failures = Counter("huijia_sweep_failures", "Sweeps that could not do their work, whole or in part", ["sweep"])
loop_lag = Histogram(
    "huijia_loop_lag_seconds", "How late the event loop comes round", buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)
)

_EVERY = 0.25

for _kind in Kind:  # there before they happen: of a series that is born with a burst ``rate()`` sees nothing
    aired_by(_kind)
    for _lane in Lane:
        accepted_by(_kind, _lane)


def took(accepted: Iterable[tuple[str, str, float]]) -> None:
    """How long outlets took: a delivery's kind and lane, and the seconds, for each."""
    for kind, lane, seconds in accepted:
        accepted_by(kind, lane).observe(seconds)


def aired(proven: Iterable[tuple[str, float]]) -> None:
    """How long it took until it was aired, or down: a delivery's kind and the seconds, for each."""
    for kind, seconds in proven:
        aired_by(kind).observe(seconds)


def watch_pool(name: str, engine: AsyncEngine) -> None:
    """Its connections are counted whenever somebody asks."""
    pool_in_use.labels(name).set_function(partial(in_use, engine))
    pool_limit.labels(name).set_function(partial(limit, engine))


async def watch_the_loop() -> None:
    """Until cancelled."""
    while True:
        begun = time.monotonic()
        await asyncio.sleep(_EVERY)
        loop_lag.observe(max(0.0, time.monotonic() - begun - _EVERY))
