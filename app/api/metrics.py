"""For Prometheus: what this process measures of itself, and what the ledger says now."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from starlette.responses import Response

from app.api.access import TheHouse
from app.api.openapi import answers
from app.api.problems import Problem
from app.db import schema, views, watch, workers
from app.db.engine import Session, StoreUnavailable, by_itself, transaction
from app.db.views import Row
from app.flows.house import House
from app.flows.troubles import UNHEARD_SECONDS
from app.flows.watching import NAMES

PATIENCE_SECONDS = 6.0
"""Prometheus waits ten for an answer. When the database hangs, its connection takes two more to be given up."""

log = logging.getLogger("huijia.metrics")
router = APIRouter(tags=["health"])
_bearer = HTTPBearer(auto_error=False, scheme_name="Metrics", description="HUIJIA_METRICS_TOKEN")


@router.get("/metrics", response_class=Response, responses=answers(401))
async def read_metrics(
    house: TheHouse, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Response:
    """Prometheus text format, for the bearer of the metrics token: it opens nothing else and needs no database. While
    that is away ``huijia_store_up`` is 0 and the ledger's part is missing."""
    given = credentials.credentials if credentials else ""
    if not house.metrics_token or not hmac.compare_digest(given.encode(), house.metrics_token.encode()):
        raise Problem("key", "需要监控令牌。", "The metrics token is needed.", headers={"www-authenticate": "Bearer"})
    ledger = await _ledger(house)
    return Response(generate_latest(REGISTRY) + generate_latest(_Now(ledger)), media_type=CONTENT_TYPE_LATEST)


async def _ledger(house: House) -> Sequence[Metric]:
    """What can be read of it, part by part: of an older schema, or while a table is locked, that is not all."""
    found: list[Metric] = []
    up, unread = False, len(_PARTS) + 1
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async with transaction(house.watch) as session:
                found += _schema(await schema.is_behind(session))
                up = True
                for part in _PARTS:
                    said = await by_itself(session, part)
                    found += said or ()
                    unread -= said is not None
            found += _deliveries(await house.sparing.read(house.watch, views.recent_deliveries))
            unread -= 1
    except StoreUnavailable as e:
        up = False
        log.warning("the database is away: %s", e)
    except Exception as e:  # time is up, or the deliveries take too long to count
        log.warning("not all of the ledger could be read: %s", type(e).__name__)
    if not up:
        return [_one("huijia_store_up", "1 while the database answers", 0)]
    return [
        *found,
        _one("huijia_store_up", "1 while the database answers", 1),
        _one("huijia_unread", "Parts of the ledger that could not be read", unread),
    ]


class _Now:
    """What was read for one answer, as ``generate_latest`` takes it."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _one(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _schema(behind: bool) -> Sequence[Metric]:
    return [_one("huijia_schema_behind", "1 while the database must be migrated", behind)]


def _deliveries(rows: Sequence[Row]) -> Sequence[Metric]:
    family = GaugeMetricFamily(
        "huijia_deliveries", "Deliveries of the newest notices of a day", labels=["channel", "kind", "state"]
    )
    for row in rows:
        family.add_metric([row["channel"], row["kind"], row["state"]], row["count"])
    return [family]


async def _waiting(session: Session) -> Sequence[Metric]:
    age = GaugeMetricFamily("huijia_oldest_undelivered_seconds", "Age of the oldest undelivered item", labels=["waits"])
    count = GaugeMetricFamily("huijia_undelivered", "Undelivered items", labels=["waits"])
    for row in await views.oldest_by_wait(session):
        age.add_metric([row["waits"]], row["seconds"])
        count.add_metric([row["waits"]], row["count"])
    return [age, count]


async def _workers(session: Session) -> Sequence[Metric]:
    return [_one("huijia_dispatchers", "Dispatchers seen within ten seconds", len(await workers.at_work(session)))]


async def _snapshot(session: Session) -> Sequence[Metric]:
    about = "Age of the oldest transaction that keeps the dead from being cleared away"
    return [_one("huijia_oldest_snapshot_seconds", about, await views.oldest_snapshot(session))]


async def _late(session: Session) -> Sequence[Metric]:
    return [_one("huijia_late_to_expire", "Live alerts whose time is up", await views.late_to_expire(session))]


async def _unheard(session: Session) -> Sequence[Metric]:
    about = "Outlets that have not taken a retraction for two minutes, and were not telephoned"
    return [_one("huijia_retractions_unheard", about, await views.retractions_unheard(session, UNHEARD_SECONDS))]


async def _troubles(session: Session) -> Sequence[Metric]:
    """As the watchdogs found them at the last look."""
    lasting = {one["name"] for one in await watch.standing(session) if one["over"] is None}
    family = GaugeMetricFamily("huijia_trouble", "1 while this trouble lasts", labels=["name"])
    for name in sorted({*NAMES, *lasting}):
        family.add_metric([name], name in lasting)
    return [family]


async def _watchdog(session: Session) -> Sequence[Metric]:
    about = "Since anybody looked for troubles"
    return [_one("huijia_watchdog_looked_seconds", about, await watch.looked_seconds(session))]


_PARTS: Sequence[Callable[[Session], Awaitable[Sequence[Metric]]]] = (
    _waiting, _workers, _snapshot, _late, _unheard, _troubles, _watchdog,
)  # fmt: skip
