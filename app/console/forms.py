"""What a browser sends back."""

import unicodedata
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

LARGEST = 16 * 1024  # the console has no field that an honest hand could fill further


class TooLarge(Exception):
    """More than any form of the console holds."""


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of an urlencoded form on one line each, without control characters. Raises TooLarge."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise TooLarge
    return {name: _legible(value) for name, value in parse_qsl(body.decode("ascii", "replace"))}


def _legible(value: str) -> str:
    """PostgreSQL takes no NUL, and no screen a line break."""
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in value)
