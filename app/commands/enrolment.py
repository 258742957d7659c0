"""Outlets from a JSON document: read strictly, and what is wrong is said for each of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.db import audit, outlets
from app.db.engine import transaction
from app.domain.errors import Fault, Invalid
from app.flows.enrol import AirDuty, Application, Face, enrol
from app.flows.faults import faults_of
from app.flows.house import House

Minutes = Annotated[int, Field(ge=1, le=10_080)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlaceForm(_Form):
    lon: Annotated[float, Field(ge=73, le=136)]
    lat: Annotated[float, Field(ge=3, le=54)]
    datum: Literal["WGS84", "CGCS2000", "GCJ02", "BD09"]


class PanelForm(_Form):
    width: Annotated[int, Field(ge=16, le=16_384)] | None = None
    height: Annotated[int, Field(ge=16, le=16_384)] | None = None
    columns: Annotated[int, Field(ge=4, le=100)] | None = None
    rows: Annotated[int, Field(ge=1, le=50)] | None = None


class DutyForm(_Form):
    exclusive_minutes: Minutes | None = None
    repeat_every_minutes: Minutes | None = None
    until_minutes: Minutes | None = None


class OutletForm(_Form):
    """docs/outlets.md has the members."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    channel: str
    carrier: str
    settings: dict[str, Any] = Field(default_factory=dict)
    place: PlaceForm | None = None
    codes: tuple[str, ...] = ()
    panel: PanelForm = Field(default_factory=PanelForm)
    duty: DutyForm = Field(default_factory=DutyForm)
    takes_exercises: bool = False
    takes_tests: bool = False
    receipt_minutes: int = 5

    def application(self) -> Application:
        place = self.place
        return Application(
            name=self.name, channel=self.channel, carrier=self.carrier, settings=self.settings,
            lon=place.lon if place else None, lat=place.lat if place else None, datum=place.datum if place else "WGS84",
            codes=self.codes, panel=Face(**self.panel.model_dump()), duty=AirDuty(**self.duty.model_dump()),
            takes_exercises=self.takes_exercises, takes_tests=self.takes_tests, receipt_minutes=self.receipt_minutes,
        )  # fmt: skip


class PartnerForm(_Form):
    name: Annotated[str, Field(min_length=1, max_length=60)]
    phone: Annotated[str, Field(max_length=20)] = ""
    silent_minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    outlets: Annotated[tuple[OutletForm, ...], Field(min_length=1)]


class Document(_Form):
    partners: Annotated[tuple[PartnerForm, ...], Field(min_length=1)]


def read_document(raw: bytes | str) -> Document:
    """Raises Invalid with every fault, each with its pointer into the document."""
    try:
        return Document.model_validate_json(raw)
    except ValidationError as e:
        faults = faults_of(e.errors(include_url=False, include_input=False))
        raise Invalid([f for f in faults if not (f.code == "too_short" and _holds(f.pointer, faults))]) from None


async def enrol_all(
    house: House, document: Document, enrolled: Callable[[str], None] = lambda name: None
) -> Mapping[str, int]:
    """Enrol everything or nothing; the ids of the partners by name. ``enrolled`` hears of each outlet."""
    partners: dict[str, int] = {}
    faults: list[Fault] = []
    async with transaction(house.engine) as session:
        for i, partner in enumerate(document.partners):
            id = partners[partner.name] = await outlets.add_partner(
                session, partner.name, partner.phone, partner.silent_minutes
            )
            for j, form in enumerate(partner.outlets):
                try:
                    await enrol(session, id, form.application(), wire=house.wire, seal=house.seal)
                    enrolled(form.name)
                except Invalid as e:
                    faults += _under(f"/partners/{i}/outlets/{j}", e.faults)
        if faults:
            raise Invalid(faults)
        await audit.write(session, "cli", "outlet_import", detail={"partners": list(partners)})
    return partners


def _holds(pointer: str, faults: Sequence[Fault]) -> bool:
    """Whether a list has faulty members: pydantic then counts only the others, and may call it too short as well."""
    return any(f.pointer.startswith(f"{pointer}/") for f in faults)


def _under(base: str, faults: Sequence[Fault]) -> list[Fault]:
    return [Fault(base + f.pointer, f.code, f.zh, f.en, f.remedy_zh, f.remedy_en) for f in faults]
