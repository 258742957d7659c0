"""What a CAP player answers to a message of ours: Ack and Error (CAP 1.2 §3.2.1, ``msgType``)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET

from app.domain.cap import CAP
from app.domain.errors import Fault
from app.domain.words import ReceiptKind

MOST_REFERENCES = 100
LONGEST_NOTE = 500

_IDENTIFIER = re.compile(r"((?:HJ|YL|CS)-[0-9]{4}-[0-9]{6,12})\.([1-9][0-9]{0,5})")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
_CODES = {f"huijia:{kind}": kind for kind in (ReceiptKind.RECEIVED, ReceiptKind.AIRED, ReceiptKind.TAKEN_DOWN)}


@dataclass(frozen=True, slots=True)
class Reference:
    """One of our messages: the alert's number and the notice's."""

    text: str
    alert: str
    number: int


@dataclass(frozen=True, slots=True)
class CapAnswer:
    """``outlets`` are the outlet numbers that it speaks for; none: all of the sender's."""

    kind: ReceiptKind
    sent: datetime
    references: Sequence[Reference]
    outlets: Sequence[str]
    note: str


_SAYS = {  # what is wrong and the remedy, each in Chinese and English
    "unknown_address": (
        "“{said}”不是发布点编号。", "{said} is no outlet number.",
        "填写发布点编号，以空格分隔；不填即本单位全部。",
        "Give outlet numbers, separated by spaces, or leave it out for all of yours.",
    ),
    "not_an_answer": (
        "msgType 应为 Ack 或 Error。", "msgType must be Ack or Error.",
        "收到用 Ack，不能播出用 Error。", "Send Ack for what you took, Error for what you cannot air.",
    ),
    "not_a_time": (
        "sent 不是 CAP 1.2 的时间。", "sent is not a time as CAP 1.2 writes it.",
        "如 2026-11-23T15:04:07+08:00，写偏移，不写 Z。", "Such as 2026-11-23T15:04:07+08:00: an offset, no Z.",
    ),
    "no_references": (
        f"references 应有 1 至 {MOST_REFERENCES} 条。", f"references must hold 1 to {MOST_REFERENCES}.",
        "填写所答复消息的 sender,identifier,sent。", "Name the message that you answer: sender,identifier,sent.",
    ),
    "bad_reference": (
        "“{said}”不是本平台消息的引用。", "{said} refers to no message of ours.",
        "照抄原消息的 sender、identifier、sent，以逗号相连。",
        "Copy sender, identifier and sent of the message, joined by commas.",
    ),
}  # fmt: skip


class NotCap(Exception):
    """It is no CAP message at all. The text says why, in Chinese and English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def read_answer(raw: bytes) -> CapAnswer | Sequence[Fault]:
    """The answer, or everything that is wrong with it. Raises NotCap."""
    alert = _root(raw)
    faults: list[Fault] = []
    kind = _kind(alert, faults)
    sent = _sent(alert, faults)
    references = list(_references(alert, faults))
    outlets = _text(alert, "addresses").split()
    faults += [
        _fault("addresses", "unknown_address", one)
        for one in outlets
        if not (one.isascii() and one.isdigit() and len(one) < 19)
    ]
    if faults or kind is None or sent is None:
        return faults
    return CapAnswer(kind, sent, references, outlets, _text(alert, "note")[:LONGEST_NOTE])


def _root(raw: bytes) -> ET.Element:
    """No document type and no entities: nothing is expanded, nothing is fetched."""
    if b"\x00" in raw or b"<!" in raw.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        raise NotCap(
            "不接受带有 DOCTYPE 或实体声明的 XML，也不接受 UTF-16。",
            "XML with a DOCTYPE or entities, or in UTF-16, is not taken.",
        )
    try:
        root = ET.fromstring(raw)  # noqa: S314 - it declares nothing that could be expanded
    except (ET.ParseError, ValueError, LookupError):
        raise NotCap("不是合法的 XML。", "Not well-formed XML.") from None
    if root.tag != f"{{{CAP}}}alert":
        raise NotCap(f"根元素应为 CAP 1.2 的 alert（{CAP}）。", f"The root must be alert of CAP 1.2 ({CAP}).")
    return root


def _kind(alert: ET.Element, faults: list[Fault]) -> ReceiptKind | None:
    said = _text(alert, "msgType")
    if said == "Error":
        return ReceiptKind.REJECTED
    if said != "Ack":
        faults.append(_fault("msgType", "not_an_answer"))
        return None
    told = [_CODES[code.text.strip()] for code in _all(alert, "code") if code.text and code.text.strip() in _CODES]
    return told[-1] if told else ReceiptKind.RECEIVED


def _sent(alert: ET.Element, faults: list[Fault]) -> datetime | None:
    said = _text(alert, "sent")
    try:
        if _TIME.fullmatch(said):
            return datetime.fromisoformat(said)
    except ValueError:
        pass
    faults.append(_fault("sent", "not_a_time"))
    return None


def _references(alert: ET.Element, faults: list[Fault]) -> Iterator[Reference]:
    """``sender,identifier,sent`` each; whose they are the key says, so that the sender is not looked at."""
    said = _text(alert, "references").split()
    if not 0 < len(said) <= MOST_REFERENCES:
        faults.append(_fault("references", "no_references"))
        return
    for one in said:
        parts = one.split(",")
        match = _IDENTIFIER.fullmatch(parts[1]) if len(parts) == 3 else None
        if match is None:
            faults.append(_fault("references", "bad_reference", one))
        else:
            yield Reference(parts[1], match[1], int(match[2]))


def _text(alert: ET.Element, name: str) -> str:
    return (alert.findtext(f"{{{CAP}}}{name}") or "").strip()


def _all(alert: ET.Element, name: str) -> list[ET.Element]:
    return alert.findall(f"{{{CAP}}}{name}")


def _fault(element: str, code: str, said: str = "") -> Fault:
    return Fault(f"/alert/{element}", code, *(words.replace("{said}", said[:60]) for words in _SAYS[code]))
