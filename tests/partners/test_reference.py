"""The OpenAPI document is complete, and true: every operation is called, and what comes is what the document says."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from lxml import etree

from app.api.problem_types import TYPES, URN
from app.api.reference.completing import OPERATIONS, operations
from tests.conftest import ROOT
from tests.partners.pages import differences
from tests.partners.stage import Service
from tests.partners.walk import Walk, walk

BINARY = ("image/",)


async def document_of(made: Service) -> dict[str, Any]:
    found: dict[str, Any] = (await made.client.get("/openapi.json")).json()
    return found


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Where, of which type, and what is said of it."""
    for mime, content in operation.get("requestBody", {}).get("content", {}).items():
        yield "request", mime, content
    for status, answer in operation["responses"].items():
        for mime, content in answer.get("content", {}).items():
            yield status, mime, content


def missing(name: str, operation: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    """Everything that a reader of the document would look for in vain."""
    for part in ("summary", "description", "tags", "operationId", "x-keys", "responses"):
        if part not in operation:
            yield part
    if not operation.get("security") and operation.get("security") != []:
        yield "security: neither a key nor none"
    if not any("一" <= letter <= "鿿" for letter in operation.get("summary", "")):
        yield "a summary in Chinese"
    for parameter in operation.get("parameters", []):
        if not parameter.get("description") or not parameter.get("schema"):
            yield f"parameter {parameter['name']}"
    if not any(status.startswith("2") for status in operation["responses"]):
        yield "a success"
    for status, answer in operation["responses"].items():
        if not answer.get("description"):
            yield f"{status}: description"
        if not answer.get("content") and status != "304":
            yield f"{status}: content"
        for header, said in answer.get("headers", {}).items():
            if not said.get("description") or not said.get("schema"):
                yield f"{status}: header {header}"
    for place, mime, content in bodies(operation):
        if not content.get("schema") or (content["schema"].get("type") == "object" and len(content["schema"]) < 3):
            yield f"{place} {mime}: a schema that says something"
        if mime.startswith(BINARY):
            continue
        examples = [content["example"]] if "example" in content else []
        examples += [one["value"] for one in content.get("examples", {}).values()]
        if not examples:
            yield f"{place} {mime}: an example"
        if mime in ("application/json", "application/problem+json"):
            for example in examples:
                for error in wrong(content["schema"], example, document):
                    yield f"{place} {mime}: its example is not of its schema: {error}"


def wrong(schema: dict[str, Any], value: Any, document: dict[str, Any]) -> list[str]:
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"{error.instance_path}: {error.message}"[:300] for error in validator.iter_errors(value)]


async def test_nothing_is_missing(made: Service) -> None:
    document = await document_of(made)
    found = dict(operations(document))
    assert set(found) == set(OPERATIONS), "operations.json has every operation, and no other"
    said = [f"{name}: {what}" for name, operation in found.items() for what in missing(name, operation, document)]
    assert not said, "\n".join(said)
    (webhook,) = document["webhooks"].values()
    content = webhook["post"]["requestBody"]["content"]["application/json"]
    assert not wrong(content["schema"], content["example"], document)
    assert {tag["name"] for tag in document["tags"]} == {tag for o in found.values() for tag in o["tags"]}
    assert json.dumps(await document_of(made)) == json.dumps(document), "asked again, the same"


async def test_every_member_is_explained(made: Service) -> None:
    document = await document_of(made)
    silent = sorted({f"{place}: {name}" for place, name, member in members(document) if not member.get("description")})
    assert not silent, "\n".join(silent)
    assert len(list(members(document))) > 200


def members(node: Any, place: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Of every schema, wherever it stands."""
    if isinstance(node, list):
        for inner in node:
            yield from members(inner, place)
    if isinstance(node, dict):
        place = node["title"] if isinstance(node.get("title"), str) and "properties" in node else place
        if isinstance(node.get("properties"), dict):
            for name, member in node["properties"].items():
                yield place, name, member
        for key, inner in node.items():
            if key not in ("example", "examples"):
                yield from members(inner, place)


async def test_what_is_missing_is_seen(made: Service) -> None:
    document = await document_of(made)
    operation = document["paths"]["/v1/outlets"]["post"]
    del (
        operation["summary"],
        operation["security"],
        operation["responses"]["201"]["content"]["application/json"]["example"],
    )
    operation["requestBody"]["content"]["application/json"]["example"]["partners"][0]["nobody"] = 1
    said = " ".join(missing("post /v1/outlets", operation, document))
    for what in ("summary", "security", "201 application/json: an example", "is not of its schema"):
        assert what in said


async def test_every_problem_is_an_answer_to_something(made: Service) -> None:
    document = await document_of(made)
    told = {
        code
        for _, operation in operations(document)
        for _, mime, content in bodies(operation)
        if mime == "application/problem+json"
        for code in content["examples"]
    }
    assert told | {"no-such-address", "method", "internal", "http"} == set(TYPES), "the last four are everybody's"
    assert all(
        URN + code in document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"] for code in told
    )


async def test_what_comes_is_what_the_document_says(made: Service) -> None:
    """Each answer is of its schema, and has the members of its example, no fewer and no more."""
    document, found = await document_of(made), await walk(made)
    called = set(found.came)
    assert called == set(OPERATIONS) - {"get /v1/feed/stream", "get /media/{alert}/{sha256}"}, "those have no JSON"
    said = [
        f"{name}: {what}" for name, operation in operations(document) if name in called
        for what in untrue(name, operation, found, document)
    ]  # fmt: skip
    assert not said, "\n".join(said)


def untrue(name: str, operation: dict[str, Any], found: Walk, document: dict[str, Any]) -> Iterator[str]:
    answer, came = found.answers[name], found.came[name]
    mime = answer.headers["content-type"].partition(";")[0]
    stated = operation["responses"].get(str(answer.status_code), {}).get("content", {})
    if mime not in stated:
        yield f"{answer.status_code} {mime} is not documented"
        return
    if isinstance(came, str):
        if mime.endswith("xml") and etree.fromstring(came.encode()) is None:
            yield "no XML"
        if mime == "text/csv" and came.splitlines()[0] != stated[mime]["example"].splitlines()[0]:
            yield f"another head: {came.splitlines()[0]}"
        return
    yield from wrong(stated[mime]["schema"], came, document)
    yield from shape(stated[mime]["example"], came)
    if name in found.sent and name not in ("post /v1/alerts", "post /v1/alerts/{id}/update"):
        content = operation["requestBody"]["content"]["application/json"]
        yield from wrong(content["schema"], found.sent[name], document)


def shape(example: Any, came: Any) -> Iterator[str]:
    """Differences in the members, not in what they hold. Of lists the first entries are compared."""
    yield from differences(_bare(example), _bare(came))


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        free = {"settings", "texts", "outlets"} & {name for name, inner in value.items() if isinstance(inner, dict)}
        return {name: "" if name in free else _bare(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_bare(value[0])] if value else []
    return ""


@pytest.mark.parametrize("path", ["docs/sample-record.json"])
def test_the_example_of_a_record_is_the_sample(path: str) -> None:
    assert OPERATIONS["post /v1/alerts"]["request"] == json.loads((ROOT / path).read_text(encoding="utf-8"))
