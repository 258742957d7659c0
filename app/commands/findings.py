"""What ``huijia doctor`` finds."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    WELL = "正常"
    LOOK = "留意"
    ILL = "故障"


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    verdict: Verdict
    said: str


def judge(what: str, well: bool, said: str, remedy: str, otherwise: Verdict = Verdict.LOOK) -> Finding:
    return Finding(what, Verdict.WELL if well else otherwise, said if well else remedy)
