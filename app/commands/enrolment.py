"""Outlets from a JSON document: read strictly, and what is wrong is said for each of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

from pydantic import Field, ValidationError

from app.db import audit, outlets
from app.db.engine import transaction
from app.domain.errors import Fault, Invalid
from app.flows.enrol import enrol
from app.flows.faults import faults_of
from app.flows.house import House
from app.flows.outlet_form import OutletForm, StrictForm


class PartnerForm(StrictForm):
    name: Annotated[str, Field(min_length=1, max_length=60)]
    phone: Annotated[str, Field(max_length=20)] = ""
    silent_minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    outlets: Annotated[tuple[OutletForm, ...], Field(min_length=1)]


class Document(StrictForm):
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
