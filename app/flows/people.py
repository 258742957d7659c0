"""People at the console, as an administrator keeps them. There is always an administrator who may act."""

from typing import Annotated

from pydantic import Field, ValidationError

from app.db import accounts, audit, keys, people
from app.db.engine import Session
from app.db.people import Row
from app.domain.errors import Conflict, Fault, Invalid, NotFound
from app.domain.words import Role
from app.flows.faults import faults_of
from app.flows.outlet_form import StrictForm
from app.flows.sign_in import link_for

_PLAIN = r"^\S(.*\S)?$"


class PersonFacts(StrictForm):
    """``organ_code``, ``number`` and ``phone`` are an officer's: whose officer, the police number, the duty phone. Whoever
    issues alerts needs all three."""

    role: Role
    organ_code: Annotated[str, Field(pattern=r"^[0-9]{6}[0-9A-Z]{6}$")] | None = None
    number: Annotated[str, Field(max_length=20, pattern=r"^[0-9A-Za-z]*$")] = ""
    phone: Annotated[str, Field(max_length=20, pattern=r"^[0-9+ \-]*$")] = ""


class NewPerson(PersonFacts):
    """The name is who acts, in every log; it stays."""

    name: Annotated[str, Field(min_length=1, max_length=20, pattern=_PLAIN)]


async def add(session: Session, by: str, facts: NewPerson) -> tuple[int, str]:
    """Their id, and the token of the one-time link by which they come in first. Raises Conflict or Invalid."""
    id = await people.add(session, facts.name, facts.role)
    if id is None:
        raise Conflict("已有同名的账号。请加上单位或编号以便区分。", "There is an account of that name.")
    await _set(session, id, facts)
    await audit.write(session, by, "person_add", detail={"person": facts.name, **_said(facts)})
    return id, await link_for(session, id)


async def change(session: Session, by: str, me: int, id: int, facts: PersonFacts) -> None:
    """``me`` is who acts: nobody changes their own role. Raises NotFound, Conflict or Invalid."""
    person = await _keeping_one(session, id, loses=facts.role is not Role.ADMIN)
    if id == me and facts.role != person["role"]:
        raise Conflict("不能改变自己的角色，请由另一位管理员来改。", "Nobody changes their own role.")
    await _set(session, id, facts)
    await audit.write(session, by, "person_edit", detail={"person": person["name"], **_said(facts)})


async def lock(session: Session, by: str, me: int, id: int) -> bool:
    """Out at once, everywhere. False when it was locked before. Raises NotFound or Conflict."""
    person = await _keeping_one(session, id, loses=True)
    if id == me:
        raise Conflict("不能锁定自己，请由另一位管理员来做。", "Nobody locks their own account.")
    done = await people.set_disabled(session, id, True)
    await people.end_sittings(session, id)
    await people.drop_links(session, id)
    await audit.write(session, by, "person_lock", detail={"person": person["name"]})
    return done


async def unlock(session: Session, by: str, id: int) -> bool:
    """False when it was not locked."""
    person = await _known(session, id)
    done = await people.set_disabled(session, id, False)
    await audit.write(session, by, "person_unlock", detail={"person": person["name"]})
    return done


async def end_sessions(session: Session, by: str, id: int) -> int:
    """How many there were."""
    person = await _known(session, id)
    count = await people.end_sittings(session, id)
    await audit.write(session, by, "sessions_end", detail={"person": person["name"], "sessions": count})
    return count


async def reset_password(session: Session, by: str, me: int, id: int) -> str:
    """The old one is void, and so are sessions and links; the token of a new link. Raises Conflict while it is locked, and
    for one's own."""
    person = await _known(session, id)
    _of_another(me, id)
    if person["disabled_at"] is not None:
        raise Conflict("账号已锁定，请先解锁。", "The account is locked; unlock it first.")
    await people.set_password(session, id, None)
    await people.end_sittings(session, id)
    await people.drop_links(session, id)
    await audit.write(session, by, "password_reset", detail={"person": person["name"]})
    return await link_for(session, id)


async def reset_factor(session: Session, by: str, me: int, id: int) -> None:
    """For a lost telephone: from now on the password alone lets them in, until they enrol anew. Raises Conflict for one's
    own, which takes a code."""
    person = await _known(session, id)
    _of_another(me, id)
    await people.set_factor(session, id, None, 0)
    await people.end_sittings(session, id)
    await audit.write(session, by, "totp_reset", detail={"person": person["name"]})


async def from_outside(
    session: Session, name: str, role: Role | None, organ: str | None, number: str | None, phone: str | None
) -> None:
    """What the command line states of an account; what it leaves out stays. Raises as ``change`` does."""
    id = await accounts.save(session, name, None)
    if role is None and organ is None and number is None and phone is None:
        return
    now = await _known(session, id)
    said = {"role": role, "organ_code": organ, "number": number, "phone": phone}
    try:
        facts = PersonFacts.model_validate({key: now[key] if value is None else value for key, value in said.items()})
    except ValidationError as e:
        raise Invalid(faults_of(e.errors(include_url=False, include_input=False))) from None
    await change(session, "cli", 0, id, facts)


async def let_back_in(session: Session, name: str) -> bool:
    """Unlocked, and without a second factor: for an administrator who is locked out and has nobody to ask. False when there
    is no such account."""
    found = await people.called(session, name)
    if found is None:
        return False
    await unlock(session, "cli", found)
    await reset_factor(session, "cli", 0, found)
    return True


def _of_another(me: int, id: int) -> None:
    if me == id:
        raise Conflict("自己的密码和两步验证请在“我的账号”里修改。", "One's own is changed at one's own page.")


async def _known(session: Session, id: int) -> Row:
    person = await people.person(session, id)
    if person is None:
        raise NotFound("没有这个账号。", "There is no such account.")
    return person


async def _keeping_one(session: Session, id: int, *, loses: bool) -> Row:
    """The person. Raises Conflict when they would lose the right of the last administrator."""
    administrators = await people.administrators(session)
    person = await _known(session, id)
    if loses and administrators == {id}:
        raise Conflict(
            "这是最后一位管理员，不能锁定，也不能改成别的角色。请先指定另一位管理员。",
            "This is the last administrator.",
        )
    return person


async def _set(session: Session, id: int, facts: PersonFacts) -> None:
    faults = []
    if facts.organ_code is not None and await keys.organ(session, facts.organ_code) is None:
        faults.append(
            Fault("/organ_code", "no_such_organ", "没有登记这个机关。", "The organ is not registered.",
                  "先用 huijia key issue police 登记机关。", "Register it first.")
        )  # fmt: skip
    if facts.role is Role.OFFICER:
        needed = (("organ_code", facts.organ_code), ("number", facts.number), ("phone", facts.phone))
        faults += [
            Fault(f"/{name}", "officer_needs", "民警须填此项，否则不能发布。", "An officer needs this.", "请补填。", "Add it.")
            for name, value in needed if not value
        ]  # fmt: skip
    if faults:
        raise Invalid(faults)
    await people.set_facts(session, id, facts.role, facts.organ_code, facts.number, facts.phone)


def _said(facts: PersonFacts) -> dict[str, object]:
    return {"role": facts.role, "organ": facts.organ_code, "number": facts.number, "phone": facts.phone}
