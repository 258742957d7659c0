"""The texts of a rendition, named and in order: what comes out of the ledger (jsonb) has lost the channel's own."""

import re
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from app.console.labels import TEXTS

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_HEADING, _POINT = re.compile(r"^#{1,6}\s+(.*)$", re.MULTILINE), re.compile(r"^[-*]\s+", re.MULTILINE)


def in_order(texts: Mapping[str, str | Sequence[str]]) -> Sequence[tuple[str, str]]:
    """Pairs of a Chinese name and a text."""
    order = [*(name for name in TEXTS if name in texts), *sorted(set(texts) - set(TEXTS))]
    said = [(name, texts[name]) for name in order]
    plain = [(name, text if isinstance(text, str) else "\n".join(text)) for name, text in said]
    return [(TEXTS.get(name, name), as_read(text) if name == "markdown" else text) for name, text in plain]


def as_read(markdown: str) -> Markup:
    """What a chat makes of it, as far as our channels write it: bold, headings, points. All else is text."""
    pointed = _POINT.sub("· ", _HEADING.sub(r"**\1**", markdown))
    return Markup(_BOLD.sub(r"<strong>\1</strong>", str(escape(pointed))))  # noqa: S704 - escaped, but for our own marks
