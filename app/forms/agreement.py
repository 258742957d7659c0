"""What the facts of a record must agree in. Each rule looks only at the members it needs, so that it speaks even when
others are wrong: all faults are told at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar, get_args

from app.domain.geo import Datum, Point, distance_km, to_wgs84
from app.domain.identifiers import age_on, resident_id_birth, resident_id_sex, resident_id_valid
from app.domain.regions import counties
from app.flows.faults import Complaint
from app.forms.instants import read_day, read_instant

FARTHEST_FROM_COUNTY_KM = 120
LONGITUDES, LATITUDES = (73, 136), (3, 54)  # China with its seas

T = TypeVar("T")
Where = tuple[str, ...]
Sent = Mapping[str, Any]


def disagreements(sent: Sent) -> Sequence[tuple[Where, Complaint]]:
    """Every disagreement, with the member that it is told at."""
    return [found for rule in _RULES for found in rule(sent)]


def _at(sent: Any, *way: str) -> Any:
    for step in way:
        sent = sent.get(step) if isinstance(sent, Mapping) else None
    return sent


def _read(read: Callable[[Any], T], value: Any) -> T | None:
    """``None`` when the member is missing or wrong in itself, which the form tells."""
    try:
        return read(value)
    except Complaint:
        return None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6 else None


def _two_officers(sent: Sent) -> Iterator[tuple[Where, Complaint]]:
    for member in ("number", "name"):
        one, other = _at(sent, "reported_by", member), _at(sent, "verified_by", member)
        if isinstance(one, str) and isinstance(other, str) and one.strip() and one.strip() == other.strip():
            yield (
                ("verified_by",),
                Complaint(
                    "same_officer", "核实民警与报送民警须为两人。",
                    "The verifying and the reporting officer must be two people.",
                    "由另一名民警核实后提交。", "Have another officer verify.",
                ),
            )  # fmt: skip
            return


def _age_or_birth_date(sent: Sent) -> Iterator[tuple[Where, Complaint]]:
    minor = _at(sent, "minor")
    if isinstance(minor, Mapping) and minor.get("age") is None and minor.get("birth_date") is None:
        yield (
            ("minor", "age"),
            Complaint(
                "age_missing", "出生日期与年龄须至少填一项。", "Give birth_date or age.",
                "填写 birth_date 或 age。", "Add one of them.",
            ),
        )  # fmt: skip


def _birth(sent: Sent) -> Iterator[tuple[Where, Complaint]]:
    born, lost = _read(read_day, _at(sent, "minor", "birth_date")), _read(read_instant, _at(sent, "loss", "at"))
    if born is None or lost is None:
        return
    if born > lost.date():
        yield (
            ("minor", "birth_date"),
            Complaint(
                "born_after_loss", "出生日期晚于走失时间。", "The birth date is after the loss.",
                "核对出生日期与走失时间。", "Check both dates.",
            ),
        )  # fmt: skip
        return
    age, said = age_on(born, lost.date()), _at(sent, "minor", "age")
    if age >= 18:
        yield ("minor", "birth_date"), _adult(age, "birth_date")
    elif type(said) is int and said != age:
        yield (
            ("minor", "age"),
            Complaint(
                "age_disagrees", f"所填年龄与出生日期（走失时 {age} 周岁）不一致。", "age and birth_date disagree.",
                "只填出生日期，或更正年龄。", "Give only birth_date, or correct age.",
            ),
        )  # fmt: skip


def _adult(age: int, member: str) -> Complaint:
    return Complaint(
        "not_a_minor", f"走失时已满 {age} 周岁，不是未成年人。", f"Aged {age} at the time of loss: not a minor.",
        f"核对 {member}；成年人走失请走其他渠道。", f"Check {member}; adults are not within this service.",
    )  # fmt: skip


def _resident_id(sent: Sent) -> Iterator[tuple[Where, Complaint]]:
    number = _at(sent, "minor", "resident_id")
    if not isinstance(number, str) or not resident_id_valid(number.strip()):
        return
    where, number = ("minor", "resident_id"), number.strip()
    born, lost = resident_id_birth(number), _read(read_instant, _at(sent, "loss", "at"))
    told = _read(read_day, _at(sent, "minor", "birth_date"))
    sex = _at(sent, "minor", "sex")
    if told is not None and told != born:
        yield where, _other_than_id("resident_id_birth", "出生日期", "birth_date")
    if sex in ("male", "female") and sex != resident_id_sex(number):
        yield where, _other_than_id("resident_id_sex", "性别", "sex")
    if told is None and born is not None and lost is not None:
        yield from _age_by_id(born, lost, _at(sent, "minor", "age"))


def _age_by_id(born: date, lost: datetime, said: Any) -> Iterator[tuple[Where, Complaint]]:
    age = age_on(born, lost.date())
    if age >= 18:
        yield ("minor", "resident_id"), _adult(age, "resident_id")
    elif type(said) is int and said != age:
        yield ("minor", "resident_id"), _other_than_id("resident_id_age", "年龄", "age")


def _other_than_id(code: str, zh: str, member: str) -> Complaint:
    return Complaint(
        code, f"身份证号与{zh}不一致。", f"The resident id and {member} disagree.",
        f"核对身份证号与 {member}。", "Correct one of them.",
    )  # fmt: skip


def _place(sent: Sent) -> Iterator[tuple[Where, Complaint]]:
    lon, lat = _number(_at(sent, "loss", "lon")), _number(_at(sent, "loss", "lat"))
    if lon is None or lat is None:
        return
    if LATITUDES[0] <= lon <= LATITUDES[1] and LONGITUDES[0] <= lat <= LONGITUDES[1]:
        yield (
            ("loss", "lon"),
            Complaint(
                "lon_lat_swapped", "经度和纬度写反了。", "lon and lat are swapped.", "对调 lon 与 lat。", "Swap them."
            ),
        )
        return
    code, datum = _at(sent, "loss", "area_code"), _at(sent, "loss", "datum")
    county = counties().get(code) if isinstance(code, str) else None
    in_china = LONGITUDES[0] <= lon <= LONGITUDES[1] and LATITUDES[0] <= lat <= LATITUDES[1]
    if county is None or datum not in get_args(Datum) or not in_china:
        return
    away = distance_km(to_wgs84(Point(lon, lat), datum), county.point)
    if away > FARTHEST_FROM_COUNTY_KM:
        yield (
            ("loss", "area_code"),
            Complaint(
                "place_not_in_county", f"坐标距{county.full_name}约 {away:.0f} 公里，与区划代码不符。",
                f"The position is {away:.0f} km from {county.code}.",
                "核对经纬度与区划代码。", "Check lon, lat and area_code.",
            ),
        )  # fmt: skip


def _verified_after_loss(sent: Sent) -> Iterator[tuple[Where, Complaint]]:
    verified, lost = _read(read_instant, _at(sent, "verified_at")), _read(read_instant, _at(sent, "loss", "at"))
    if verified is not None and lost is not None and verified < lost:
        yield (
            ("verified_at",),
            Complaint(
                "verified_before_loss", "核实时间早于走失时间。", "Verified before the loss.",
                "核对核实时间与走失时间。", "Check both times.",
            ),
        )  # fmt: skip


def _vehicle(sent: Sent) -> Iterator[tuple[Where, Complaint]]:
    vehicle = _at(sent, "vehicle")
    if isinstance(vehicle, Mapping) and not vehicle.get("plate") and not vehicle.get("description"):
        yield (
            ("vehicle",),
            Complaint(
                "vehicle_empty", "车辆信息是空的。", "Nothing is said of the vehicle.",
                "填写 plate 或 description，或删去 vehicle。", "Give plate or description, or omit vehicle.",
            ),
        )  # fmt: skip


_RULES = (_two_officers, _age_or_birth_date, _birth, _resident_id, _place, _verified_after_loss, _vehicle)
