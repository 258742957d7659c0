"""The EBDS file: a signature over the bytes of the EBDB file, in either year's form."""

import base64
import binascii
from datetime import datetime

from channels.carriers.ebd.document import Node, Unreadable, local, node, parsed, text, written
from channels.carriers.ebd.package import Package
from channels.carriers.ebd.settings import EbdSettings
from channels.carriers.ebd.signing import SIGNERS, UNSIGNED, verified

_SOFTWARE = 64


class BadSignature(Exception):
    """A signature that is missing or does not fit. The text is a Chinese sentence."""


async def signed(business: bytes, ebdid: str, settings: EbdSettings, at: datetime) -> bytes | None:
    """The EBDS file, or ``None`` where the settings say unsigned. Raises
    :class:`channels.carriers.ebd.signing.SigningFailed`."""
    if settings.signer == UNSIGNED:
        return None
    key = settings.signing_key.get_secret_value() if settings.signing_key else ""
    value = await SIGNERS[settings.signer].sign(business, key)
    return written(
        _of_2016(value, ebdid, settings, at) if settings.version == "2016" else _of_2018(value, ebdid, settings)
    )


def _of_2018(value: bytes, ebdid: str, settings: EbdSettings) -> Node:
    return node(
        "Signature",
        node("Version", "1.0"),
        node("RelatedEBD", node("EBDID", ebdid)),
        node("CertSN", settings.cert_sn),
        node("SignatureAlgorithm", "SM2-SM3"),
        node("SignatureValue", base64.b64encode(value).decode()),
    )


def _of_2016(value: bytes, ebdid: str, settings: EbdSettings, at: datetime) -> Node:
    """The value of the only file seen begins with the four bytes of its time and the six of its certificate."""
    seconds = f"{int(at.timestamp()):08x}"
    if len(value) == _SOFTWARE and len(settings.cert_sn) == 12:
        value = bytes.fromhex(seconds + settings.cert_sn) + value
    return node(
        "Signature",
        node("Version", "1.0"),
        node("RelatedEBD", node("EBDID", ebdid)),
        node(
            "SignatureCert",
            node("CertType", "1"),
            node("IssuerID", settings.issuer_id),
            node("CertSN", settings.cert_sn),
        ),
        node("SignatureTime", seconds),
        node("DigestAlgorithm", "SM3"),
        node("SignatureAlgorithm", "SM2"),
        node("SignatureValue", base64.b64encode(value).decode()),
    )


async def check(package: Package, ebdid: str, settings: EbdSettings) -> None:
    """Nothing where the platform's key is not set. Raises :class:`BadSignature`."""
    if not settings.peer_key:
        return
    if package.signature is None:
        raise BadSignature("缺少签名文件")
    try:
        root = parsed(package.signature)
    except Unreadable as error:
        raise BadSignature("签名文件无法解析") from error
    if local(root) != "Signature" or text(root, "RelatedEBD/EBDID") != ebdid:
        raise BadSignature("签名文件与数据包不对应")
    serial = text(root, "CertSN", "SignatureCert/CertSN")
    if settings.peer_cert_sn and serial.lower() != settings.peer_cert_sn.lower():
        raise BadSignature("签名证书序列号与登记的不符")
    value = _value(text(root, "SignatureValue"), text(root, "SignatureTime") + serial)
    if not await verified(settings.peer_key, package.business, value):
        raise BadSignature("签名验证失败")


def _value(encoded: str, head: str) -> bytes:
    """r and s, out of whichever wrapping. ``head``: time and certificate, which precede them in the form of 2016."""
    try:
        value = base64.b64decode("".join(encoded.split()), validate=True)
        before = bytes.fromhex(head) if head else b""
    except (binascii.Error, ValueError):
        return b""
    if before and value.startswith(before):
        return value[len(before) :]
    return _of_der(value) if value[:1] == b"\x30" and len(value) != _SOFTWARE else value


def _of_der(value: bytes) -> bytes:
    """SEQUENCE of two INTEGERs (GB/T 35276) as r and s, or nothing."""
    numbers, at = [], 2
    for _ in range(2):
        if value[at : at + 1] != b"\x02":
            return b""
        end = at + 2 + value[at + 1] if at + 1 < len(value) else at
        numbers.append(int.from_bytes(value[at + 2 : end]))
        at = end
    if at != len(value) or value[1] != len(value) - 2 or max(numbers).bit_length() > 256:
        return b""
    return b"".join(number.to_bytes(32) for number in numbers)
