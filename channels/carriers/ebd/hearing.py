"""A packet that the platform sends us: read, checked, and answered as the wire's standard says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import File, FormParser, parse_options_header

from channels.carriers.ebd.document import Unreadable
from channels.carriers.ebd.envelope import Envelope, enveloped, read
from channels.carriers.ebd.evidence import concerned, echoes
from channels.carriers.ebd.ids import new_ebdid
from channels.carriers.ebd.package import opened, packed, tar_name
from channels.carriers.ebd.report import reports
from channels.carriers.ebd.response import Code, response
from channels.carriers.ebd.settings import EbdSettings
from channels.carriers.ebd.signature import BadSignature, check, signed
from channels.carriers.ebd.signing import SigningFailed
from channels.contract import Call, Echo, Heard, Reply, Wire

_MOST_BODY = 4 * 1024 * 1024
_IN_MEMORY = {"MAX_MEMORY_FILE_SIZE": _MOST_BODY}


@dataclass(frozen=True, slots=True)
class Said:
    """What we answer, and what was learnt. ``answered``: the packet, where it could be read; ``genuine``: it is the
    platform's."""

    code: Code
    words: str = ""
    echoes: tuple[Echo, ...] = ()
    answered: Envelope | None = None
    genuine: bool = False


async def hear(settings: EbdSettings, call: Call, *, now: datetime, wire: Wire) -> Heard:
    """Whatever comes is answered with an EBDResponse; only what is genuine is evidence."""
    said = await _said(settings, call, wire)
    reply = await _reply(settings, said, now, wire)
    return Heard(reply, said.echoes, alive=said.genuine)


async def _said(settings: EbdSettings, call: Call, wire: Wire) -> Said:
    try:
        package = opened(_tar(call))
        envelope = read(package.business)
    except Unreadable as error:
        return Said(Code.UNPARSED, str(error))
    if envelope.source != settings.target:
        return Said(Code.OTHER, "发送方未登记", answered=envelope)
    if envelope.target and envelope.target != settings.source:
        return Said(Code.OTHER, "数据包不是发给本系统的", answered=envelope)
    # Platforms were seen to leave heartbeats unsigned. One that is signed must be signed rightly.
    if envelope.type != "ConnectionCheck" or package.signature is not None:
        try:
            await check(package, envelope.ebdid, settings)
        except BadSignature as error:
            return Said(Code.BAD_SIGNATURE, str(error), answered=envelope)
    return replace(await _learnt(envelope, settings, wire), answered=envelope, genuine=True)


async def _learnt(envelope: Envelope, settings: EbdSettings, wire: Wire) -> Said:
    if envelope.body is None:
        return Said(Code.INCOMPLETE, "缺少与 EBDType 同名的内容")
    if envelope.type == "ConnectionCheck":
        return Said(Code.TAKEN)
    if envelope.type not in ("EBMStateResponse", "EBMBrdLog"):
        return Said(Code.INCOMPLETE, "该接口暂不支持")
    found: list[Echo] = []
    for report in reports(envelope.type, envelope.body, settings.form):
        if report.brd is None:
            return Said(Code.INCOMPLETE, "缺少播发状态代码，或代码不在约定之列")
        message = await concerned(report, envelope.related, settings.target, wire)
        if message is not None:
            found += await echoes(report, message, wire)
        elif envelope.type == "EBMStateResponse":  # a log tells of other senders' messages too
            return Said(Code.OTHER, "查找不到该 EBMID")
    return Said(Code.TAKEN, echoes=tuple(found))


async def _reply(settings: EbdSettings, said: Said, now: datetime, wire: Wire) -> Reply:
    ebdid = await new_ebdid(settings, wire)
    to, related = (said.answered.source, said.answered.ebdid) if said.answered else ("", "")
    body = response(said.code, said.words)
    business = enveloped(settings, ebdid, body, now, to=to, related=related)
    try:
        signature = await signed(business, ebdid, settings, now)
    except SigningFailed:
        signature = None  # the platform may doubt the answer, but it must have one
    name = tar_name(ebdid)
    headers = {"content-type": "application/octet-stream", "content-disposition": f"attachment; filename={name}"}
    return Reply(200, headers, packed(ebdid, business, signature, (), now))


def _tar(call: Call) -> bytes:
    """The tar in a form, or the body itself where the platform sends no form. Raises :class:`Unreadable`."""
    if len(call.body) > _MOST_BODY:
        raise Unreadable("数据包过大")
    kind, options = parse_options_header(call.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        return call.body
    files: list[tuple[bytes, bytes]] = []
    try:
        parser = FormParser(
            kind.decode(), None, lambda file: files.append(_content(file)), boundary=options[b"boundary"]
        )
        parser.write(call.body)
        parser.finalize()
    except (FormParserError, KeyError, UnicodeDecodeError, ValueError) as error:
        raise Unreadable("multipart 表单无法解析") from error
    return _chosen(files)


def _content(file: File) -> tuple[bytes, bytes]:
    file.file_object.seek(0)
    return file.file_name or b"", file.file_object.read()


def _chosen(files: Iterable[tuple[bytes, bytes]]) -> bytes:
    kept: Sequence[tuple[bytes, bytes]] = list(files)
    tars = [body for name, body in kept if name.lower().endswith(b".tar")] or [body for _, body in kept]
    if len(tars) != 1:
        raise Unreadable("表单中应有且只有一个 tar 文件")
    return tars[0]
