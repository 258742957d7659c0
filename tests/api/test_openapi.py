"""The API describes itself, whole and true."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.api.problem_types import TYPES, URN
from app.forms.record_form import RecordForm
from tests.api.stage import Stage

DOC = Path(__file__).parents[2] / "docs" / "api.md"
NEVER_REFUSED = ("/health/live", "/v1/keys")  # public, and without the database
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
async def document(stage: Stage) -> dict[str, Any]:
    answer = await stage.client.get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Of the API: the console's pages are for people."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item and path.startswith(("/v1", "/media", "/health")):
                yield method, path, item[method]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    found = set(references(document))
    assert "#/components/schemas/RecordForm" in found
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, reference
            place = place[step]


async def test_every_route_has_a_summary_and_a_name_of_its_own(document: dict[str, Any]) -> None:
    found = list(operations(document))
    assert {(m, p) for m, p, _ in found} >= {
        ("post", "/v1/alerts"), ("get", "/v1/alerts/{id}"), ("get", "/v1/alerts/{id}/deliveries"),
        ("post", "/v1/alerts/{id}/update"), ("post", "/v1/alerts/{id}/retract"), ("post", "/v1/receipts"), ("get", "/v1/feed"),
        ("get", "/media/{alert}/{sha256}"), ("get", "/health/live"), ("get", "/health/ready"),
    }  # fmt: skip
    assert all(o["summary"] and o["description"] for _, _, o in found)
    names = [o["operationId"] for _, _, o in found]
    assert len(names) == len(set(names))


async def test_every_parameter_of_a_path_is_declared(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", path))


async def test_every_route_says_what_may_go_wrong(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        stated = set(operation["responses"])
        expected = {"503"} if path not in NEVER_REFUSED else set()
        if path.startswith("/v1") and path not in NEVER_REFUSED:
            expected |= {"401", "403"}
        if re.search(r"{(id|delivery|outlet)}", path):
            expected |= {"404"}
        if "requestBody" in operation:
            expected |= {"400", "413", "415", "422"}
        if method == "post" and path.startswith("/v1/alerts"):
            expected |= {"409"}
        assert expected <= stated, (method, path, expected - stated)
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
                assert answer["content"]["application/problem+json"]["schema"] == {
                    "$ref": "#/components/schemas/Problem"
                }
                assert answer["description"]
    assert "HTTPValidationError" not in str(document["paths"])


async def test_bodies_and_keys_are_described(document: dict[str, Any]) -> None:
    submit = document["paths"]["/v1/alerts"]["post"]
    assert set(submit["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    assert submit["security"] == [{"HTTPBearer": []}]
    record = document["components"]["schemas"]["RecordForm"]
    assert record["additionalProperties"] is False
    assert set(record["required"]) == {
        "status", "case_number", "organ_code", "reported_by", "verified_by", "verified_at", "basis", "minor", "loss", "guardian",
    }  # fmt: skip
    assert set(document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]) == {
        URN + code for code in TYPES
    }
    receipts = document["paths"]["/v1/receipts"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert len(receipts["oneOf"]) == 3


@pytest.mark.parametrize("code", TYPES)
def test_the_document_explains_every_problem(code: str) -> None:
    kind = TYPES[code]
    row = next(
        (line for line in DOC.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{code}` |")), None
    )
    assert row is not None
    assert str(kind.status) in row or code == "http"


def test_the_document_explains_every_field_of_the_record() -> None:
    text = DOC.read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([a-z_.]+)` \|", text, flags=re.M))
    assert rows >= fields_of(RecordForm.model_json_schema())


def fields_of(schema: dict[str, Any], at: dict[str, Any] | None = None, base: str = "") -> set[str]:
    """``minor.name`` and the like: the leaves."""
    found: set[str] = set()
    for name, member in (at or schema)["properties"].items():
        options = [member, *member.get("anyOf", [])]
        inner = next((o["$ref"].rpartition("/")[2] for o in options if "$ref" in o), None)
        if inner is None:
            found.add(base + name)
        else:
            found |= fields_of(schema, schema["$defs"][inner], f"{base}{name}.")
    return found
