"""Outlets from a JSON document: read strictly, and what is wrong is said for each of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, ValidationError

from app.db import audit, outlets
from app.db.engine import Session
from app.domain.errors import Fault, Invalid
from app.flows.enrol import save
from app.flows.faults import faults_of
from app.flows.legible import LEGIBLE, ONE_LINE
from app.flows.move import Moved, faults_of_moving
from app.flows.outlet_form import Label, OutletForm, StrictForm
from app.flows.ports import Seal, Wirer


class PartnerForm(StrictForm):
    name: Label
    phone: Annotated[str, Field(max_length=20), LEGIBLE, ONE_LINE] = ""
    silent_minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    at_once: Annotated[int, Field(ge=1, le=5000)] | None = None
    outlets: Annotated[tuple[OutletForm, ...], Field(min_length=1)]


class Document(StrictForm):
    partners: Annotated[tuple[PartnerForm, ...], Field(min_length=1)]


def read_document(raw: bytes | str) -> Document:
    """Raises Invalid with every fault, each with its pointer into the document."""
    return _valid(lambda: Document.model_validate_json(raw))


def check_document(said: Any) -> Document:
    """As ``read_document``, for JSON that has been read."""
    return _valid(lambda: Document.model_validate(said))


def _valid(read: Callable[[], Document]) -> Document:
    try:
        return read()
    except ValidationError as e:
        faults = faults_of(e.errors(include_url=False, include_input=False))
        raise Invalid([f for f in faults if not (f.code == "too_short" and _holds(f.pointer, faults))]) from None


@dataclass(frozen=True, slots=True)
class Member:
    """An outlet that was enrolled."""

    id: int
    name: str
    partner: str
    carrier: str
    takes_tests: bool


@dataclass(frozen=True, slots=True)
class Enrolment:
    """``partners`` are the ids by name."""

    partners: Mapping[str, int]
    outlets: Sequence[Member]


async def enrol_all(
    session: Session,
    document: Document,
    by: str,
    *,
    wire: Wirer,
    seal: Seal,
    settled: Collection[str] = (),
    enrolled: Callable[[str], None] = lambda name: None,
) -> Enrolment:
    """Enrol everything or nothing. ``enrolled`` hears of each outlet; ``settled`` as for ``enrol``. Raises Invalid with every
    fault."""
    partners: dict[str, int] = {}
    members: list[Member] = []
    faults: list[Fault] = []
    moved: dict[Moved, str] = {}
    for i, partner in enumerate(document.partners):
        owner = partners[partner.name] = await outlets.add_partner(
            session, partner.name, partner.phone, silent_minutes=partner.silent_minutes, at_once=partner.at_once
        )
        for j, form in enumerate(partner.outlets):
            try:
                saved = await save(session, owner, form.application(), wire=wire, seal=seal)
                members.append(Member(saved.id, form.name, partner.name, form.carrier, form.takes_tests))
                if saved.moved:
                    moved[saved.moved] = f"/partners/{i}/outlets/{j}"
                enrolled(form.name)
            except Invalid as e:
                faults += _under(f"/partners/{i}/outlets/{j}", e.faults)
    if faults:
        raise Invalid(faults)
    await outlets.touch(session, [member.id for member in members])
    sure = {"settled": sorted(settled)} if settled and moved else {}
    await audit.write(session, by, "outlet_import", detail={"partners": list(partners), **sure})
    if up := await faults_of_moving(session, moved, settled):
        raise Invalid([one for at, base in moved.items() if at.id in up for one in _under(base, [up[at.id]])])
    return Enrolment(partners, members)


def _holds(pointer: str, faults: Sequence[Fault]) -> bool:
    """Whether a list has faulty members: pydantic then counts only the others, and may call it too short as well."""
    return any(f.pointer.startswith(f"{pointer}/") for f in faults)


def _under(base: str, faults: Sequence[Fault]) -> list[Fault]:
    return [Fault(base + f.pointer, f.code, f.zh, f.en, f.remedy_zh, f.remedy_en) for f in faults]
