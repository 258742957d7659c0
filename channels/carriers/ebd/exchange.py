"""One packet to the platform, and the packet that it answers with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from channels.carriers.ebd.document import Node, Unreadable
from channels.carriers.ebd.envelope import Envelope, enveloped, read
from channels.carriers.ebd.package import opened, packed, tar_name
from channels.carriers.ebd.settings import EbdSettings
from channels.carriers.ebd.signature import BadSignature, check, signed
from channels.carriers.ebd.signing import SigningFailed
from channels.carriers.http import failure, unanswered
from channels.contract import Reason, Refused, Retry, Wire, WireError


@dataclass(frozen=True, slots=True)
class Packet:
    """An EBD to be sent. ``at``: when it was first made; ``related``: as in
    :func:`channels.carriers.ebd.envelope.enveloped`."""

    ebdid: str
    body: Node
    at: datetime
    resources: Sequence[tuple[str, bytes]] = ()
    related: str | None = None


async def exchange(
    packet: Packet, settings: EbdSettings, *, now: datetime, wire: Wire, timeout: timedelta, hide: Sequence[str] = ()
) -> Envelope | Retry | Refused:
    """POST the packet. What comes back is about this packet and, where the platform's key is known, signed with it."""
    business = enveloped(settings, packet.ebdid, packet.body, packet.at, related=packet.related)
    try:
        signature = await signed(business, packet.ebdid, settings, packet.at)
    except SigningFailed as error:
        return Retry(Reason.BAD_CREDENTIALS, f"未能签名，没有发送：{error}")
    kind, form = _form(packet.ebdid, packed(packet.ebdid, business, signature, packet.resources, packet.at))
    headers = {"content-type": kind, "user-agent": "huijia"}
    try:
        reply = await wire.request("POST", settings.url, headers=headers, timeout=timeout, body=form)
    except WireError as error:
        return unanswered(error, hide)
    failed = failure(reply, now)
    if failed is not None:
        return failed
    try:
        return await answered(reply.body, packet.ebdid, settings)
    except Unreadable as error:
        return Retry(Reason.UNINTELLIGIBLE, f"答复无法识别：{error}")
    except BadSignature as error:
        return Retry(Reason.UNINTELLIGIBLE, f"答复不可信：{error}")


async def answered(body: bytes, ebdid: str, settings: EbdSettings) -> Envelope:
    """The packet in an answer to ``ebdid``. Raises :class:`Unreadable` or :class:`BadSignature`."""
    package = opened(body)
    answer = read(package.business)
    if answer.related not in ("", ebdid):
        raise Unreadable("答复的不是本次数据包")
    await check(package, answer.ebdid, settings)
    return answer


def unspeakable(settings: EbdSettings) -> list[str]:
    """What may not come back in the platform's words: addresses, their parts, the key."""
    addresses = [settings.url, *([settings.callback] if settings.callback else [])]
    parts = [part for address in addresses for part in re.split(r"[/?&=]", address) if len(part) >= 8]
    keys = [key.get_secret_value() for key in (settings.signing_key,) if isinstance(key, SecretStr)]
    return [*addresses, *parts, *keys]


def _form(ebdid: str, tar: bytes) -> tuple[str, bytes]:
    """The content type and the body: RFC 7578 with one part. No file of ours holds the boundary."""
    boundary = f"huijia-{ebdid}"
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{tar_name(ebdid)}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return f"multipart/form-data; boundary={boundary}", head.encode() + tar + f"\r\n--{boundary}--\r\n".encode()
