"""Records in bulk: checked once by the form, then only what differs is replaced."""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import orjson

from app.domain.record import Record
from app.domain.words import Status
from app.forms.record_form import RecordForm
from tests.machine.known import LOST_SINCE
from tests.making import record_json


@lru_cache(maxsize=1)
def _example(now: datetime) -> Record:
    form = RecordForm.model_validate_json(orjson.dumps(record_json(now)), context={"now": now})
    return form.record()


def record(now: datetime, status: Status, case: str, features: str = "") -> Record:
    """A verified record; the child was lost ``LOST_SINCE`` ago."""
    base = _example(datetime.fromisoformat("2026-11-23T07:00:00+00:00"))
    loss = replace(base.loss, at=now - LOST_SINCE)
    return replace(
        base, status=status, case_number=case, loss=loss, verified_at=now, minor=replace(base.minor, features=features)
    )
