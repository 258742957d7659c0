"""What a browser sends back."""

import unicodedata
from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from app.forms.multipart import Unreadable, read_all

LARGEST = 16 * 1024  # the console has no field that an honest hand could fill further
LARGEST_UPLOAD = 11 * 1024 * 1024  # a photo of 10 MB beside them
MOST_FIELDS = 80


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


async def read_upload(request: Request, *files: str) -> tuple[Mapping[str, str], Mapping[str, bytes]]:
    """The fields of a multipart form, legible and with their line breaks, and the bytes of its ``files`` that were chosen.
    Raises TooLarge; a form that cannot be read has no fields."""
    _, options = parse_options_header(request.headers.get("content-type", ""))
    try:
        parts = await read_all(_at_most(request, LARGEST_UPLOAD), options.get(b"boundary", b""), MOST_FIELDS)
    except Unreadable:
        return {}, {}
    fields = {p.name: _prose(p.body.decode("utf-8", "replace")) for p in parts if p.name not in files}
    return fields, {p.name: bytes(p.body) for p in parts if p.name in files and p.body}


async def _at_most(request: Request, most: int) -> AsyncIterator[bytes]:
    came = 0
    async for chunk in request.stream():
        came += len(chunk)
        if came > most:
            raise TooLarge
        yield chunk


def _prose(value: str) -> str:
    """As ``_legible``, on as many lines as there are."""
    return "\n".join(_legible(line) for line in value.replace("\r\n", "\n").split("\n"))


def _legible(value: str) -> str:
    """PostgreSQL takes no NUL, and no screen a line break."""
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in value)
