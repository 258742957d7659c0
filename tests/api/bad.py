"""What a bad input is: how it is sent, and what the answer must say."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from tests.api.stage import Stage
from tests.making import record_json

JSON = "application/json"
Content = bytes | AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. ``{alert}`` and ``{foreign}`` in ``path`` stand for an alert of this organ and of another."""

    content: Content = b""
    headers: Mapping[str, str | bytes] = field(default_factory=dict)
    who: str = "police"
    method: str = "POST"
    path: str = "/v1/alerts"


@dataclass(frozen=True, slots=True)
class Case:
    """``at``: the fault expected at each pointer, as ``/pointer`` or ``/pointer=code``, and no others."""

    name: str
    status: int
    code: str
    at: tuple[str, ...]
    make: Callable[[], Sent]


async def send(stage: Stage, sent: Sent, alerts: Mapping[str, str]) -> httpx.Response:
    """``who`` is nobody when it is empty. Headers go out as bytes, in whatever encoding they were written."""
    headers = {**(stage.bearer(sent.who) if sent.who else {}), **sent.headers}
    raw = [(name.encode(), v if isinstance(v, bytes) else v.encode("latin-1")) for name, v in headers.items()]
    request = stage.client.build_request(sent.method, sent.path.format(**alerts), headers=raw, content=sent.content)
    return await stage.client.send(request)


def record(name: str, at: str, /, **changes: Any) -> Case:
    """An otherwise valid record; ``changes`` as for ``record_json``."""
    return Case(
        name, 422, "invalid", tuple(at.split()), lambda: Sent(as_json(record_json(**changes)), {"content-type": JSON})
    )


def raw(name: str, status: int, code: str, content: bytes | Callable[[], bytes], at: str = "", **headers: str) -> Case:
    """These very bytes."""
    sent = {"content-type": JSON} | {key.replace("_", "-"): value for key, value in headers.items()}
    return Case(name, status, code, tuple(at.split()), lambda: Sent(content() if callable(content) else content, sent))


def call(
    name: str, status: int, code: str, method: str, path: str, body: Any = None, who: str = "police", at: str = ""
) -> Case:
    """Any other request; ``body`` is made JSON."""

    def make() -> Sent:
        made = body() if callable(body) else body
        content = made if isinstance(made, bytes) else b"" if made is None else as_json(made)
        return Sent(content, {"content-type": JSON}, who, method, path)

    return Case(name, status, code, tuple(at.split()), make)


def as_json(body: Any) -> bytes:
    return orjson.dumps(body)


def with_raw(value: str, **changes: Any) -> Callable[[], bytes]:
    """A valid record with ``value``, any JSON text, where the changed member says ``"@"``."""
    return lambda: as_json(record_json(**changes)).replace(b'"@"', value.encode())
