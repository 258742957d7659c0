"""For Prometheus: what this process measures of itself, and what the ledger says now."""

import hmac
from collections.abc import Iterable, Sequence
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
from app.db import views, workers
from app.db.engine import StoreUnavailable, transaction
from app.db.views import Row

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
    try:
        async with transaction(house.engine) as session:
            ledger = [
                *_deliveries(await views.recent_deliveries(session)),
                *_waiting(await views.oldest_by_wait(session)),
                *_workers(await workers.listing(session)),
                _one(
                    "huijia_oldest_snapshot_seconds",
                    "Age of the oldest transaction that keeps the dead from being cleared away",
                    await views.oldest_snapshot(session),
                ),
                _one("huijia_late_to_expire", "Live alerts whose time is up", await views.late_to_expire(session)),
            ]
    except StoreUnavailable:
        ledger = []
    ledger.append(_one("huijia_store_up", "1 while the database answers", int(bool(ledger))))
    return Response(generate_latest(REGISTRY) + generate_latest(_Now(ledger)), media_type=CONTENT_TYPE_LATEST)


class _Now:
    """What was read for one answer, as ``generate_latest`` takes it."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _one(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _deliveries(rows: Sequence[Row]) -> Sequence[Metric]:
    family = GaugeMetricFamily(
        "huijia_deliveries", "Deliveries of the newest notices of a week", labels=["channel", "kind", "state"]
    )
    for row in rows:
        family.add_metric([row["channel"], row["kind"], row["state"]], row["count"])
    return [family]


def _waiting(rows: Sequence[Row]) -> Sequence[Metric]:
    age = GaugeMetricFamily("huijia_oldest_undelivered_seconds", "Age of the oldest undelivered item", labels=["waits"])
    count = GaugeMetricFamily("huijia_undelivered", "Undelivered items", labels=["waits"])
    for row in rows:
        age.add_metric([row["waits"]], row["seconds"])
        count.add_metric([row["waits"]], row["count"])
    return [age, count]


def _workers(rows: Sequence[Row]) -> Sequence[Metric]:
    alive = [row for row in rows if row["silent"] <= workers.SILENT_SECONDS]
    return [_one("huijia_dispatchers", "Dispatchers seen within ten seconds", len(alive))]
