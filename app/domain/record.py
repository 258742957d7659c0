"""The police's verified facts on one missing minor, and the part of them that the public may know."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from app.domain.geo import Datum, Point, to_wgs84
from app.domain.identifiers import age_on, masked_name
from app.domain.words import Status

Sex = Literal["male", "female"]


@dataclass(frozen=True, slots=True)
class Officer:
    """``number`` is the police number. ``phone`` is a duty phone: the verifying officer's is published."""

    name: str
    number: str
    phone: str


@dataclass(frozen=True, slots=True)
class Minor:
    """``age`` is in whole years at the time of loss; with ``birth_date`` it follows from that. Heights in centimetres."""

    name: str
    sex: Sex
    birth_date: date | None
    age: int | None
    height_cm: int | None
    features: str
    clothing: str
    resident_id: str | None


@dataclass(frozen=True, slots=True)
class Loss:
    """Where and when. ``lon``/``lat`` are degrees in the stated ``datum``."""

    address: str
    area_code: str
    lon: float
    lat: float
    datum: Datum
    at: datetime
    circumstances: str

    @property
    def point(self) -> Point:
        """The place in WGS-84."""
        return to_wgs84(Point(self.lon, self.lat), self.datum)


@dataclass(frozen=True, slots=True)
class Guardian:
    """Whether the guardian knows of the publication (PIPL §18, §35), and how to reach them. Never published."""

    told: bool
    name: str
    phone: str
    relation: str


@dataclass(frozen=True, slots=True)
class Record:
    """One version of the verified record. Mostly not public; ``public_facts`` is the whole of what is."""

    status: Status
    case_number: str
    organ_code: str
    reported_by: Officer
    verified_by: Officer
    verified_at: datetime
    basis: str
    minor: Minor
    loss: Loss
    guardian: Guardian
    duration_hours: int
    suspect: str
    vehicle: str
    note: str


@dataclass(frozen=True, slots=True)
class PublicFacts:
    """What the public may know while the search lasts (未成年人保护法 §103), and nothing else."""

    name: str
    masked_name: str
    sex: Sex
    age: int
    height_cm: int | None
    features: str
    clothing: str
    lost_at: datetime
    place: str
    area_code: str
    area_name: str
    circumstances: str
    suspect: str
    vehicle: str
    unit: str
    phone: str


def age_at_loss(minor: Minor, lost: datetime) -> int:
    """Whole years at the time of loss, by the birth date where there is one."""
    if minor.birth_date is not None:
        return age_on(minor.birth_date, lost.date())
    if minor.age is None:
        raise ValueError("a minor has a birth date or an age")
    return minor.age


def public_facts(record: Record, unit: str, area_name: str) -> PublicFacts:
    """Choose what is told. Never: case number, resident id, birth date, position, guardian, officers' names, notes."""
    minor, loss = record.minor, record.loss
    return PublicFacts(
        name=minor.name,
        masked_name=masked_name(minor.name),
        sex=minor.sex,
        age=age_at_loss(minor, loss.at),
        height_cm=minor.height_cm,
        features=minor.features,
        clothing=minor.clothing,
        lost_at=loss.at.replace(second=0, microsecond=0),
        place=loss.address,
        area_code=loss.area_code,
        area_name=area_name,
        circumstances=loss.circumstances,
        suspect=record.suspect,
        vehicle=record.vehicle,
        unit=unit,
        phone=record.verified_by.phone,
    )
