"""The record as police systems send it: checked field by field, every fault at once, before anything is believed.

Times are RFC 3339 with an offset. Nothing is guessed, rounded or coerced: a number in quotes is a fault.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from app.domain import record as r
from app.domain.geo import Datum
from app.domain.words import Status
from app.flows.faults import Complaint
from app.flows.legible import LEGIBLE, ONE_LINE
from app.forms.agreement import LATITUDES, LONGITUDES, disagreements
from app.forms.instants import Day, Instant
from app.forms.numbers import CaseNumber, CountyCode, OfficerNumber, OrganCode, Plate, ResidentId
from app.forms.text import Line, Name, Phone, Place, Prose

SKEW = timedelta(minutes=5)
OLDEST_LOSS = timedelta(days=30)


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)


def _now(info: ValidationInfo) -> datetime:
    now: datetime = (info.context or {})["now"]
    return now


def _not_ahead(value: datetime, info: ValidationInfo) -> datetime:
    if value > _now(info) + SKEW:
        raise Complaint(
            "in_the_future", "时间在将来。", "The time is in the future.",
            "核对日期、时刻与时区。", "Check day, time and offset.",
        )  # fmt: skip
    return value


class OfficerForm(_Form):
    """An officer. ``phone`` is a duty phone; the verifying officer's is published."""

    name: Name
    number: OfficerNumber
    phone: Phone


class MinorForm(_Form):
    """The missing minor. ``birth_date``, or ``age`` in whole years at the time of loss; heights in centimetres."""

    name: Name
    sex: Literal["male", "female"]
    birth_date: Day | None = None
    age: Annotated[int, Field(ge=0, le=17)] | None = None
    height_cm: Annotated[int, Field(ge=30, le=230)] | None = None
    features: Prose = ""
    clothing: Prose = ""
    resident_id: ResidentId | None = None


class LossForm(_Form):
    """Where and when. Degrees in the stated ``datum``; ``area_code`` is the GB/T 2260 county."""

    address: Place
    area_code: CountyCode
    datum: Datum
    lon: Annotated[float, Field(ge=LONGITUDES[0], le=LONGITUDES[1], allow_inf_nan=False)]
    lat: Annotated[float, Field(ge=LATITUDES[0], le=LATITUDES[1], allow_inf_nan=False)]
    at: Instant
    circumstances: Prose = ""

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

    description: Annotated[str, Field(min_length=2, max_length=100), LEGIBLE, ONE_LINE]


class VehicleForm(_Form):
    """What the public may know of a vehicle. ``plate`` as on GA 36 number plates; a partial one is described."""

    plate: Plate | None = None
    description: Line = ""

    def words(self) -> str:
        return " ".join(w for w in (self.plate or "", self.description) if w)


class GuardianForm(_Form):
    """Whether the guardian knows of the publication, and how to reach them. Never published."""

    told: bool
    name: Name
    phone: Phone
    relation: Annotated[str, Field(min_length=1, max_length=20), LEGIBLE, ONE_LINE]


class RecordForm(_Form):
    """A verified record of one missing minor."""

    status: Literal["actual", "exercise", "test"]
    case_number: CaseNumber
    organ_code: OrganCode
    reported_by: OfficerForm
    verified_by: OfficerForm
    verified_at: Instant
    basis: Annotated[
        str,
        Field(min_length=2, max_length=500, description="What the verification rests on. Never published."),
        LEGIBLE,
    ]
    minor: MinorForm
    loss: LossForm
    guardian: GuardianForm
    suspect: SuspectForm | None = None
    vehicle: VehicleForm | None = None
    duration_hours: Annotated[int, Field(ge=1, le=168)] = 24
    note: Annotated[Prose, Field(description="For the police. Never published.")] = ""
    photo: str | None = Field(
        default=None, description="Base64 of a JPEG, PNG or WebP; or send a multipart `photo` part."
    )

    @model_validator(mode="wrap")
    @classmethod
    def _agrees(cls, sent: Any, handler: ModelWrapValidatorHandler["RecordForm"]) -> "RecordForm":
        """The faults of each field and what the fields disagree in, in one go."""
        found = disagreements(sent) if isinstance(sent, dict) else ()
        more = [InitErrorDetails(type="value_error", loc=where, input=None, ctx={"error": c}) for where, c in found]
        try:
            form = handler(sent)
        except ValidationError as e:
            raise ValidationError.from_exception_data(cls.__name__, [*map(_again, e.errors()), *more]) from None
        if more:
            raise ValidationError.from_exception_data(cls.__name__, more)
        return form

    @field_validator("verified_at")
    @classmethod
    def _verified(cls, value: datetime, info: ValidationInfo) -> datetime:
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


def _again(e: Any) -> InitErrorDetails:
    """An error as pydantic takes it back."""
    return InitErrorDetails(type=e["type"], loc=e["loc"], input=None, ctx=e.get("ctx", {}))
