"""A packet as it came, and a packet as it is sent: tar and XML by the standard library alone."""

import base64
import io
import tarfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.ebd import curve
from sandbox.ebd.identity import Identity

SPACE = b'xmlns:xs="http://www.w3.org/2001/XMLSchema"'


class Rejected(Exception):
    """A rule that was broken. ``code`` is the ResultCode; ``words`` say which rule."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class Packet:
    """``business`` are the bytes of the EBDB file, ``root`` what is in them, ``resources`` the other files by name."""

    ebdid: str
    business: bytes
    root: ET.Element
    resources: dict[str, bytes] = field(default_factory=dict)
    signature: bytes | None = None

    def text(self, path: str) -> str:
        """The text at a path below the root, or nothing."""
        return (self.root.findtext(path) or "").strip()


def opened(filename: str, tar: bytes) -> Packet:
    """Raises :class:`Rejected` with 2."""
    if not (filename.startswith("EBDT_") and filename.endswith(".tar")):
        raise Rejected(2, f"file name {filename}")
    ebdid = filename[5:-4]
    files = _files(tar)
    business = files.pop(f"EBDB_{ebdid}.xml", None)
    if business is None:
        raise Rejected(2, "no EBDB file named after the packet")
    signature = files.pop(f"EBDS_EBDB_{ebdid}.xml", None)
    if stray := [name for name in files if name.startswith(("EBDB", "EBDS", "EBDT"))]:
        raise Rejected(2, f"stray files {stray}")
    return Packet(ebdid, business, _root(business), files, signature)


def _files(tar: bytes) -> dict[str, bytes]:
    if len(tar) % 512 or not tar.endswith(bytes(1024)):
        raise Rejected(2, "a tar ends with two empty blocks")
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as archive:
            for entry in archive:
                content = archive.extractfile(entry) if entry.isreg() else None
                if content is None or "/" in entry.name or entry.name in found:
                    raise Rejected(2, f"entry {entry.name}")
                found[entry.name] = content.read()
    except tarfile.TarError as error:
        raise Rejected(2, "not a tar") from error
    return found


def _root(business: bytes) -> ET.Element:
    if b"<!DOCTYPE" in business or not business.startswith(b"<?xml"):
        raise Rejected(2, "a document begins with its XML declaration and has no document type")
    if SPACE not in business:
        raise Rejected(2, "the root declares xmlns:xs")
    try:
        business.decode("utf-8")
        return ET.fromstring(business)  # noqa: S314 - no document type, so no entities
    except (UnicodeDecodeError, ET.ParseError) as error:
        raise Rejected(2, "not an XML document in UTF-8") from error


def element(name: str, *inside: ET.Element | str | None) -> ET.Element:
    """An element with text or children; ``None`` is left out."""
    made = ET.Element(name)
    for part in inside:
        if isinstance(part, str):
            made.text = part
        elif part is not None:
            made.append(part)
    return made


def written(
    who: Identity, ebdid: str, body: ET.Element, now: datetime, *, related: str = "", spelling: str = "EBRID"
) -> bytes:
    """A whole tar from this platform to huijia. ``spelling``: older software writes EBEID."""
    root = element(
        "EBD",
        element("EBDVersion", "1"),
        element("EBDID", ebdid),
        element("EBDType", body.tag),
        element("SRC", element(spelling, who.own)),
        element("DEST", element(spelling, who.peer)),
        element("EBDTime", f"{now:%Y-%m-%d %H:%M:%S}"),
        element("RelatedEBD", element("EBDID", related) if related else None),
        body,
    )
    root.set("xmlns:xs", "http://www.w3.org/2001/XMLSchema")
    business = b'<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(root, encoding="utf-8", xml_declaration=False)
    files = {f"EBDB_{ebdid}.xml": business}
    if who.keys is not None:
        files[f"EBDS_EBDB_{ebdid}.xml"] = _signature(who, ebdid, business)
    return tar(files)


def tar(files: dict[str, bytes]) -> bytes:
    """An uncompressed tar."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return made.getvalue()


def _signature(who: Identity, ebdid: str, business: bytes) -> bytes:
    assert who.keys is not None
    value = base64.b64encode(curve.sign(who.keys, business)).decode()
    signature: bytes = ET.tostring(
        element(
            "Signature",
            element("Version", "1.0"),
            element("RelatedEBD", element("EBDID", ebdid)),
            element("CertSN", who.cert_sn),
            element("SignatureAlgorithm", "SM2-SM3"),
            element("SignatureValue", value),
        ),
        encoding="utf-8",
    )
    return signature
