"""Issuing by hand: what one officer fills in goes out when another has confirmed it, once, and not otherwise."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from app.db import drafts, proposals
from app.db.engine import transaction
from app.dispatch.sweeps import Sweeps
from app.domain.errors import Conflict, Forbidden, LiveAlertExists, NotFound, WrongState
from app.domain.words import Role
from app.flows import propose as p
from app.flows.house import House
from app.flows.look import opened
from app.flows.sign_in import Operator, set_password
from app.flows.submit import Picture
from app.flows.troubles import troubles
from tests.flows.acts import record, retracted, submitted
from tests.flows.ledger import dump, one, rows, told
from tests.making import AREA, ORGAN, PROVINCE_ORGAN, make_organ, make_outlet, photo_bytes

PHOTO = Picture(photo_bytes(), "image/jpeg", 120, 160)


async def officer(house: House, name: str, number: str, organ: str = ORGAN, area: str = AREA, **more: Any) -> Operator:
    await make_organ(house, organ, "某公安机关", area)
    async with transaction(house.engine) as session:
        id = await set_password(session, name, None)
    facts = {"role": Role.OFFICER, "phone": "029-85250110"} | more
    return Operator(
        name, "csrf", id, organ_code=organ, organ_area=area, organ_name="某公安机关", number=number, **facts
    )


@pytest.fixture
async def wang(house: House) -> Operator:
    return await officer(house, "王建国", "010233")


@pytest.fixture
async def zhao(house: House) -> Operator:
    return await officer(house, "赵敏", "010871")


async def proposed(house: House, who: Operator, picture: Picture | None = None, **changes: Any) -> int:
    async with transaction(house.engine) as session:
        await drafts.save(session, who.name, p.DRAFT, b"typed")
        return await p.propose(session, who, record(**changes), picture, seal=house.seal)


async def confirmed(house: House, who: Operator, id: int) -> p.Confirmed:
    async with transaction(house.engine) as session:
        return await p.confirm(session, who, id, seal=house.seal, press=house.press)


async def declined(house: House, who: Operator, id: int, reason: str = "照片不是本人") -> None:
    async with transaction(house.engine) as session:
        await p.decline(session, who, id, reason, seal=house.seal)


async def withdrawn(house: House, who: Operator, id: int) -> bool:
    async with transaction(house.engine) as session:
        return await p.withdraw(session, who, id)


async def acts(house: House) -> list[tuple[str, str]]:
    return [(r.actor, r.act) for r in await rows(house, "SELECT actor, act FROM audit ORDER BY id")]


async def test_nothing_goes_out_before_another_officer_has_confirmed_it(
    house: House, wang: Operator, zhao: Operator
) -> None:
    outlet = await make_outlet(house, channel="tv")
    before = datetime.now(UTC)
    id = await proposed(house, wang, PHOTO)
    for table in ("alert", "notice", "delivery", "photo", "record"):
        assert await one(house, f"SELECT count(*) FROM {table}") == 0
    done = await confirmed(house, zhao, id)
    assert await told(house, done.code, 1) == [outlet]
    (alert,) = await rows(house, "SELECT state, issued_by, organ_code FROM alert")
    assert tuple(alert) == ("active", "operator:赵敏", ORGAN)
    facts = opened(house.seal, await one(house, "SELECT sealed FROM record"))
    assert (facts.reported_by.name, facts.verified_by.name, facts.verified_by.number) == ("王建国", "赵敏", "010871")
    assert facts.verified_by.phone == "029-85250111", "the one that both have read"
    assert facts.verified_at >= before
    assert await one(house, "SELECT count(*) FROM photo") == 1
    assert await acts(house) == [
        ("operator:王建国", "propose"), ("operator:赵敏", "submit"), ("operator:赵敏", "confirmed"),
    ]  # fmt: skip


async def test_it_is_sealed_while_it_waits_and_erased_when_it_does_not(
    house: House, wang: Operator, zhao: Operator
) -> None:
    ids = [await proposed(house, wang, PHOTO, status="exercise") for _ in range(3)]
    everything = repr(await dump(house))
    for private in ("李小明", "李强", "13800000000", "小寨", "010233", "监控"):
        assert private not in everything, private
    assert repr(PHOTO.body)[2:60] not in everything
    await confirmed(house, zhao, ids[0])
    await declined(house, zhao, ids[1])
    await withdrawn(house, wang, ids[2])
    assert "照片不是本人" not in repr((await dump(house))["proposal"]), "nor what was found wrong with it"
    left = await rows(house, "SELECT state FROM proposal WHERE sealed IS NULL AND photo_sealed IS NULL ORDER BY id")
    assert [r.state for r in left] == ["confirmed", "declined", "withdrawn"]


async def test_nobody_confirms_their_own(house: House, wang: Operator) -> None:
    id = await proposed(house, wang)
    for decide in (confirmed, declined):
        with pytest.raises(Forbidden, match="Another officer"):
            await decide(house, wang, id)
    for twin in (await officer(house, "王建国二", "010233"), await officer(house, "王 建国", "010233")):
        with pytest.raises(Forbidden, match="two people"):
            await confirmed(house, twin, id)
    assert await one(house, "SELECT count(*) FROM alert") == 0


@pytest.mark.parametrize(
    ("organ", "area", "may"),
    [(PROVINCE_ORGAN, "610000", True), ("610100000000", "610100", True), ("610112000000", "610112", False)],
)
async def test_an_organ_confirms_where_it_may_alert(
    house: House, wang: Operator, organ: str, area: str, may: bool
) -> None:
    id = await proposed(house, wang)
    other = await officer(house, "孙立", "020001", organ, area)
    if may:
        await confirmed(house, other, id)
        assert await one(house, "SELECT organ_code FROM alert") == ORGAN, "it stays the alert of who filled it in"
    else:
        with pytest.raises(Forbidden, match="may not alert for 610113"):
            await confirmed(house, other, id)
        async with transaction(house.engine) as session:
            with pytest.raises(Forbidden):
                await p.look_at(session, other, id, seal=house.seal)


@pytest.mark.parametrize("more", [{"role": Role.OPERATOR}, {"phone": ""}, {"role": Role.VIEWER}])
async def test_who_is_no_officer_neither_proposes_nor_decides(
    house: House, wang: Operator, more: dict[str, Any]
) -> None:
    nobody = await officer(house, "值班员", "030001", **more)
    with pytest.raises(Forbidden):
        await proposed(house, nobody)
    id = await proposed(house, wang)
    for decide in (confirmed, declined):
        with pytest.raises(Forbidden):
            await decide(house, nobody, id)


async def test_an_officer_proposes_for_their_own_region_only(house: House, wang: Operator) -> None:
    with pytest.raises(Forbidden, match="may not alert for 610112"):
        await proposed(house, wang, loss__area_code="610112")


async def test_of_many_who_confirm_at_once_one_does(house: House, wang: Operator) -> None:
    await make_outlet(house, channel="tv")
    id = await proposed(house, wang)
    many = [await officer(house, f"民警{n}", f"04000{n}") for n in range(5)]
    ends = await asyncio.gather(*(confirmed(house, who, id) for who in many))
    assert sorted(e.again for e in ends) == [False, True, True, True, True]
    assert len({e.code for e in ends}) == 1
    for table in ("alert", "notice", "delivery"):
        assert await one(house, f"SELECT count(*) FROM {table}") == 1


async def test_confirming_and_withdrawing_at_once_has_one_end(house: House, wang: Operator, zhao: Operator) -> None:
    for _ in range(6):
        id = await proposed(house, wang, status="exercise")
        ends = await asyncio.gather(
            confirmed(house, zhao, id), withdrawn(house, wang, id), declined(house, zhao, id), return_exceptions=True
        )
        assert sum(not isinstance(e, BaseException) for e in ends) == 1, ends
        state = await one(house, "SELECT state FROM proposal WHERE id = :id", id=id)
        for act, end in zip(("confirmed", "withdrawn", "declined"), ends, strict=True):
            if act == state:
                assert not isinstance(end, BaseException)
            else:
                assert isinstance(end, WrongState)
    issued = await one(house, "SELECT count(*) FROM alert")
    assert issued == await one(house, "SELECT count(*) FROM proposal WHERE state = 'confirmed'")


async def test_a_case_has_one_actual_proposal_and_none_beside_its_alert(
    house: House, wang: Operator, zhao: Operator
) -> None:
    id = await proposed(house, wang)
    with pytest.raises(Conflict, match="waits already"):
        await proposed(house, zhao)
    await proposed(house, zhao, status="exercise")
    done = await confirmed(house, zhao, id)
    with pytest.raises(LiveAlertExists):
        await proposed(house, wang)
    await retracted(house, done.code)
    later = await proposed(house, wang)
    await submitted(house, record())  # the case comes in by the police's own system meanwhile
    with pytest.raises(LiveAlertExists):
        await confirmed(house, zhao, later)
    assert await one(house, "SELECT state FROM proposal WHERE id = :id", id=later) == "proposed", "nothing is half done"


async def test_what_was_withdrawn_or_declined_can_be_changed_and_proposed_anew(
    house: House, wang: Operator, zhao: Operator
) -> None:
    async def lies(subject: str) -> bytes | None:
        async with transaction(house.engine) as session:
            return await drafts.find(session, wang.name, subject)

    async def taken_up(id: int) -> None:
        async with transaction(house.engine) as session:
            await p.take_up(session, wang, id)

    first = await proposed(house, wang)
    assert await lies(p.DRAFT) is None, "the form is empty for the next child"
    with pytest.raises(Conflict):
        await taken_up(first)
    assert await withdrawn(house, wang, first)
    assert await lies(p.DRAFT) == b"typed"
    second = await proposed(house, wang)
    await declined(house, zhao, second)
    async with transaction(house.engine) as session:
        await drafts.save(session, wang.name, p.DRAFT, b"another child")
    with pytest.raises(Conflict, match="Another record"):
        await taken_up(second)
    async with transaction(house.engine) as session:
        await drafts.drop(session, wang.name, p.DRAFT)
    await taken_up(second)
    assert await lies(p.DRAFT) == b"typed"
    with pytest.raises(NotFound):
        await taken_up(second)


async def test_what_nobody_confirms_lapses(house: House, wang: Operator, zhao: Operator) -> None:
    id, fresh = await proposed(house, wang), await proposed(house, wang, status="test")
    await rows(house, "UPDATE proposal SET lapses_at = now() - interval '1 second' WHERE id = :id", id=id)
    with pytest.raises(WrongState, match="lapsed"):
        await confirmed(house, zhao, id)
    async with transaction(house.engine) as session:
        with pytest.raises(WrongState, match="lapsed"):
            await p.look_at(session, zhao, id, seal=house.seal)
    for _ in range(2):
        await Sweeps(house.engine, house.press, "worker").lapse()
    states = {r.id: r.state for r in await rows(house, "SELECT id, state FROM proposal")}
    assert states == {id: "lapsed", fresh: "proposed"}
    await proposed(house, wang)  # the case is free again


async def test_what_came_back_is_in_sight_until_its_officer_has_seen_to_it(
    house: House, wang: Operator, zhao: Operator
) -> None:
    async def in_sight() -> list[int]:
        async with transaction(house.engine) as session:
            return [one.id for one in await proposals.unfinished(session)]

    async def let_go(who: Operator, id: int) -> None:
        async with transaction(house.engine) as session:
            await p.let_go(session, who, id)

    sent_back = await proposed(house, wang, PHOTO, status="exercise")
    waits = await proposed(house, wang)
    await declined(house, zhao, sent_back)
    assert await in_sight() == [sent_back]
    await rows(house, "UPDATE proposal SET lapses_at = now() - interval '1 second' WHERE id = :id", id=waits)
    assert await in_sight() == [waits, sent_back], "what is real first, and before any sweep has come by"
    again = await proposed(house, wang)
    assert await one(house, "SELECT state FROM proposal WHERE id = :id", id=waits) == "lapsed", "the case is free"
    for who, id in ((zhao, sent_back), (wang, again)):
        with pytest.raises(NotFound):
            await let_go(who, id)
    for id in (sent_back, waits):
        await let_go(wang, id)
    assert await in_sight() == []
    assert [r.subject for r in await rows(house, "SELECT subject FROM draft")] == [f"proposal {again}"]


async def test_a_real_record_that_nobody_looks_at_raises_the_alarm(
    house: House, wang: Operator, zhao: Operator
) -> None:
    async def alarmed() -> bool:
        async with transaction(house.engine) as session:
            return "proposal_unconfirmed" in {t.name for t in await troubles(session)}

    id, drill = await proposed(house, wang), await proposed(house, wang, status="exercise")
    assert not await alarmed()
    await rows(house, "UPDATE proposal SET created_at = now() - interval '4 minutes' WHERE id = :id", id=drill)
    assert not await alarmed(), "an exercise wakes nobody"
    await rows(house, "UPDATE proposal SET created_at = now() - interval '4 minutes' WHERE id = :id", id=id)
    assert await alarmed()
    await confirmed(house, zhao, id)
    assert not await alarmed()


async def test_every_look_is_written_down(house: House, wang: Operator, zhao: Operator) -> None:
    id = await proposed(house, wang, PHOTO)
    async with transaction(house.engine) as session:
        facts, picture = await p.look_at(session, zhao, id, seal=house.seal)
    assert (facts.minor.name, picture) == ("李小明", PHOTO)
    (look,) = await rows(house, "SELECT actor, detail FROM audit WHERE act = 'looked'")
    assert (look.actor, look.detail) == ("operator:赵敏", {"proposal": id})
    await confirmed(house, zhao, id)
    async with transaction(house.engine) as session:
        with pytest.raises(WrongState):
            await p.look_at(session, zhao, id, seal=house.seal)


async def test_a_confirmation_that_fails_half_way_leaves_nothing(
    house: House, wang: Operator, zhao: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await proposed(house, wang, PHOTO)
    before = await dump(house)

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the last step")

    monkeypatch.setattr("app.flows.propose.drafts.drop", broken)
    with pytest.raises(RuntimeError):
        await confirmed(house, zhao, id)
    assert await dump(house) == before


async def test_the_table_itself_keeps_nothing_sealed_that_does_not_wait(house: House, wang: Operator) -> None:
    id = await proposed(house, wang)
    for wrong in ("state = 'withdrawn'", "sealed = NULL", "state = 'confirmed', sealed = NULL"):
        with pytest.raises(Exception, match="violates check constraint"):
            async with transaction(house.engine) as session:
                await session.execute(text(f"UPDATE proposal SET {wrong} WHERE id = {id}"))
