"""Which elements stand where, how often, and in which order."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping

from sandbox.ebd.packet import Rejected

_TYPES = """EBM EBMStateRequest EBMStateResponse OMDRequest EBRPSInfo EBRSTInfo EBRASInfo EBRBSInfo EBRDTInfo EBMBrdLog
EBRPSState EBRASState EBRBSState EBRDTState ConnectionCheck EBDResponse"""
TYPES = frozenset(_TYPES.split())

# "?" may be absent, "*" may be absent or repeated. What is not listed has only text in it.
ORDER: Mapping[str, str] = {
    "SRC": "EBRID URL?",
    "DEST": "EBRID",
    "RelatedEBD": "EBDID?",
    "EBM": "EBMVersion EBMID RelatedInfo? MsgBasicInfo MsgContent? Dispatch*",
    "RelatedInfo": "EBMID? EBIID?",
    "MsgContent": "LanguageCode MsgTitle MsgDesc AreaCode ProgramNum? Auxiliary*",
    "Auxiliary": "AuxiliaryType AuxiliaryDesc Size Digest",
    "EBMStateRequest": "EBM",
    "EBDResponse": "ResultCode ResultDesc",
    "ConnectionCheck": "RptTime",
}
BASIC = "MsgType SenderName SenderCode {} EventType Severity StartTime EndTime"


def check(root: ET.Element, send_time: str) -> None:
    """The envelope and everything in it. Raises :class:`Rejected`: 2 for what is in the wrong place, 3 for what is
    missing."""
    if root.tag != "EBD":
        raise Rejected(2, f"the root is {root.tag}")
    kind = (root.findtext("EBDType") or "").strip()
    if kind not in TYPES:
        raise Rejected(2, f"EBDType {kind!r}")
    _ordered(root, f"EBDVersion EBDID EBDType SRC DEST? EBDTime RelatedEBD? {kind}")
    body = root.find(kind)
    assert body is not None
    for part in ("SRC", "DEST", "RelatedEBD"):
        found = root.find(part)
        if found is not None:
            _ordered(found, ORDER[part])
    if kind == "EBMStateRequest":
        _ordered(body, "EBM")
        _ordered(body[0], "EBMID")
    else:
        _deep(body, send_time)


def _deep(element: ET.Element, send_time: str) -> None:
    wanted = BASIC.format(send_time) if element.tag == "MsgBasicInfo" else ORDER.get(element.tag, "")
    _ordered(element, wanted)
    for inner in element:
        _deep(inner, send_time)


def _ordered(element: ET.Element, wanted: str) -> None:
    there = [inner.tag for inner in element]
    if wanted and (element.text or "").strip():
        raise Rejected(2, f"text beside the elements of {element.tag}")
    for name in wanted.split():
        plain = name.rstrip("?*")
        if not there or there[0] != plain:
            if name == plain:
                raise Rejected(3, f"{element.tag}/{plain} is missing or out of order: {[i.tag for i in element]}")
            continue
        there.pop(0)
        while name.endswith("*") and there and there[0] == plain:
            there.pop(0)
    if there:
        raise Rejected(2, f"{element.tag} holds {there[0]} where it may not stand")
