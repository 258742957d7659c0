"""What a platform reports of an EBM: in answer to a question, on its own, or in its log of a period."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from channels.carriers.ebd.document import Node, child, children, node, text
from channels.carriers.ebd.envelope import moment
from channels.carriers.ebd.forms import Brd, Form
from channels.carriers.redact import plain


@dataclass(frozen=True, slots=True)
class Report:
    """``ebmids``: the messages it names, the one it relates to before the one it is called by, because platforms on the
    way give a message a new EBMID. ``brd`` is ``None`` when the form knows no such code."""

    ebmids: tuple[str, ...]
    brd: Brd | None
    at: datetime | None
    note: str


def question(ebmid: str) -> Node:
    """EBMStateRequest."""
    return node("EBMStateRequest", node("EBM", node("EBMID", ebmid)))


def reports(type: str, body: Node | None, form: Form) -> Iterator[Report]:
    """The reports in an EBMStateResponse or EBMBrdLog; none in anything else."""
    if type == "EBMStateResponse" and body is not None:
        yield _report(body, form, text(body, "RptTime"))
    elif type == "EBMBrdLog":
        for item in children(body, "EBMBrdItem"):
            yield _report(item, form, _end(item))


def _report(of: Node, form: Form, at: str) -> Report:
    named = (text(of, "EBM/RelatedInfo/EBMID"), text(of, "RelatedInfo/EBMID"), text(of, "EBM/EBMID"))
    return Report(
        tuple(dict.fromkeys(filter(None, named))), form.states.get(text(of, "BrdStateCode")), moment(at), _note(of)
    )


def _end(item: Node) -> str:
    """When the first system that aired it began to."""
    return min((text(system, "StartTime") for system in _systems(item) if text(system, "StartTime")), default="")


def _systems(item: Node) -> Iterator[Node]:
    for part in children(child(item, "ResBrdInfo"), "ResBrdItem"):
        yield from children(part, "EBRBS")


def _note(of: Node) -> str:
    """The platform's words, and how much of what was asked took part."""
    said = (
        ("", text(of, "BrdStateDesc")),
        ("覆盖率", text(of, "Coverage/CoverageRate", "Coverage/CoveragePercent")),
        ("资源统计", text(of, "Coverage/ResBrdStat")),
        ("播出系统", str(sum(1 for _ in _systems(of)) or "")),
    )
    return plain("，".join(f"{name}{' ' if name else ''}{value}" for name, value in said if value))
