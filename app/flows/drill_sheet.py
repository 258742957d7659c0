"""The result of a drill as a sheet: a line for each outlet, who lacks something first."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.reasons import with_code
from app.domain.spreadsheet import seconds

HEAD = ("协作单位", "发布点", "渠道", "接收（秒）", "播出（秒）", "撤下（秒）", "没有做到", "原因")
LACKS: Mapping[str, str] = {"sent": "未发出", "received": "未接收", "aired": "未播出", "down": "未撤下"}


def sheet(rows: Sequence[Mapping[str, Any]], channels: Mapping[str, str]) -> Sequence[Sequence[object]]:
    """``rows`` from ``drills.results``; ``channels`` gives the words for theirs."""
    return [HEAD, *(_line(r, channels) for r in rows)]


def _line(r: Mapping[str, Any], channels: Mapping[str, str]) -> Sequence[object]:
    return (
        r["partner"], r["outlet"], channels.get(r["channel"], r["channel"]), seconds(r["received"]),
        seconds(r["aired"]) if r["airs"] or r["aired"] is not None else "不能回报", seconds(r["down"]),
        LACKS.get(r["lacks"] or "", ""), with_code(r["reason"] or ""),
    )  # fmt: skip
