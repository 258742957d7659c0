"""A notice in English, for the block that foreign players of CAP read. What witnesses said stays in their own words."""

from typing import NamedTuple

from app.domain.beijing import beijing
from app.domain.notice import PublicNotice
from app.domain.record import PublicFacts
from app.domain.words import Kind, Status

MARKS = {Status.ACTUAL: "", Status.EXERCISE: "[EXERCISE] ", Status.TEST: "[TEST] "}
CAUTIONS = {
    Status.ACTUAL: "",
    Status.EXERCISE: "This is an exercise; do not forward it. ",
    Status.TEST: "This is a test; do not forward it. ",
}
EVENT = "Missing child"
TITLES = {Kind.PUBLISH: "Missing child", Kind.UPDATE: "Missing child, updated", Kind.RETRACT: "Search ended"}
HEADLINE = 160


class Words(NamedTuple):
    """The texts of one ``info`` block."""

    event: str
    headline: str
    description: str
    instruction: str


def in_english(notice: PublicNotice) -> Words:
    """A retraction tells nothing of the child but the masked name."""
    title, event = MARKS[notice.status] + TITLES[notice.kind], MARKS[notice.status] + EVENT
    start = f"{title}: {CAUTIONS[notice.status]}"
    if notice.facts is None:
        said = f"The search for {notice.masked_name} has ended (notice {notice.alert}). {notice.line}".strip()
        stop = "Stop forwarding what was published before. Thank you."
        return Words(event, f"{title}: {notice.masked_name}"[:HEADLINE], f"{start}{said} {notice.unit}", start + stop)
    return Words(
        event, _headline(title, notice.facts), start + _description(notice), start + _instruction(notice.facts)
    )


def _headline(title: str, f: PublicFacts) -> str:
    return f"{title}: {f.name}, {f.sex}, {_age(f)}, last seen {_when(f)}, {f.area_name}{f.place}"[:HEADLINE]


def _description(notice: PublicNotice) -> str:
    f = notice.facts
    assert f is not None
    height = f"about {f.height_cm} cm tall" if f.height_cm else ""
    parts = (
        ", ".join(part for part in (f.name, f.sex, _age(f), height) if part),
        f"Last seen {_when(f)} at {f.area_name}{f.place}",
        f.clothing and f"Clothing: {f.clothing}",
        f.features and f"Features: {f.features}",
        f.circumstances and f"Circumstances: {f.circumstances}",
        f.suspect and f"Person sought: {f.suspect}",
        f.vehicle and f"Vehicle sought: {f.vehicle}",
        f"Issued by {notice.unit}",
        f"Notice {notice.alert}",
    )
    return " ".join(f"{part}." for part in parts if part)


def _instruction(f: PublicFacts) -> str:
    phones = "110" if f.phone in ("", "110") else f"110 or {f.phone}"
    away = " Do not try to stop the person or vehicle yourself." if f.suspect or f.vehicle else ""
    return f"If you have seen the child, call {phones} ({f.unit}) at once.{away} Share only what the police have published."


def _age(f: PublicFacts) -> str:
    return f"aged {f.age}" if f.age > 0 else "under one year old"


def _when(f: PublicFacts) -> str:
    return f"{beijing(f.lost_at):%Y-%m-%d %H:%M} Beijing time"
