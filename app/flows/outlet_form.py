"""An outlet as its owner describes it, checked field by field. docs/outlets.md has the members."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.flows.enrol import AirDuty, Application, Face
from app.flows.legible import LEGIBLE, ONE_LINE, legible

Minutes = Annotated[int, Field(ge=1, le=10_080)]


Label = Annotated[str, Field(min_length=1, max_length=60), LEGIBLE, ONE_LINE]


def _all_legible(value: Any) -> Any:
    """However deep a text stands in the settings."""
    if isinstance(value, str):
        legible(value)
    for inner in value.items() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        _all_legible(inner)
    return value


class StrictForm(BaseModel):
    """Takes no member that it does not name."""

    model_config = ConfigDict(extra="forbid")


class PlaceForm(StrictForm):
    lon: Annotated[float, Field(ge=73, le=136)]
    lat: Annotated[float, Field(ge=3, le=54)]
    datum: Literal["WGS84", "CGCS2000", "GCJ02", "BD09"]


class PanelForm(StrictForm):
    width: Annotated[int, Field(ge=16, le=16_384)] | None = None
    height: Annotated[int, Field(ge=16, le=16_384)] | None = None
    columns: Annotated[int, Field(ge=4, le=100)] | None = None
    rows: Annotated[int, Field(ge=1, le=50)] | None = None


class DutyForm(StrictForm):
    exclusive_minutes: Minutes | None = None
    repeat_every_minutes: Minutes | None = None
    until_minutes: Minutes | None = None


class OutletForm(StrictForm):
    name: Label
    channel: str
    carrier: str
    settings: Annotated[dict[str, Any], AfterValidator(_all_legible)] = Field(default_factory=dict)
    place: PlaceForm | None = None
    codes: tuple[str, ...] = ()
    panel: PanelForm = Field(default_factory=PanelForm)
    duty: DutyForm = Field(default_factory=DutyForm)
    takes_exercises: bool = False
    takes_tests: bool = False
    receipt_minutes: int = 5

    def application(self) -> Application:
        """The same facts as the enrolling flow takes them."""
        place = self.place
        return Application(
            name=self.name, channel=self.channel, carrier=self.carrier, settings=self.settings,
            lon=place.lon if place else None, lat=place.lat if place else None, datum=place.datum if place else "WGS84",
            codes=self.codes, panel=Face(**self.panel.model_dump()), duty=AirDuty(**self.duty.model_dump()),
            takes_exercises=self.takes_exercises, takes_tests=self.takes_tests, receipt_minutes=self.receipt_minutes,
        )  # fmt: skip
