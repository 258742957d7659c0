"""multipart/form-data (RFC 7578) in memory: a photo of a child is never spooled to a disk, and no bytes are guessed to
be text in another encoding."""

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from app.api.json_body import plain
from app.api.problems import Problem

_MOST_PARTS = 8


@dataclass(slots=True)
class _Part:
    headers: dict[str, bytes] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)


class _Reader:
    """Collects parts from the parser's callbacks."""

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self.ended = False
        self._name, self._value = bytearray(), bytearray()

    def on_part_begin(self) -> None:
        if len(self.parts) == _MOST_PARTS:
            raise _unreadable("部分过多", "has too many parts")
        self.parts.append(_Part())

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].body += data[start:end]

    def on_header_begin(self) -> None:
        self._name, self._value = bytearray(), bytearray()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self.parts[-1].headers[self._name.decode("latin-1").strip().lower()] = bytes(self._value).strip()

    def on_end(self) -> None:
        self.ended = True


async def read_parts(request: Request, boundary: bytes) -> dict[str, bytes]:
    """The bytes of each part by its name. Raises Problem for anything but one ``record`` and at most one ``photo``."""
    plain(request)
    if not boundary:
        raise _unreadable("的 Content-Type 缺少 boundary", "has no boundary in its Content-Type")
    reader = _Reader()
    try:
        parser = MultipartParser(boundary, {name: getattr(reader, name) for name in dir(reader) if name[:3] == "on_"})  # type: ignore[arg-type]
        async for chunk in request.stream():
            parser.write(chunk)
    except FormParserError:
        raise _unreadable(
            "格式不对，或 boundary 与 Content-Type 不符", "is malformed, or its boundary differs"
        ) from None
    if not reader.ended:
        raise _unreadable("不完整，缺少结束分隔行", "is incomplete: the closing boundary is missing")
    return _by_name(reader.parts)


def _by_name(parts: list[_Part]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in parts:
        _, options = parse_options_header(part.headers.get("content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name not in ("record", "photo"):
            shown = f"名为“{name[:40]}”" if name else "没有名字"
            raise _unreadable(f"中有一个部分{shown}", f"has a part named {name[:40]!r}")
        if name in found:
            raise _unreadable(f"中 {name} 部分出现了两次", f"has two `{name}` parts")
        if part.headers.get("content-transfer-encoding", b"binary").lower() not in (b"binary", b"8bit", b"7bit"):
            raise _unreadable(f"的 {name} 部分带有转换编码", f"has a transfer encoding on its `{name}` part")
        _, of_type = parse_options_header(part.headers.get("content-type", b""))
        if of_type.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"utf8"):
            raise _unreadable(f"的 {name} 部分不是 UTF-8 编码", f"has a `{name}` part that is not in UTF-8")
        found[name] = bytes(part.body)
    if "record" not in found:
        raise _unreadable("中缺少 record 部分", "has no `record` part")
    return found


def _unreadable(zh: str, en: str) -> Problem:
    return Problem("multipart", f"multipart 内容{zh}。", f"The multipart body {en}.")
