"""JSON as it came: strictly RFC 8259, with a bound on its size, and every member that is named twice."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from app.api.problems import Problem
from app.domain.errors import Fault
from app.flows.faults import faults_of

M = TypeVar("M", bound=BaseModel)

MOST_MEMBERS = 300  # a whole record has about fifty
_MOST_COMMAS = 300_000  # arrays have no members: eight million numbers would hold everyone up for seconds
_DEEPEST = 20
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

_MARKS = {
    b"\xef\xbb\xbf": ("开头有 BOM（EF BB BF）", "begins with a BOM"),
    b"\xff\xfe": ("是 UTF-16 编码", "is UTF-16"),
    b"\xfe\xff": ("是 UTF-16 编码", "is UTF-16"),
}


def read_json(raw: bytes, most: int = MOST_MEMBERS) -> tuple[Any, Sequence[Fault]]:
    """What the bytes say, and a fault for each member that is named twice: two readers could take it two ways. Raises
    Problem when it is not JSON, or has more than ``most`` members."""
    text = _text(raw)
    if text.count(",") > _MOST_COMMAS:
        raise _not_json("成员过多", "has too many members")
    seen = _Members(most)
    try:
        said = json.loads(text, object_pairs_hook=seen.take, parse_constant=_no_such_number, parse_int=_integer)
    except json.JSONDecodeError as e:
        raise _not_json(
            f"不是合法的 JSON：第 {e.lineno} 行第 {e.colno} 列附近",
            f"is not valid JSON: line {e.lineno} column {e.colno}",
        ) from None
    except RecursionError:
        raise _not_json("嵌套过深", "is nested too deeply") from None
    if _SURROGATE.search(text) and not _encodable(said):
        raise _not_json("有不成对的代理字符（\\uD800–\\uDFFF）", "has a lone surrogate")
    return said, [_named_twice(pointer) for pointer in seen.pointers(said)]


def read_object(raw: bytes) -> tuple[dict[str, Any], Sequence[Fault]]:
    """As ``read_json``, and it must be an object."""
    said, twice = read_json(raw)
    if not isinstance(said, dict):
        raise _not_json("应为一个对象 { … }", "must be an object { … }")
    return said, twice


def parse(model: type[M], raw: bytes) -> tuple[M | None, Sequence[Fault]]:
    """The body as this model, or all that is wrong with it. Raises Problem when it is not a JSON object."""
    said, twice = read_object(raw)
    form, faults = validated(model, said)
    return (None if twice else form), [*twice, *faults]


def validated(model: type[M], said: Any, base: str = "") -> tuple[M | None, Sequence[Fault]]:
    """JSON that has been read, as this model."""
    try:
        return model.model_validate(said, context={"now": datetime.now(UTC)}), []
    except ValidationError as e:
        return None, faults_of(e.errors(include_url=False, include_input=False), base)


async def read_body(request: Request) -> bytes:
    """The body as it was sent."""
    plain(request)
    return await request.body()


def plain(request: Request) -> None:
    """Raise Problem when the body is compressed."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem("media-type", "不接受压缩的内容。", "Compressed bodies are not taken.")


class _Members:
    """Counts members while they are parsed, innermost first, and keeps which objects name one twice."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._twice: dict[int, list[str]] = {}
        self._kept: list[dict[str, Any]] = []  # alive, so that no other object gets its id

    def take(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self._left -= len(pairs)
        if self._left < 0:
            raise _not_json("成员过多", "has too many members")
        found = dict(pairs)
        if len(found) != len(pairs):
            times = Counter(name for name, _ in pairs)
            self._twice[id(found)] = [name for name, n in times.items() if n > 1]
            self._kept.append(found)
        return found

    def pointers(self, said: Any, base: str = "", depth: int = 0) -> list[str]:
        """Where a member is named twice, as JSON Pointers; no deeper than any form goes."""
        if not self._twice or depth > _DEEPEST:
            return []
        here = [f"{base}/{_token(name)}" for name in self._twice.get(id(said), [])]
        inner = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
        return here + [p for key, value in inner for p in self.pointers(value, f"{base}/{_token(str(key))}", depth + 1)]


def _text(raw: bytes) -> str:
    if not raw.strip():
        raise _not_json("是空的", "is empty")
    for mark, (zh, en) in _MARKS.items():
        if raw.startswith(mark):
            raise _not_json(zh, en)
    try:
        return raw.decode()
    except UnicodeDecodeError as e:
        raise _not_json(f"不是 UTF-8 编码（第 {e.start + 1} 字节）", f"is not UTF-8 (byte {e.start + 1})") from None


def _encodable(said: Any) -> bool:
    try:
        json.dumps(said, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _no_such_number(word: str) -> NoReturn:
    raise _not_json(f"含有 {word}，JSON 中没有这个数", f"holds {word}, which JSON does not have")


def _integer(digits: str) -> int:
    if len(digits) > 40:
        raise _not_json("含有过长的数字", "holds a number that is too long")
    return int(digits)


def _not_json(zh: str, en: str) -> Problem:
    return Problem("json", f"内容{zh}。", f"The body {en}.")


def _named_twice(pointer: str) -> Fault:
    return Fault(
        pointer, "named_twice", "此项写了两次。", "This member is named twice.", "只保留一个。", "Keep one of them."
    )


def _token(part: str) -> str:
    return part[:80].replace("~", "~0").replace("/", "~1")
