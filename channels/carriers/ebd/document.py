"""XML as it is exchanged: written so that every parser takes it, read so that nobody can harm the reader."""

import re

from lxml import etree

LARGEST = 1024 * 1024
"""Bytes of one document. What platforms send is a few kilobytes."""

# XML 1.0 §2.2: the characters that no escape can bring into a document.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'

Node = etree._Element


class Unreadable(Exception):
    """What came is not a packet or document that can be read. The text is a Chinese sentence that repeats none of it."""


def node(name: str, *inside: Node | str | None, nsmap: dict[str, str] | None = None) -> Node:
    """An element with the text or the children given; ``None`` is left out."""
    made = etree.Element(name, nsmap=nsmap)
    for part in inside:
        if isinstance(part, str):
            made.text = _ILLEGAL.sub(" ", part)
        elif part is not None:
            made.append(part)
    return made


def written(root: Node) -> bytes:
    """The document in UTF-8."""
    return _HEAD + etree.tostring(root, encoding="utf-8")


def parsed(body: bytes) -> Node:
    """The root. No entities, no document type, no network. Raises :class:`Unreadable`."""
    if len(body) > LARGEST:
        raise Unreadable("XML 过大")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:  # LookupError: an encoding nobody knows
        raise Unreadable("XML 无法解析") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("XML 带有 DOCTYPE，不予解析")
    return root


def local(element: Node) -> str:
    """The name without its namespace."""
    return etree.QName(element).localname


def children(element: Node | None, name: str) -> list[Node]:
    """The children of that name, in order, whatever namespace they are in."""
    return [] if element is None else [child for child in element if local(child) == name]


def child(element: Node | None, path: str) -> Node | None:
    """The first element at ``a/b/c`` below this one."""
    for name in path.split("/"):
        element = next(iter(children(element, name)), None)
    return element


def text(element: Node | None, *paths: str) -> str:
    """The text at the first path that has one: the second spelling of a name stands behind the first."""
    for path in paths:
        found = child(element, path)
        if found is not None and found.text and found.text.strip():
            return found.text.strip()
    return ""
