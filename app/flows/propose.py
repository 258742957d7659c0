"""Issuing by hand: one officer fills in a record at the console, another confirms it, and only then is it an alert.

A proposal cannot be changed: whoever wants it otherwise withdraws it and proposes anew, so that what was confirmed is what
was read. Whoever decides holds its row; of two acts at once one is done, and the other is told what became of it.
"""

import base64
from dataclasses import dataclass, replace

import orjson

from app.db import alerts, audit, drafts, proposals
from app.db.engine import Session, clock, notify
from app.db.proposals import Proposal
from app.domain.errors import Conflict, Forbidden, LiveAlertExists, NotFound
from app.domain.machines import PROPOSAL_LASTS, proposal_after
from app.domain.record import Officer, Record
from app.domain.regions import may_speak_for
from app.domain.words import ProposalState, Status
from app.flows.look import opened
from app.flows.ports import Press, Seal
from app.flows.principal import may_issue
from app.flows.sign_in import Operator
from app.flows.submit import Picture, issue, seal_record
from app.flows.tell import CHANGED

DRAFT, PHOTO = "issue", "issue photo"
"""The subjects of the draft that an officer is writing, and of its photo; once proposed, as ``_kept`` says."""
PROPOSALS = "proposals"
"""What the open pages hear: no alert has changed."""


def _kept(id: int) -> dict[str, str]:
    """The draft and its photo, and where they lie while the proposal waits: who has to change it finds them again."""
    return {DRAFT: f"proposal {id}", PHOTO: f"proposal {id} photo"}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """``again``: it had been confirmed before; this is its alert."""

    code: str
    again: bool = False


async def propose(session: Session, who: Operator, record: Record, picture: Picture | None, *, seal: Seal) -> int:
    """Put a record before a second officer; returns the proposal's number. ``verified_by`` holds but the phone that the
    public may call. Raises Forbidden, or Conflict when the case has an alert or a proposal already."""
    may_issue(who.officer, record.status, record.organ_code, record.loss.area_code)
    await lapse(session)
    await alerts.lock_case(session, record.case_number)
    await unclaimed(session, record)
    id = await proposals.add(
        session, PROPOSAL_LASTS,
        status=record.status, organ_code=record.organ_code, case_number=record.case_number,
        area_code=record.loss.area_code, account_id=who.id, sealed=seal_record(seal, record),
        photo_sealed=seal_picture(seal, picture) if picture else None,
    )  # fmt: skip
    for subject, kept in _kept(id).items():
        await drafts.move(session, who.name, subject, kept)
    await audit.write(session, who.actor, "propose", detail={"proposal": id, "status": record.status})
    await notify(session, CHANGED, PROPOSALS)
    return id


async def unclaimed(session: Session, record: Record) -> None:
    """Raise Conflict when an actual alert or proposal of the same case is there already."""
    if record.status is not Status.ACTUAL:
        return
    if (live := await alerts.live_for_case(session, record.case_number)) is not None:
        raise LiveAlertExists(live)
    if await proposals.waiting_for_case(session, record.case_number) is not None:
        raise Conflict(
            "该案件已有一份信息在等第二名民警确认，见值守台最上方。请核对案件编号；要改那一份，请提交人先收回。",
            "A proposal of this case waits already.",
        )


async def confirm(session: Session, who: Operator, id: int, *, seal: Seal, press: Press) -> Confirmed:
    """The second officer has read it and says that it is so: it is issued, in this transaction. Raises NotFound,
    Forbidden, WrongState or LiveAlertExists; then it waits on, or is what it was."""
    proposal = await _locked(session, id)
    if proposal.alert is not None:
        return Confirmed(proposal.alert, again=True)
    state = await _after(session, proposal, "confirm")
    may_decide(who, proposal)
    record = _opened(seal, proposal)
    if who.number == record.reported_by.number or who.name == record.reported_by.name:
        raise Forbidden("核实民警与报送民警须为两人。", "The verifying and the reporting officer must be two people.")
    verified = replace(
        record,
        verified_by=Officer(who.name, who.number, record.verified_by.phone),
        verified_at=await clock(session),
    )
    alert_id, issued = await issue(session, who.actor, verified, _picture(seal, proposal), seal=seal, press=press)
    await proposals.decide(session, id, state, who.actor, alert_id=alert_id)
    for kept in _kept(id).values():
        await drafts.drop(session, proposal.by, kept)
    await audit.write(session, who.actor, "confirmed", alert_id, {"proposal": id, "by": proposal.by})
    await notify(session, CHANGED, PROPOSALS)
    return Confirmed(issued.code)


async def decline(session: Session, who: Operator, id: int, reason: str, *, seal: Seal) -> None:
    """The second officer sends it back, and says why. Raises NotFound, Forbidden or WrongState."""
    proposal = await _locked(session, id)
    state = await _after(session, proposal, "decline")
    may_decide(who, proposal)
    await proposals.decide(session, id, state, who.actor, reason_sealed=seal.close(reason.encode()))
    await audit.write(session, who.actor, "declined", detail={"proposal": id})
    await notify(session, CHANGED, PROPOSALS)


async def withdraw(session: Session, who: Operator, id: int) -> bool:
    """Its own officer takes it back, to change it or to let it be. Returns whether it lies in their form again: not where
    they have begun another one. Raises NotFound, Forbidden or WrongState."""
    proposal = await _locked(session, id)
    if who.id != proposal.account_id:
        raise Forbidden("只有提交人可以收回。要退回，请用“退回”并写明原因。", "Only its own officer may withdraw it.")
    state = await _after(session, proposal, "withdraw")
    await proposals.decide(session, id, state, who.actor)
    await audit.write(session, who.actor, "withdrawn", detail={"proposal": id})
    await notify(session, CHANGED, PROPOSALS)
    return await _given_back(session, who, id)


async def take_up(session: Session, who: Operator, id: int) -> None:
    """What was declined, withdrawn or has lapsed goes back into its officer's form. Raises NotFound or Conflict."""
    await lapse(session)
    proposal = await _locked(session, id)
    if who.id != proposal.account_id or await drafts.find(session, who.name, _kept(id)[DRAFT]) is None:
        raise NotFound("没有可以取回的内容（退回、收回或失效一天后即删除）。", "There is nothing to take up.")
    if proposal.state in (ProposalState.PROPOSED, ProposalState.CONFIRMED):
        raise Conflict("这份信息还在等待确认或已经发出，不能取回修改。", "It waits, or has been issued.")
    if not await _given_back(session, who, id):
        raise Conflict(
            "您还有一份没有提交的填写。请先提交或清空它，再取回这一份。",
            "Another record is being written; finish it first.",
        )


async def _given_back(session: Session, who: Operator, id: int) -> bool:
    if any([await drafts.find(session, who.name, subject) is not None for subject in _kept(id)]):
        return False
    return any([await drafts.move(session, who.name, kept, subject) for subject, kept in _kept(id).items()])


async def let_go(session: Session, who: Operator, id: int) -> None:
    """Its officer needs it no more: what was kept of it goes. Raises NotFound or Conflict."""
    await lapse(session)
    proposal = await _locked(session, id)
    if not await lies_ready(session, who, proposal):
        raise NotFound("没有可以删除的内容（退回、收回或失效一天后即删除）。", "There is nothing to let go.")
    for kept in _kept(id).values():
        await drafts.drop(session, who.name, kept)
    await audit.write(session, who.actor, "let_go", detail={"proposal": id})
    await notify(session, CHANGED, PROPOSALS)


async def lies_ready(session: Session, who: Operator, proposal: Proposal) -> bool:
    """Whether ``take_up`` has something to take up."""
    over = proposal.state is not ProposalState.PROPOSED or proposal.lapses_at <= await clock(session)
    if who.id != proposal.account_id or proposal.state is ProposalState.CONFIRMED or not over:
        return False
    return await drafts.find(session, who.name, _kept(proposal.id)[DRAFT]) is not None


async def lapse(session: Session) -> int:
    """What has waited too long waits no more; returns how many. Safe to run twice."""
    overdue = await proposals.overdue(session)
    for id in overdue:
        proposal = await _locked(session, id)
        if proposal.state is ProposalState.PROPOSED:
            await proposals.decide(session, id, proposal_after(proposal.state, "lapse"), "clock")
            await audit.write(session, "clock", "lapsed", detail={"proposal": id})
    if overdue:
        await notify(session, CHANGED, PROPOSALS)
    return len(overdue)


async def look_at(session: Session, who: Operator, id: int, *, seal: Seal) -> tuple[Record, Picture | None]:
    """What is sealed in it, for its own officer and for who may decide on it. That they looked is written first. Raises
    NotFound, Forbidden, or WrongState when it no longer waits."""
    proposal = await _locked(session, id)
    if who.id != proposal.account_id:
        may_decide(who, proposal)
    found = await looked_at(session, id, seal=seal)
    await audit.write(session, who.actor, "looked", detail={"proposal": id})
    return found


async def looked_at(session: Session, id: int, *, seal: Seal) -> tuple[Record, Picture | None]:
    """The same once more, for a picture on the page of somebody whose look was written down. Raises as ``look_at``."""
    proposal = await _locked(session, id)
    await _after(session, proposal, "confirm")
    return _opened(seal, proposal), _picture(seal, proposal)


def may_decide(who: Operator, proposal: Proposal) -> None:
    """Raise Forbidden unless this is another officer, of an organ that may alert there."""
    officer = who.officer
    if who.id == proposal.account_id:
        raise Forbidden(
            "这份信息是您提交的，须由另一名民警核实确认。", "Another officer must confirm what you proposed."
        )
    if officer.organ_area is None or not may_speak_for(officer.organ_area, proposal.area_code):
        raise Forbidden(
            f"您的机关管辖区划为 {officer.organ_area}，不能核实区划 {proposal.area_code} 的信息。请当地或上级机关的民警确认。",
            f"Your organ's region is {officer.organ_area}; it may not alert for {proposal.area_code}.",
        )


async def _locked(session: Session, id: int) -> Proposal:
    proposal = await proposals.lock(session, id)
    if proposal is None:
        raise NotFound("没有这份待核实的信息。", "There is no such proposal.")
    return proposal


async def _after(session: Session, proposal: Proposal, act: str) -> ProposalState:
    """The state after ``act``. Its time is up when it is, whether or not the sweep has come by. Raises WrongState."""
    over = proposal.state is ProposalState.PROPOSED and proposal.lapses_at <= await clock(session)
    return proposal_after(ProposalState.LAPSED if over else proposal.state, act)


def _opened(seal: Seal, proposal: Proposal) -> Record:
    assert proposal.sealed is not None
    return opened(seal, proposal.sealed)


def seal_picture(seal: Seal, picture: Picture) -> bytes:
    """A photo that the public may not see yet."""
    plain = [base64.b64encode(picture.body).decode(), picture.mime, picture.width, picture.height]
    return seal.close(orjson.dumps(plain))


def opened_picture(seal: Seal, sealed: bytes) -> Picture:
    """The inverse of ``seal_picture``."""
    body, mime, width, height = orjson.loads(seal.open(sealed))
    return Picture(base64.b64decode(body), mime, width, height)


def _picture(seal: Seal, proposal: Proposal) -> Picture | None:
    return opened_picture(seal, proposal.photo_sealed) if proposal.photo_sealed is not None else None
