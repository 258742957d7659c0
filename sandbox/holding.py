"""What the far ends hold: every word and every byte that lies with one of them, wherever that is."""

import hashlib
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

LOGS = {"heard", "calls"}
"""What came over a wire, written down for whoever looks for a fault. No far end shows or keeps it."""


def places(root: object, texts: Sequence[str], digests: Collection[str]) -> list[str]:
    """The ways from ``root`` to each text that holds one of ``texts``, and to all bytes that do or have one of these
    SHA-256 ``digests``."""
    found: list[str] = []
    seen: set[int] = set()
    left: deque[tuple[str, object]] = deque([("", root)])
    while left:
        way, one = left.popleft()
        if isinstance(one, str):
            if any(text in one for text in texts):
                found.append(way)
        elif isinstance(one, bytes | bytearray):
            if hashlib.sha256(one).hexdigest() in digests or any(text.encode() in one for text in texts):
                found.append(way)
        elif id(one) not in seen:
            seen.add(id(one))
            left.extend(_within(way, one))
    return found


def _within(way: str, one: Any) -> Iterator[tuple[str, object]]:
    if isinstance(one, Mapping):
        for key, value in one.items():
            yield f"{way}[{key}]", value
            yield f"{way}[{key}] (name)", key
    elif isinstance(one, list | tuple | set | frozenset | deque):
        for index, value in enumerate(one):
            yield f"{way}[{index}]", value
    elif type(one).__module__.startswith("sandbox"):
        for name in _members(one):
            if name not in LOGS and hasattr(one, name):
                yield f"{way}.{name}".lstrip("."), getattr(one, name)


def _members(one: Any) -> Collection[str]:
    if is_dataclass(one):
        return [field.name for field in fields(one)]
    return list(getattr(one, "__dict__", ()))
