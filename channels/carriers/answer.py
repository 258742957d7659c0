"""What a JSON answer says beside its status: a refusal, a reference, a receipt."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from channels.carriers.redact import plain
from channels.contract import Accepted, Outcome, Reason, ReceiptKind, Refused, Retry, StatedReceipt

LONGEST_REFERENCE = 200
LONGEST_EVIDENCE = 500  # as POST /v1/receipts takes it

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)")


def json_object(body: bytes) -> dict[str, Any] | None:
    """The object in ``body``, or ``None``. A byte-order mark or GBK must not hide a refusal."""
    for text in (body.removeprefix(b"\xef\xbb\xbf"), body.decode("gb18030", "replace").encode("utf-8", "replace")):
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        return found if isinstance(found, dict) else None
    return None


def read(body: bytes, hide: Iterable[str] = ()) -> Outcome:
    """The outcome of a 2xx answer. Nothing, or nothing that is a JSON object, is a plain yes."""
    said = json_object(body)
    if said is None:
        return Accepted()
    hide = tuple(hide)
    refusal = _refusal(said, hide)
    if refusal is not None:
        return refusal
    return Accepted(reference=_reference(said.get("reference")), receipt=_receipt(said.get("receipt"), hide))


def _refusal(said: dict[str, Any], hide: Iterable[str]) -> Refused | Retry | None:
    code, receipt = said.get("errcode"), said.get("receipt")
    if code is not None and not _is_zero(code):
        if isinstance(code, bool) or not isinstance(code, int | float | str):
            return Retry(Reason.UNINTELLIGIBLE, "答复中的 errcode 无法识别")
        return Refused(Reason.REJECTED, plain(f"errcode {code} {_words(said, 'errmsg', 'note', 'message')}", hide))
    if said.get("accepted") is False:
        return Refused(Reason.REJECTED, plain(_words(said, "note", "message", "errmsg") or "对方答复不接受", hide))
    if isinstance(receipt, dict) and receipt.get("kind") == ReceiptKind.REJECTED:
        return Refused(Reason.REJECTED, plain(_words(receipt, "note") or "对方回执为拒绝", hide))
    return None


def _is_zero(code: object) -> bool:
    return not isinstance(code, bool) and (code == 0 or (isinstance(code, str) and code.strip() in ("", "0")))


def _words(said: dict[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := said.get(name), str) and value.strip()), "")


def _reference(value: object) -> str | None:
    """The outlet's id as it was given. One that is too long is none: a cut id is another id."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_REFERENCE or not value.isprintable():
        return None
    return value


def _receipt(value: object, hide: Iterable[str]) -> StatedReceipt | None:
    """The receipt, or ``None`` when any part of it is not what docs/channels/webhook.md says."""
    if not isinstance(value, dict) or not isinstance(kind := value.get("kind"), str):
        return None
    at, note, evidence = value.get("at"), value.get("note") or "", value.get("evidence") or ""
    try:
        kind, when = ReceiptKind(kind), moment(at)
    except ValueError:
        return None
    if not isinstance(note, str) or not isinstance(evidence, str) or not _is_evidence(evidence):
        return None
    return StatedReceipt(kind, when, plain(note, hide), evidence)


def moment(at: object) -> datetime | None:
    """A time as RFC 3339 with an offset; ``None`` when nothing is said. Raises ValueError."""
    if at is None or at == "":
        return None
    if not isinstance(at, str) or not _RFC3339.fullmatch(at):
        raise ValueError("not an RFC 3339 time")
    return datetime.fromisoformat(at.upper())


def _is_evidence(link: str) -> bool:
    """True for nothing, or for a web link that is safe to show to an operator."""
    if not link:
        return True
    if len(link) > LONGEST_EVIDENCE or not link.isprintable() or " " in link:
        return False
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
