"""A notice: one frozen public message of an alert. What is written here is what goes out; nothing is looked up later."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from app.domain.record import PublicFacts
from app.domain.words import Kind, Status


@dataclass(frozen=True, slots=True)
class Photo:
    """The picture that goes with a notice, by its content."""

    sha256: str
    mime: str
    size: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PublicNotice:
    """``facts`` and ``photo`` are ``None`` on a retraction: nothing public about the child outlives the search."""

    alert: str
    number: int
    kind: Kind
    status: Status
    issued_at: datetime
    expires_at: datetime
    unit: str
    phone: str
    masked_name: str
    facts: PublicFacts | None
    photo: Photo | None
    line: str
    ends: tuple[int, ...]

    def __post_init__(self) -> None:
        if (self.facts is None) != (self.kind is Kind.RETRACT) or (self.kind is Kind.RETRACT and self.photo):
            raise ValueError("a retraction carries no facts about the child; a publish or update carries them all")


def publication(
    kind: Kind,
    facts: PublicFacts,
    *,
    alert: str,
    number: int,
    status: Status,
    photo: Photo | None,
    issued_at: datetime,
    expires_at: datetime,
) -> PublicNotice:
    """The notice that tells the public, first (publish) or anew (update)."""
    return PublicNotice(
        alert, number, kind, status, issued_at, expires_at, facts.unit, facts.phone, facts.masked_name, facts, photo,
        line="", ends=tuple(range(1, number)),
    )  # fmt: skip


def correction(
    *,
    alert: str,
    number: int,
    status: Status,
    unit: str,
    phone: str,
    masked: str,
    issued_at: datetime,
    expires_at: datetime,
    line: str = "",
) -> PublicNotice:
    """The notice that ends the search. It says only that, and thanks; never why, and never what happened to the child."""
    return PublicNotice(
        alert, number, Kind.RETRACT, status, issued_at, expires_at, unit, phone, masked, None, None,
        line=line, ends=tuple(range(1, number)),
    )  # fmt: skip


def to_json(notice: PublicNotice) -> dict[str, Any]:
    """JSON-ready: times as RFC 3339, enums as their words."""
    body = asdict(notice)
    body["issued_at"], body["expires_at"] = notice.issued_at.isoformat(), notice.expires_at.isoformat()
    if notice.facts is not None:
        body["facts"]["lost_at"] = notice.facts.lost_at.isoformat()
    return body


def from_json(body: dict[str, Any]) -> PublicNotice:
    """The inverse of ``to_json``."""
    facts, photo = body["facts"], body["photo"]
    return PublicNotice(
        **{
            **body,
            "kind": Kind(body["kind"]),
            "status": Status(body["status"]),
            "issued_at": datetime.fromisoformat(body["issued_at"]),
            "expires_at": datetime.fromisoformat(body["expires_at"]),
            "facts": PublicFacts(**{**facts, "lost_at": datetime.fromisoformat(facts["lost_at"])}) if facts else None,
            "photo": Photo(**photo) if photo else None,
            "ends": tuple(body["ends"]),
        }
    )
