"""The console's first pages, in the order in which they stand at the top of every other."""

from dataclasses import dataclass

from app.domain.words import Role


@dataclass(frozen=True, slots=True)
class Place:
    """``path`` is what a page's template gives as its `place`; shown to those whose role reaches ``least``."""

    word: str
    path: str
    least: Role = Role.VIEWER


PLACES = (
    Place("值守台", "/console/"),
    Place("发布", "/console/issue", Role.OFFICER),
    Place("演练", "/console/drills"),
    Place("统计", "/console/numbers"),
    Place("发布点", "/console/outlets"),
    Place("协作单位", "/console/partners"),
    Place("人员", "/console/people", Role.ADMIN),
)
