"""Rows as a spreadsheet reads them."""

import csv
import io
from collections.abc import Iterable, Sequence


def csv_of(rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180, with the mark by which spreadsheets know UTF-8; a cell that one would take for a formula is text."""
    out = io.StringIO()
    csv.writer(out).writerows([_plain(cell) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()


def seconds(value: float | None) -> str:
    """With one decimal; empty where there is nothing."""
    return "" if value is None else f"{value:.1f}"


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t") else cell
