"""Schemathesis reads our document and sends what it allows, and what it does not: no answer may be one that the document does
not promise, and none a fault of ours."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from app.api.reference.completing import OPERATIONS
from tests.partners.stage import Service
from tests.partners.walk import walk

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, unsupported_method, missing_required_header,
]  # fmt: skip
ENDLESS = {"get /v1/feed/stream"}
"""It never ends; tests/api/test_feed_waiting.py reads it."""
EACH = 10


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # Schemathesis does, for files
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
async def test_every_answer_is_one_that_the_document_promises(made: Service, mode: GenerationMode) -> None:
    steps = await walk(made)
    known = known_ids(steps.came)
    document = (await made.client.get("/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=made.base)
    told: list[str] = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        name = f"{operation.method.lower()} {operation.path}"
        if name not in ENDLESS:
            keys = OPERATIONS[name]["keys"]
            key = steps.keys[keys[0]] if keys else ""
            told += await asyncio.to_thread(attack, operation, mode, key, known)
    assert not told, "\n\n".join(told)


def known_ids(came: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Ids that there are, by the parameters that name them."""
    deliveries = [d["id"] for d in came["get /v1/alerts/{id}/deliveries"]["deliveries"]]
    outlets = [o["id"] for o in came["get /v1/outlets"]["outlets"]]
    return {"id": [came["get /v1/alerts/{id}"]["id"]], "delivery": deliveries, "outlet": outlets, "number": [1, 2, 3]}


def attack(operation: Any, mode: GenerationMode, key: str, known: Mapping[str, list[Any]]) -> list[str]:
    """What went wrong with one operation."""

    @settings(
        max_examples=EACH, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
        phases=[Phase.explicit, Phase.generate], database=None,
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def tried(case: Any, data: st.DataObject) -> None:
        for name in case.path_parameters or {}:
            if name in known and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(known[name]))
        if case.query:
            case.query.pop("wait", None)
        headers = {"authorization": f"Bearer {key}"} if key else {}
        response = case.call(headers=headers, timeout=20)
        away = response.status_code == 503  # promised, and the machine that runs this may be busy
        case.validate_response(response, checks=CHECKS[1:] if away else CHECKS, headers=headers)

    try:
        tried()
    except Unsatisfiable:  # nothing can be sent wrongly to what takes nothing
        return []
    except (Exception, BaseExceptionGroup) as error:
        return [f"{operation.method} {operation.path}: {one}"[:1500] for one in each(error)]
    return []


def each(error: BaseException) -> Iterator[BaseException]:
    """Those inside a group, and inside what Hypothesis makes of them."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from each(one)
    else:
        yield error
