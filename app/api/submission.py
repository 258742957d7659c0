"""Read a record and its photo from a request: JSON with base64, or multipart/form-data. All faults at once."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from app.api.json_body import read_body, read_object, validated
from app.api.multipart import read_parts
from app.api.problems import Problem
from app.domain.errors import Fault, Invalid
from app.domain.record import Record
from app.flows.submit import Picture
from app.forms.photo import picture
from app.forms.record_form import RecordForm


@dataclass(frozen=True, slots=True)
class Submission:
    """A record that was checked. ``body_hash`` stands for everything that was sent and where to (for idempotency)."""

    record: Record
    photo: Picture | None
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class _Sent:
    raw: bytes
    photo: bytes | None = None
    multipart: bool = False


async def read_submission(request: Request) -> Submission:
    """Raises Problem when the request cannot be read, Invalid with every fault of the record and the photo."""
    sent = await _sent(request)
    said, twice = read_object(sent.raw)
    form, faults = validated(RecordForm, said)
    photo_bytes, wrong = _photo_twice(said.get("photo"), sent) if sent.multipart else _from_base64(said.get("photo"))
    photo = await picture(photo_bytes) if photo_bytes is not None else None
    faults = [*twice, *faults, *wrong, *([photo] if isinstance(photo, Fault) else [])]
    if faults or form is None:
        raise Invalid(faults)
    return Submission(form.record(), photo if isinstance(photo, Picture) else None, _hash(request, sent))


async def _sent(request: Request) -> _Sent:
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    if options.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"utf8"):
        raise Problem("media-type", "只接受 UTF-8 编码。", "Only UTF-8 is taken.")
    if media_type == b"application/json":
        return _Sent(await read_body(request))
    if media_type == b"multipart/form-data":
        parts = await read_parts(request, options.get(b"boundary", b""))
        return _Sent(parts["record"], parts.get("photo"), multipart=True)
    raise Problem(
        "media-type",
        "请用 application/json 或 multipart/form-data 提交。",
        "Send application/json or multipart/form-data.",
    )


def _hash(request: Request, sent: _Sent) -> bytes:
    """Of the parts, not of the body: a multipart boundary is a new one at every retry."""
    each = (f"{request.method} {request.scope['path']}".encode(), sent.raw, sent.photo or b"")
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in each)).digest()


def _from_base64(given: object) -> tuple[bytes | None, Sequence[Fault]]:
    if not isinstance(given, str):
        return None, []
    try:
        return base64.b64decode(given, validate=True), []
    except (binascii.Error, ValueError):
        return None, [
            Fault(
                "/photo", "photo_base64", "照片不是合法的 Base64。", "The photo is not valid Base64.",
                "用标准 Base64（RFC 4648 §4），不带 data: 前缀与换行。",
                "Use standard Base64 (RFC 4648 §4) without a data: prefix or line breaks.",
            )
        ]  # fmt: skip


def _photo_twice(given: object, sent: _Sent) -> tuple[bytes | None, Sequence[Fault]]:
    if given is None:
        return sent.photo, []
    zh = "multipart 提交时照片放在 photo 部分，不写在 record 里。"
    en = "With multipart the photo is the `photo` part, not a member of the record."
    return sent.photo, [
        Fault("/photo", "photo_twice", zh, en, "删去 record 中的 photo。", "Remove photo from the record.")
    ]
