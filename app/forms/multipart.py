"""multipart/form-data (RFC 7578) in memory: a photo of a child is never spooled to a disk."""

from collections.abc import AsyncIterable
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header


class Unreadable(Exception):
    """``zh`` and ``en`` go on from 'the multipart body'."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


@dataclass(slots=True)
class Part:
    """Header names are lower case."""

    headers: dict[str, bytes] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)

    @property
    def name(self) -> str:
        """As its Content-Disposition says; empty when it does not."""
        _, options = parse_options_header(self.headers.get("content-disposition", b""))
        return options.get(b"name", b"").decode("utf-8", "replace")


class _Reader:
    """Collects parts from the parser's callbacks."""

    def __init__(self, most: int) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._most = most
        self._name, self._value = bytearray(), bytearray()

    def on_part_begin(self) -> None:
        if len(self.parts) == self._most:
            raise Unreadable("部分过多", "has too many parts")
        self.parts.append(Part())

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


async def read_all(stream: AsyncIterable[bytes], boundary: bytes, most: int) -> list[Part]:
    """At most ``most`` parts. Raises Unreadable."""
    if not boundary:
        raise Unreadable("的 Content-Type 缺少 boundary", "has no boundary in its Content-Type")
    reader = _Reader(most)
    try:
        parser = MultipartParser(boundary, {name: getattr(reader, name) for name in dir(reader) if name[:3] == "on_"})  # type: ignore[arg-type]
        async for chunk in stream:
            parser.write(chunk)
    except FormParserError:
        raise Unreadable(
            "格式不对，或 boundary 与 Content-Type 不符", "is malformed, or its boundary differs"
        ) from None
    if not reader.ended:
        raise Unreadable("不完整，缺少结束分隔行", "is incomplete: the closing boundary is missing")
    return reader.parts
