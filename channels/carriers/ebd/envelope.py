"""The EBD around every body: who says it to whom, when, and in answer to what."""

import re
from dataclasses import dataclass
from datetime import datetime

from channels.carriers.ebd.document import Node, Unreadable, child, local, node, parsed, text, written
from channels.carriers.ebd.settings import EbdSettings
from channels.wording import BEIJING, beijing

_SPACE = {"xs": "http://www.w3.org/2001/XMLSchema"}
_DIGITS = re.compile(r"[0-9]{1,64}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """An EBD as it was read. ``related`` is the EBDID that it answers, or empty; ``body`` the element named like ``type``."""

    ebdid: str
    type: str
    source: str
    target: str
    related: str
    body: Node | None


def stamp(at: datetime) -> str:
    """Beijing's wall clock, without a zone: the only time on this wire."""
    return f"{beijing(at):%Y-%m-%d %H:%M:%S}"


def moment(value: str) -> datetime | None:
    """The time that :func:`stamp` wrote, or ``None`` when it is not one."""
    try:
        return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:
        return None


def enveloped(
    settings: EbdSettings, ebdid: str, body: Node, at: datetime, *, to: str = "", related: str | None = None
) -> bytes:
    """The document. ``to`` is the resource that it is for, the outlet's platform where it is empty; ``related`` the EBDID
    answered, where it is empty an empty element."""
    told = node("RelatedEBD", node("EBDID", related) if related else None) if related is not None else None
    return written(
        node(
            "EBD",
            node("EBDVersion", settings.form.ebd_version),
            node("EBDID", ebdid),
            node("EBDType", local(body)),
            node("SRC", node("EBRID", settings.source), node("URL", settings.callback) if settings.callback else None),
            node("DEST", node("EBRID", to or settings.target)),
            node("EBDTime", stamp(at)),
            told,
            body,
            nsmap=_SPACE,
        )
    )


def read(business: bytes) -> Envelope:
    """An EBD, of either year's spelling. Raises :class:`Unreadable`."""
    root = parsed(business)
    if local(root) != "EBD":
        raise Unreadable("XML 不是应急广播数据包")
    ebdid, kind = text(root, "EBDID"), text(root, "EBDType")
    if not kind or not _DIGITS.fullmatch(ebdid):
        raise Unreadable("应急广播数据包缺少 EBDID 或 EBDType")
    return Envelope(
        ebdid,
        kind,
        text(root, "SRC/EBRID", "SRC/EBEID"),
        text(root, "DEST/EBRID", "DEST/EBEID"),
        text(root, "RelatedEBD/EBDID"),
        child(root, kind) if re.fullmatch(r"\w+", kind) else None,
    )
