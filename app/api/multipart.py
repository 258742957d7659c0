"""A record and its photo as multipart/form-data; no bytes are guessed to be text in another encoding."""

from collections.abc import Sequence

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from app.api.json_body import plain
from app.api.problems import Problem
from app.forms.multipart import Part, Unreadable, read_all

_MOST_PARTS = 8


async def read_parts(request: Request, boundary: bytes) -> dict[str, bytes]:
    """The bytes of each part by its name. Raises Problem for anything but one ``record`` and at most one ``photo``."""
    plain(request)
    try:
        return _by_name(await read_all(request.stream(), boundary, _MOST_PARTS))
    except Unreadable as e:
        raise Problem("multipart", f"multipart 内容{e.zh}。", f"The multipart body {e.en}.") from None


def _by_name(parts: Sequence[Part]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in parts:
        name = part.name
        if name not in ("record", "photo"):
            shown = f"名为“{name[:40]}”" if name else "没有名字"
            raise Unreadable(f"中有一个部分{shown}", f"has a part named {name[:40]!r}")
        if name in found:
            raise Unreadable(f"中 {name} 部分出现了两次", f"has two `{name}` parts")
        if part.headers.get("content-transfer-encoding", b"binary").lower() not in (b"binary", b"8bit", b"7bit"):
            raise Unreadable(f"的 {name} 部分带有转换编码", f"has a transfer encoding on its `{name}` part")
        _, of_type = parse_options_header(part.headers.get("content-type", b""))
        if of_type.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"utf8"):
            raise Unreadable(f"的 {name} 部分不是 UTF-8 编码", f"has a `{name}` part that is not in UTF-8")
        found[name] = bytes(part.body)
    if "record" not in found:
        raise Unreadable("中缺少 record 部分", "has no `record` part")
    return found
