"""The tar in which an EBD travels: business XML, its signature, and the files it names."""

import io
import re
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from channels.carriers.ebd.document import LARGEST, Unreadable

MOST_FILES = 64
_BUSINESS, _SIGNATURE = "EBDB", "EBDS"
_NAME = re.compile(r"[^/\\\x00-\x1f]{1,200}")


@dataclass(frozen=True, slots=True)
class Package:
    """The two files of a tar that are read. Resources stay unread: nobody sends us any that we need."""

    business: bytes
    signature: bytes | None = None


def tar_name(ebdid: str) -> str:
    """EBDT_….tar"""
    return f"EBDT_{ebdid}.tar"


def packed(
    ebdid: str, business: bytes, signature: bytes | None, resources: Sequence[tuple[str, bytes]], at: datetime
) -> bytes:
    """An uncompressed tar (ustar); the same arguments give the same bytes."""
    files = [(f"{_BUSINESS}_{ebdid}.xml", business)]
    if signature is not None:
        files.append((f"{_SIGNATURE}_{_BUSINESS}_{ebdid}.xml", signature))
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, body in (*files, *resources):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(body), int(at.timestamp())
            tar.addfile(entry, io.BytesIO(body))
    return made.getvalue()


def opened(body: bytes) -> Package:
    """The business and signature files, found by their prefix. Nothing is unpacked. Raises :class:`Unreadable`."""
    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:") as tar:
            found = _found(tar)
    except (tarfile.TarError, ValueError, EOFError, OverflowError, OSError) as error:
        raise Unreadable("tar 数据包损坏或不完整") from error
    if len(found.get(_BUSINESS, [])) != 1:
        raise Unreadable("数据包中应有且只有一个 EBDB 文件")
    if len(found.get(_SIGNATURE, [])) > 1:
        raise Unreadable("数据包中有多个 EBDS 文件")
    return Package(found[_BUSINESS][0], next(iter(found.get(_SIGNATURE, [])), None))


def _found(tar: tarfile.TarFile) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for at, entry in enumerate(tar):
        name = entry.name.removeprefix("./")
        if at >= MOST_FILES:
            raise Unreadable("数据包中文件过多")
        if entry.isdir() and name in ("", "."):
            continue
        if not entry.isreg() or not _NAME.fullmatch(name):
            raise Unreadable("数据包中有不合规的文件名或文件类型")
        kind = next((kind for kind in (_BUSINESS, _SIGNATURE) if name.startswith(kind)), None)
        if kind is None:
            continue
        if entry.size > LARGEST:  # stated: a sparse file states any size while it brings no bytes
            raise Unreadable("数据包中的 XML 过大")
        content = tar.extractfile(entry)
        read = b"" if content is None else content.read()
        if len(read) != entry.size:
            raise Unreadable("tar 数据包损坏或不完整")
        found.setdefault(kind, []).append(read)
    return found
