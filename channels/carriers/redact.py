"""What a far end wrote, made fit for a log line and for an operator's eyes."""

import re
from collections.abc import Iterable

from pydantic import SecretStr

from channels.contract import Rendition

LONGEST = 200

_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.\-]*:(?://|\\/\\/)[^\s，。；、）】》”]*|\bwww\.[^\s，。；、）】》”]*", re.IGNORECASE
)
_TOKEN = re.compile(r"[A-Za-z0-9+/_=\-]{20,}")
_LIKE_A_KEY = 8  # characters of a part of an address from which on it may be one


def plain(text: str, hide: Iterable[str] = ()) -> str:
    """One line of at most 200 characters: no address, nothing that looks like a key, nothing of ``hide``."""
    for secret in sorted(filter(None, hide), key=len, reverse=True):
        text = text.replace(secret, "…")
    text = _TOKEN.sub("…", _ADDRESS.sub("…", text))
    text = "".join(char if char.isprintable() else " " for char in text)
    return re.sub(r"\s+", " ", text).strip()[:LONGEST]


def unspeakable(rendition: Rendition, url: str, *secrets: SecretStr | None) -> list[str]:
    """What may not come back in the words of the far end: keys, the address and its parts, the child's name."""
    parts = [part for part in re.split(r"[/?&=]", url) if len(part) >= _LIKE_A_KEY]
    name = [rendition.notice.person.name] if rendition.notice.person else []
    return [url, *parts, *(secret.get_secret_value() for secret in secrets if secret), *name]
