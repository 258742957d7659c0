"""The texts of a rendition, named and in order: what comes out of the ledger (jsonb) has lost the channel's own."""

from collections.abc import Mapping, Sequence

from app.console.labels import TEXTS


def in_order(texts: Mapping[str, str | Sequence[str]]) -> Sequence[tuple[str, str]]:
    """Pairs of a Chinese name and a text."""
    order = [*(name for name in TEXTS if name in texts), *sorted(set(texts) - set(TEXTS))]
    said = [(TEXTS.get(name, name), texts[name]) for name in order]
    return [(name, text if isinstance(text, str) else "\n".join(text)) for name, text in said]
