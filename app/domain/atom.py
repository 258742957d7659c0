"""The partner's notices as an Atom feed (RFC 4287): an entry for each, with a link to its CAP message."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from xml.etree import ElementTree as ET

from app.domain.cap import CAP, MSG_TYPE, STATUS, time
from app.domain.words import Kind, Status

ATOM = "http://www.w3.org/2005/Atom"
ET.register_namespace("", ATOM)
ET.register_namespace("cap", CAP)


class Entry(NamedTuple):
    """``identifier`` is that of the CAP message behind ``href``."""

    identifier: str
    href: str
    kind: Kind
    status: Status
    issued_at: datetime
    expires_at: datetime
    unit: str
    title: str
    summary: str


def feed(id: str, href: str, updated: datetime, entries: Sequence[Entry]) -> bytes:
    """UTF-8. ``updated`` is that of the newest entry, or when there was none."""
    root = ET.Element(f"{{{ATOM}}}feed")
    _add(root, id=id, title="回家 紧急寻人", updated=time(updated))
    _link(root, "self", "application/atom+xml", href)
    _add(ET.SubElement(root, f"{{{ATOM}}}author"), name="回家 huijia")
    for entry in entries:
        _entry(root, entry)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _entry(root: ET.Element, e: Entry) -> None:
    entry = ET.SubElement(root, f"{{{ATOM}}}entry")
    _add(
        entry,
        id=f"urn:huijia:notice:{e.identifier}",
        title=e.title,
        updated=time(e.issued_at),
        published=time(e.issued_at),
    )
    _add(ET.SubElement(entry, f"{{{ATOM}}}author"), name=e.unit)
    _link(entry, "alternate", "application/cap+xml", e.href)
    ET.SubElement(entry, f"{{{ATOM}}}category", {"term": STATUS[e.status]})
    ET.SubElement(entry, f"{{{ATOM}}}summary", {"type": "text"}).text = e.summary
    # What CAP index feeds name: a reader can tell what is not for it without fetching the message.
    said = {
        "identifier": e.identifier,
        "status": STATUS[e.status],
        "msgType": MSG_TYPE[e.kind],
        "expires": time(e.expires_at),
    }
    for name, text in said.items():
        ET.SubElement(entry, f"{{{CAP}}}{name}").text = text


def _link(parent: ET.Element, rel: str, mime: str, href: str) -> None:
    ET.SubElement(parent, f"{{{ATOM}}}link", {"rel": rel, "type": mime, "href": href})


def _add(parent: ET.Element, **texts: str) -> None:
    for name, said in texts.items():
        ET.SubElement(parent, f"{{{ATOM}}}{name}").text = said
