"""What a JSON answer says beside its status: a refusal, a reference, a receipt."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from channels.carriers.redact import plain
from channels.contract import Accepted, Outcome, Reason, ReceiptKind, Refused, Retry, StatedReceipt

LONGEST_REFERENCE = 200
LONGEST_WORD = 200  # bytes of a plain "OK"; anything longer is a page of somebody else's
LONGEST_EVIDENCE = 500  # as POST /v1/receipts takes it

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)")


def json_object(body: bytes) -> dict[str, Any] | None:
    """The object in ``body``, or ``None``. A byte-order mark or GBK must not hide a refusal."""
    for read_as in (_utf8, _gb18030):
        try:
            found = orjson.loads(read_as(body))
        except orjson.JSONDecodeError:
            continue
        return found if isinstance(found, dict) else None
    return None


def _utf8(body: bytes) -> bytes:
    return body.removeprefix(b"\xef\xbb\xbf")


def _gb18030(body: bytes) -> bytes:
    return body.decode("gb18030", "replace").encode("utf-8", "replace")


def read(body: bytes, hide: Callable[[], Iterable[str]] = list) -> Outcome:
    """The outcome of a 2xx answer. Nothing at all, a JSON value or a short word is a plain yes. A page is not: the sign-in
    page of a network in between, or of a proxy, comes with 200 as well; nor is JSON that breaks off, in which a refusal
    may have been. ``hide`` is asked for what the far end's words may not hold, when there are words."""
    if not body:
        return Accepted()
    said = json_object(body)
    if said is None:
        strange = _strange(body)
        return Retry(Reason.UNINTELLIGIBLE, strange) if strange else Accepted()
    refusal = _refusal(said, hide)
    if refusal is not None:
        return refusal
    return Accepted(reference=_reference(said.get("reference")), receipt=_receipt(said.get("receipt"), hide))


def _strange(body: bytes) -> str:
    """Why an answer that is no JSON object cannot be taken as a yes; nothing when it can."""
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if text.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        return "答复是网页，不是接收系统的应答"
    if text.startswith((b"{", b"[")):
        return "" if _is_json(text) else "答复的 JSON 不完整"
    if text == b"false":
        return "答复为 false"
    return "答复过长，不是接收系统的应答" if len(text) > LONGEST_WORD and not _is_json(text) else ""


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _refusal(said: dict[str, Any], hide: Callable[[], Iterable[str]]) -> Refused | Retry | None:
    code, receipt = said.get("errcode"), said.get("receipt")
    if code is not None and not _is_zero(code):
        if isinstance(code, bool) or not isinstance(code, int | float | str):
            return Retry(Reason.UNINTELLIGIBLE, "答复中的 errcode 无法识别")
        return Refused(Reason.REJECTED, plain(f"errcode {code} {_words(said, 'errmsg', 'note', 'message')}", hide()))
    if said.get("accepted") is False:
        return Refused(Reason.REJECTED, plain(_words(said, "note", "message", "errmsg") or "对方答复不接受", hide()))
    if isinstance(receipt, dict) and receipt.get("kind") == ReceiptKind.REJECTED:
        return Refused(Reason.REJECTED, plain(_words(receipt, "note") or "对方回执为拒绝", hide()))
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


def _receipt(value: object, hide: Callable[[], Iterable[str]]) -> StatedReceipt | None:
    """The receipt, or ``None`` when any part of it is not what docs/channels/webhook.md says."""
    if not isinstance(value, dict) or not isinstance(kind := value.get("kind"), str):
        return None
    at, note, evidence = value.get("at"), value.get("note") or "", value.get("evidence") or ""
    try:
        kind, when, until = ReceiptKind(kind), moment(at), moment(value.get("until"))
    except ValueError:
        return None
    if not isinstance(note, str) or not isinstance(evidence, str) or not is_evidence(evidence):
        return None
    if until is not None and (kind is not ReceiptKind.AIRED or when is None or until < when):
        return None
    return StatedReceipt(kind, when, plain(note, hide()) if note else "", evidence, until=until)


def moment(at: object) -> datetime | None:
    """A time as RFC 3339 with an offset; ``None`` when nothing is said. Raises ValueError."""
    if at is None or at == "":
        return None
    if not isinstance(at, str) or not _RFC3339.fullmatch(at):
        raise ValueError("not an RFC 3339 time")
    return datetime.fromisoformat(at.upper())


def is_evidence(link: str) -> bool:
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
