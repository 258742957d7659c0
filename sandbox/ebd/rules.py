"""What a packet must be like before the platform acts on it."""

import base64
import binascii
import hashlib
import re
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta

from sandbox.ebd import curve, order
from sandbox.ebd.identity import Identity, parse
from sandbox.ebd.packet import Packet, Rejected

SEVERITIES = {"0", "1", "2", "3", "4", "10", "15", "21", "22", "23"}
MARKS = ("【演练】", "【测试】")
SKEW = timedelta(minutes=5)


def check_packet(packet: Packet, who: Identity, now: datetime) -> None:
    """Form, sender, signature, and the ids' own shape. Raises :class:`Rejected`."""
    order.check(packet.root, who.send_time)
    for name in ("EBDVersion", "EBDID", "SRC/EBRID", "EBDTime"):
        if not packet.text(name):
            raise Rejected(3, f"{name} is empty")
    if packet.text("EBDID") != packet.ebdid:
        raise Rejected(2, "the file is named after another EBDID")
    source = packet.text("SRC/EBRID")
    if source != who.peer:
        raise Rejected(5, "SRC/EBRID is nobody we know")
    if packet.root.find("DEST") is not None and packet.text("DEST/EBRID") != who.own:
        raise Rejected(5, "DEST/EBRID is not ours")
    beat = packet.text("EBDType") == "ConnectionCheck"
    shape = f"01{source}{'0' * 16}" if beat else f"10{source}[0-9]{{16}}"
    if not re.fullmatch(shape, packet.ebdid):
        raise Rejected(5, "EBDID is not 10, the sender and 16 digits")
    at = parse(packet.text("EBDTime"))
    if at is None or at > now + SKEW:
        raise Rejected(5, "EBDTime is no time, or is yet to come")
    _signed(packet, who)


def check_ebm(packet: Packet, who: Identity, digest: str = "md5") -> None:
    """The message and its files. Raises :class:`Rejected`."""
    ebmid = packet.text("EBM/EBMID")
    sent = _times(packet, who)
    if not re.fullmatch(rf"{who.peer}{sent:%Y%m%d}[0-9]{{4}}", ebmid):
        raise Rejected(5, "EBMID is not the sender, the day and four digits")
    kind = packet.text("EBM/MsgBasicInfo/MsgType")
    if kind not in {"1", "2", "3", "4", "5"}:
        raise Rejected(5, f"MsgType {kind!r}")
    if (kind == "2") != bool(packet.text("EBM/RelatedInfo/EBMID")):
        raise Rejected(3, "a cancel, and nothing else, names the message it cancels")
    _codes(packet, who)
    _content(packet, kind, who)
    _files(packet, digest)


def _times(packet: Packet, who: Identity) -> datetime:
    names = (who.send_time, "StartTime", "EndTime")
    sent, start, end = (parse(packet.text(f"EBM/MsgBasicInfo/{name}")) for name in names)
    if sent is None or start is None or end is None:
        raise Rejected(3, "SendTime, StartTime and EndTime are times")
    if not start < end:
        raise Rejected(5, "EndTime is not after StartTime")
    return sent


def _codes(packet: Packet, who: Identity) -> None:
    basic = "EBM/MsgBasicInfo/"
    if not packet.text(f"{basic}SenderName") or not packet.text(f"{basic}SenderCode"):
        raise Rejected(3, "SenderName or SenderCode is empty")
    if packet.text(f"{basic}Severity") not in SEVERITIES:
        raise Rejected(5, "Severity")
    if not re.fullmatch(r"[0-9A-Z]{5}", packet.text(f"{basic}EventType")):
        raise Rejected(5, "EventType")
    drill = packet.text(f"{basic}MsgType") in {"3", "4", "5"}
    if drill and packet.text(f"{basic}Severity") in {"1", "2", "3", "4"}:
        raise Rejected(5, "a drill of a real severity")


def _content(packet: Packet, kind: str, who: Identity) -> None:
    content = packet.root.find("EBM/MsgContent")
    if content is None:
        raise Rejected(3, "MsgContent is missing")
    for name in ("LanguageCode", "MsgTitle", "MsgDesc", "AreaCode"):
        if not (content.findtext(name) or "").strip():
            raise Rejected(3, f"{name} is empty")
    if content.findtext("LanguageCode") != "zho":
        raise Rejected(5, "LanguageCode")
    if not all(re.fullmatch(r"[0-9]{12}", area) for area in areas(packet)):
        raise Rejected(5, "AreaCode is not of 12 digits each")
    marked = [packet.text(f"EBM/MsgContent/{name}").startswith(MARKS) for name in ("MsgTitle", "MsgDesc")]
    if kind != "2" and marked != [kind != "1"] * 2:
        raise Rejected(5, "a drill says so in its title and text, and nothing else does")
    if kind == "2" and marked[0] != marked[1]:
        raise Rejected(5, "title and text disagree on whether this is a drill")


def areas(packet: Packet) -> list[str]:
    """The areas that the message is for."""
    return packet.text("EBM/MsgContent/AreaCode").split(",")


def auxiliaries(packet: Packet) -> list[ET.Element]:
    """What describes the files of the message."""
    return packet.root.findall("EBM/MsgContent/Auxiliary")


def _files(packet: Packet, digest: str) -> None:
    named: list[str] = []
    for auxiliary in auxiliaries(packet):
        name = auxiliary.findtext("AuxiliaryDesc") or ""
        body = packet.resources.get(name)
        if body is None:
            raise Rejected(3, f"no file {name!r} in the tar")
        if auxiliary.findtext("Size") != str(len(body)):
            raise Rejected(5, "Size is not that of the file")
        if auxiliary.findtext("Digest") != hashlib.new(digest, body, usedforsecurity=False).hexdigest():
            raise Rejected(5, "Digest is not that of the file")
        if not (auxiliary.findtext("AuxiliaryType") or "").isdigit():
            raise Rejected(5, "AuxiliaryType")
        named.append(name)
    if sorted(named) != sorted(packet.resources):
        raise Rejected(5, "files that nobody speaks of, or one file twice")


def _signed(packet: Packet, who: Identity) -> None:
    if not who.peer_key:
        return
    if packet.signature is None:
        raise Rejected(4, "not signed")
    try:
        root = ET.fromstring(packet.signature)  # noqa: S314 - signed or not, it is from a known sender of a sandbox
        value = base64.b64decode(root.findtext("SignatureValue") or "", validate=True)
    except (ET.ParseError, binascii.Error, ValueError) as error:
        raise Rejected(4, "the signature cannot be read") from error
    if root.findtext("RelatedEBD/EBDID") != packet.ebdid:
        raise Rejected(4, "the signature is of another packet")
    if who.version == "2016":
        head = (root.findtext("SignatureTime") or "") + (root.findtext("SignatureCert/CertSN") or "")
        if not value.startswith(bytes.fromhex(head)) or len(value) != 74:
            raise Rejected(4, "the value does not begin with its time and its certificate")
        value = value[10:]
    if not curve.verify(who.peer_key, packet.business, value):
        raise Rejected(4, "the signature is wrong")
