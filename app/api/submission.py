"""Read a record and its photo from a request: JSON with base64, or multipart/form-data. All faults at once."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.api.photo import picture
from app.api.problems import Problem
from app.api.record_form import RecordForm
from app.domain.errors import Fault, Invalid
from app.domain.record import Record
from app.flows.faults import faults_of
from app.flows.submit import Picture

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Submission:
    """A record that was checked. ``body_hash`` stands for everything that was sent (for idempotency)."""

    record: Record
    photo: Picture | None
    body_hash: bytes


async def read_submission(request: Request) -> Submission:
    """Raises Problem when the request cannot be read, Invalid with every fault of the record and the photo."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type == "application/json":
        raw = await request.body()
        form, faults = parse(RecordForm, raw)
        given = form.photo if form is not None else _photo_of(raw)
        photo_bytes, more = _from_base64(given)
        body_hash = hashlib.sha256(raw).digest()
    elif media_type == "multipart/form-data":
        raw, photo_bytes = await _parts(request)
        form, faults = parse(RecordForm, raw)
        more = _photo_twice(form, photo_bytes)
        body_hash = hashlib.sha256(hashlib.sha256(raw).digest() + (photo_bytes or b"")).digest()
    else:
        raise Problem(
            415, "media-type", "请用 application/json 或 multipart/form-data 提交。",
            "Send application/json or multipart/form-data.",
        )  # fmt: skip
    photo = await picture(photo_bytes) if photo_bytes is not None and not more else None
    faults = [*faults, *more, *([photo] if isinstance(photo, Fault) else [])]
    if faults or form is None:
        raise Invalid(faults)
    return Submission(form.record(), photo if isinstance(photo, Picture) else None, body_hash)


def parse(model: type[M], raw: bytes) -> tuple[M | None, list[Fault]]:
    """The body as this model, or all that is wrong with it. Raises Problem when it is not a JSON object."""
    try:
        if not isinstance(orjson.loads(raw), dict):
            raise Problem(400, "json", "内容应为一个 JSON 对象。", "The body must be a JSON object.")
    except orjson.JSONDecodeError as e:
        raise Problem(400, "json", "内容不是合法的 JSON（UTF-8）。", f"The body is not valid JSON: {e}") from e
    try:
        return model.model_validate_json(raw, context={"now": datetime.now(UTC)}), []
    except ValidationError as e:
        return None, faults_of(e.errors(include_url=False, include_input=False))


def _photo_of(raw: bytes) -> str | None:
    """The photo of a record that has other faults, so that its own are found in the same go."""
    found = orjson.loads(raw)
    photo = found.get("photo") if isinstance(found, dict) else None
    return photo if isinstance(photo, str) else None


def _from_base64(given: str | None) -> tuple[bytes | None, Sequence[Fault]]:
    if given is None:
        return None, []
    try:
        return base64.b64decode(given, validate=True), []
    except (binascii.Error, ValueError):
        return None, [
            Fault(
                "/photo",
                "photo_base64",
                "照片不是合法的 Base64。",
                "The photo is not valid Base64.",
                "不要带 data: 前缀与换行。",
            )
        ]


def _photo_twice(form: RecordForm | None, part: bytes | None) -> Sequence[Fault]:
    if form is not None and form.photo is not None:
        zh = "multipart 提交时照片放在 photo 部分，不要写在 record 里。"
        return [
            Fault("/photo", "photo_twice", zh, "Send the photo as the `photo` part only.", "删去 record 中的 photo。")
        ]
    return []


async def _parts(request: Request) -> tuple[bytes, bytes | None]:
    try:
        form: FormData = await request.form(max_files=2, max_fields=2, max_part_size=1024 * 1024)
    except HTTPException as e:
        raise Problem(
            400, "multipart", "multipart 内容无法读取。", f"The multipart body cannot be read: {e.detail}"
        ) from e
    strange = sorted(set(form.keys()) - {"record", "photo"})
    if strange or "record" not in form or len(form.multi_items()) != len(set(form.keys())):
        raise Problem(
            400, "multipart", "multipart 应有一个 record 部分和至多一个 photo 部分。",
            "The multipart body needs exactly one `record` part and at most one `photo` part.",
        )  # fmt: skip
    return await _bytes(form["record"]), await _bytes(form["photo"]) if "photo" in form else None


async def _bytes(part: UploadFile | str) -> bytes:
    return part.encode() if isinstance(part, str) else await part.read()
