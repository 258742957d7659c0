"""The record as police systems send it: checked field by field, every fault at once, before anything is believed.

Formats: see ``app.domain.identifiers``. Times are RFC 3339 with an offset.
"""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from app.api.text import Line, Name, Phone, Place, Prose
from app.domain import record as r
from app.domain.geo import Datum, Point, distance_km, to_wgs84
from app.domain.identifiers import (
    CASE_NUMBER,
    ORGAN_CODE,
    age_on,
    resident_id_birth,
    resident_id_sex,
    resident_id_valid,
)
from app.domain.regions import counties, known_area
from app.domain.words import Status
from app.flows.faults import Complaint

SKEW = timedelta(minutes=5)
OLDEST_LOSS = timedelta(days=30)
FARTHEST_FROM_COUNTY_KM = 120
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Z][A-Z0-9]{4,6}[A-Z0-9挂学警港澳领试超]?"
)


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)


def _now(info: ValidationInfo) -> datetime:
    now: datetime = (info.context or {})["now"]
    return now


def _not_ahead(value: datetime, info: ValidationInfo) -> datetime:
    if value > _now(info) + SKEW:
        raise Complaint(
            "in_the_future", "时间在将来。", "The time is in the future.", "核对日期、时刻与时区。", "Check it."
        )
    return value


class OfficerForm(_Form):
    """An officer. ``phone`` is a duty phone; the verifying officer's is published."""

    name: Name
    number: Annotated[str, Field(pattern=r"^[0-9A-Z]{4,12}$", examples=["010233"])]
    phone: Phone


class MinorForm(_Form):
    """The missing minor. ``birth_date``, or ``age`` in whole years at the time of loss; heights in centimetres."""

    name: Name
    sex: Literal["male", "female"]
    birth_date: date | None = None
    age: Annotated[int, Field(ge=0, le=17)] | None = Field(default=None, validate_default=True)
    height_cm: Annotated[int, Field(ge=30, le=230)] | None = None
    features: Prose = ""
    clothing: Prose = ""
    resident_id: str | None = Field(default=None, description="GB 11643-1999. Stored encrypted, never published.")

    @field_validator("age")
    @classmethod
    def _age_or_birth_date(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is None and "birth_date" in info.data and info.data["birth_date"] is None:
            raise Complaint(
                "age_missing",
                "出生日期与年龄须至少填一项。",
                "Give birth_date or age.",
                "填写 birth_date 或 age。",
                "Add one.",
            )
        return value

    @field_validator("resident_id")
    @classmethod
    def _resident_id(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if not resident_id_valid(value):
            raise Complaint(
                "resident_id_check", "身份证号格式或校验码不对。", "Not a valid resident identity number (check character).",
                "逐位核对 18 位号码，末位 X 大写；没有可不填。", "Compare all 18 characters; leave it out if unknown.",
            )  # fmt: skip
        born, sex = info.data.get("birth_date"), info.data.get("sex")
        if born is not None and born != resident_id_birth(value):
            raise Complaint(
                "resident_id_birth", "身份证号与出生日期不一致。", "The resident id and birth_date disagree.",
                "核对身份证号与 birth_date。", "Correct one of them.",
            )  # fmt: skip
        if sex is not None and sex != resident_id_sex(value):
            raise Complaint(
                "resident_id_sex", "身份证号与性别不一致。", "The resident id and sex disagree.",
                "核对身份证号与 sex。", "Correct one of them.",
            )  # fmt: skip
        return value


class LossForm(_Form):
    """Where and when. Degrees in the stated ``datum``; ``area_code`` is the GB/T 2260 county."""

    address: Place
    area_code: Annotated[str, Field(pattern=r"^[0-9]{6}$", examples=["610113"])]
    datum: Datum
    lon: Annotated[float, Field(ge=73, le=136, allow_inf_nan=False)]
    lat: Annotated[float, Field(ge=3, le=54, allow_inf_nan=False)]
    at: AwareDatetime
    circumstances: Prose = ""

    @field_validator("area_code")
    @classmethod
    def _county(cls, value: str) -> str:
        if value not in counties():
            raise Complaint(
                "unknown_county", f"区划代码 {value} 不是现行的县级代码。", f"{value} is not a current county code.",
                "填写走失地所在区县的六位代码（GB/T 2260），如雁塔区 610113。", "Give the six digits of the county.",
            )  # fmt: skip
        return value

    @field_validator("lat")
    @classmethod
    def _near_county(cls, value: float, info: ValidationInfo) -> float:
        county, lon, datum = (
            counties().get(info.data.get("area_code", "")),
            info.data.get("lon"),
            info.data.get("datum"),
        )
        if county is not None and lon is not None and datum is not None:
            away = distance_km(to_wgs84(Point(lon, value), datum), county.point)
            if away > FARTHEST_FROM_COUNTY_KM:
                raise Complaint(
                    "place_not_in_county", f"坐标距{county.full_name}约 {away:.0f} 公里，与区划代码不符。",
                    f"The position is {away:.0f} km from {county.code}.",
                    "核对经纬度是否颠倒、区划代码是否正确。", "Check whether lon and lat are swapped, or the area code is wrong.",
                )  # fmt: skip
        return value

    @field_validator("at")
    @classmethod
    def _when(cls, value: datetime, info: ValidationInfo) -> datetime:
        if value < _now(info) - OLDEST_LOSS:
            raise Complaint(
                "long_ago", "走失时间早于 30 天前。", "The loss is more than 30 days ago.",
                "核对时间；陈年案件不经紧急发布渠道。", "Check the time; old cases do not go out as emergencies.",
            )  # fmt: skip
        return _not_ahead(value, info)


class SuspectForm(_Form):
    """What the public may know of a suspect."""

    description: Annotated[Line, Field(min_length=2)]


class VehicleForm(_Form):
    """What the public may know of a vehicle. ``plate`` as on GA 36 number plates."""

    plate: str | None = None
    description: Line = ""

    @field_validator("plate")
    @classmethod
    def _plate(cls, value: str | None) -> str | None:
        if value is not None and _PLATE.fullmatch(value) is None:
            raise Complaint(
                "plate", "车牌格式不对。", "Not a number plate.", "如 陕A12345、陕AD12345；不详可不填。", "Or omit it."
            )
        return value

    def words(self) -> str:
        return " ".join(w for w in (self.plate or "", self.description) if w)


class GuardianForm(_Form):
    """Whether the guardian knows of the publication, and how to reach them. Never published."""

    told: bool
    name: Name
    phone: Phone
    relation: Annotated[Line, Field(min_length=1, max_length=20)]


class RecordForm(_Form):
    """A verified record of one missing minor."""

    status: Literal["actual", "exercise", "test"]
    case_number: Annotated[str, Field(examples=["A6101130000002026110001"])]
    organ_code: Annotated[str, Field(examples=["610113000000"])]
    reported_by: OfficerForm
    verified_by: OfficerForm
    basis: Annotated[Prose, Field(min_length=2, description="What the verification rests on. Never published.")]
    minor: MinorForm
    loss: LossForm
    verified_at: AwareDatetime
    guardian: GuardianForm
    suspect: SuspectForm | None = None
    vehicle: VehicleForm | None = None
    duration_hours: Annotated[int, Field(ge=1, le=168)] = 24
    note: Prose = ""
    photo: str | None = Field(
        default=None, description="Base64 of a JPEG, PNG or WebP; or send a multipart `photo` part."
    )

    @field_validator("case_number")
    @classmethod
    def _case_number(cls, value: str) -> str:
        if CASE_NUMBER.fullmatch(value) is None:
            raise Complaint(
                "case_number", "案（事）件编号应为 23 位：一个大写字母、12 位机关代码、10 位数字。",
                "A case number has 23 characters: a capital, 12 of the organ, 10 digits.",
                "如 A6101130000002026110001。", "E.g. A6101130000002026110001.",
            )  # fmt: skip
        return value

    @field_validator("organ_code")
    @classmethod
    def _organ_code(cls, value: str) -> str:
        if ORGAN_CODE.fullmatch(value) is None or not known_area(value[:6]):
            raise Complaint(
                "organ_code", "公安机关机构代码应为 12 位，前 6 位为现行区划代码。",
                "An organ code has 12 characters and begins with a current area code.",
                "如 610113000000。", "E.g. 610113000000.",
            )  # fmt: skip
        return value

    @field_validator("verified_by")
    @classmethod
    def _two_officers(cls, value: OfficerForm, info: ValidationInfo) -> OfficerForm:
        reporter: OfficerForm | None = info.data.get("reported_by")
        if reporter is not None and (reporter.number == value.number or reporter.name == value.name):
            raise Complaint(
                "same_officer", "核实民警与报送民警须为两人。", "The verifying and the reporting officer must be two people.",
                "由另一名民警核实后提交。", "Have another officer verify.",
            )  # fmt: skip
        return value

    @field_validator("loss")
    @classmethod
    def _still_a_minor(cls, value: LossForm, info: ValidationInfo) -> LossForm:
        minor: MinorForm | None = info.data.get("minor")
        if minor is None or minor.birth_date is None:
            return value
        if minor.birth_date > value.at.date():
            raise Complaint(
                "born_after_loss",
                "出生日期晚于走失时间。",
                "The birth date is after the loss.",
                "核对两个日期。",
                "Check both.",
            )
        age = age_on(minor.birth_date, value.at.date())
        if age >= 18:
            raise Complaint(
                "not_a_minor", f"走失时已满 {age} 周岁，不是未成年人。", f"Aged {age} at the time of loss: not a minor.",
                "核对出生日期；成年人走失请走其他渠道。", "Check the birth date; adults are not within this service.",
            )  # fmt: skip
        if minor.age is not None and minor.age != age:
            raise Complaint(
                "age_disagrees", f"年龄 {minor.age} 与出生日期（走失时 {age} 周岁）不一致。", "age and birth_date disagree.",
                "只填出生日期，或更正年龄。", "Give only birth_date, or correct age.",
            )  # fmt: skip
        return value

    @field_validator("verified_at")
    @classmethod
    def _verified_after_loss(cls, value: datetime, info: ValidationInfo) -> datetime:
        loss: LossForm | None = info.data.get("loss")
        if loss is not None and value < loss.at:
            raise Complaint(
                "verified_before_loss",
                "核实时间早于走失时间。",
                "Verified before the loss.",
                "核对两个时间。",
                "Check both.",
            )
        return _not_ahead(value, info)

    def record(self) -> r.Record:
        """The same facts as the domain knows them."""
        return r.Record(
            status=Status(self.status), case_number=self.case_number, organ_code=self.organ_code,
            reported_by=r.Officer(**self.reported_by.model_dump()), verified_by=r.Officer(**self.verified_by.model_dump()),
            verified_at=self.verified_at, basis=self.basis, minor=r.Minor(**self.minor.model_dump()),
            loss=r.Loss(**self.loss.model_dump()), guardian=r.Guardian(**self.guardian.model_dump()),
            duration_hours=self.duration_hours, suspect=self.suspect.description if self.suspect else "",
            vehicle=self.vehicle.words() if self.vehicle else "", note=self.note,
        )  # fmt: skip
