"""Whose key it is, and what it lets them do."""

from itertools import product

import pytest

from app.db import keys
from app.db.engine import transaction
from app.domain.errors import Forbidden, NotFound
from app.domain.words import Scope, Status
from app.flows.house import House
from app.flows.principal import Principal, issue_key, may_issue, may_see, recognise
from tests.flows.ledger import dump, one
from tests.making import AREA, ORGAN, ORGAN_NAME, make_key, make_organ, make_partner, police


async def recognised(house: House, bearer: str) -> Principal | None:
    async with transaction(house.engine) as session:
        return await recognise(session, bearer)


async def test_a_key_is_its_holder(house: House) -> None:
    partner = await make_partner(house)
    officer = await recognised(house, await make_key(house, Scope.POLICE))
    assert officer is not None
    assert (officer.scope, officer.live) == (Scope.POLICE, True)
    assert (officer.organ_code, officer.organ_name, officer.organ_area) == (ORGAN, ORGAN_NAME, AREA)
    owner = await recognised(house, await make_key(house, Scope.PARTNER, live=False, partner_id=partner))
    assert owner is not None
    assert (owner.scope, owner.live, owner.partner_id, owner.organ_code) == (Scope.PARTNER, False, partner, None)
    assert owner.actor != officer.actor


async def test_what_is_nearly_a_key_is_none(house: House) -> None:
    key = await make_key(house, Scope.POLICE)
    prefix, mode, id, secret = key.split("_")
    assert (prefix, mode) == ("hj", "live")
    wrong = [
        f"hj_test_{id}_{secret}", f"HJ_live_{id}_{secret}", f"hj_live_{id}_{secret[:-1]}", f"hj_live_{id}_{secret}0",
        f"hj_live_{'1' if id[0] == '0' else '0'}{id[1:]}_{secret}",
        f"hj_live_{id}_", f"hj_live__{secret}", f"{key}_x", f" {key}", key.upper(), "",
        "hj_live_键_密", "____", f"hj_live_{id}_{'0' * 64}",
    ]  # fmt: skip
    for bearer in wrong:
        assert await recognised(house, bearer) is None, bearer
    assert await recognised(house, key) is not None


async def test_a_revoked_key_opens_nothing(house: House) -> None:
    key = await make_key(house, Scope.ADMIN)
    async with transaction(house.engine) as session:
        assert await keys.revoke(session, key.split("_")[2])
    assert await recognised(house, key) is None
    async with transaction(house.engine) as session:
        assert not await keys.revoke(session, key.split("_")[2]), "it had been revoked"


async def test_a_key_can_be_read_once(house: House) -> None:
    key = await make_key(house, Scope.OPERATOR)
    assert key.split("_")[3] not in repr(await dump(house))
    assert await one(house, "SELECT length(secret_hash) FROM api_key") == 32
    assert key != await make_key(house, Scope.OPERATOR)


@pytest.mark.parametrize("scope", [Scope.POLICE, Scope.PARTNER])
async def test_a_key_needs_its_holder(house: House, scope: Scope) -> None:
    async with transaction(house.engine) as session:
        with pytest.raises(NotFound):
            await issue_key(session, scope, live=True, label="x", organ_code="999999000000")
    assert await one(house, "SELECT count(*) FROM api_key") == 0


async def test_an_organ_keeps_its_newest_name(house: House) -> None:
    await make_organ(house)
    await make_organ(house, name="雁塔公安分局")
    officer = await recognised(house, await make_key(house, Scope.POLICE))
    assert officer is not None
    assert officer.organ_name == ORGAN_NAME, "make_key saves the organ anew"


COUNTY, CITY, PROVINCE = police(), police(area="610100"), police(area="610000")
OPERATOR = Principal("operator:王", Scope.OPERATOR, live=True)
ADMIN = Principal("key:a", Scope.ADMIN, live=True)
PARTNER = Principal("key:p", Scope.PARTNER, live=True, partner_id=1)


@pytest.mark.parametrize(
    ("who", "status", "place", "allowed"),
    [
        *((COUNTY, status, "610113", True) for status in Status),
        (COUNTY, Status.ACTUAL, "610112", False),
        (CITY, Status.ACTUAL, "610112", True),
        (CITY, Status.ACTUAL, "610202", False),
        (PROVINCE, Status.ACTUAL, "610202", True),
        (PROVINCE, Status.ACTUAL, "140105", False),
        (police(live=False), Status.ACTUAL, "610113", False),
        (police(live=False), Status.EXERCISE, "610113", True),
        (police(live=False), Status.TEST, "610113", True),
        *((who, status, "610113", False) for who, status in product((OPERATOR, ADMIN, PARTNER), Status)),
    ],
)
def test_who_may_issue(who: Principal, status: Status, place: str, allowed: bool) -> None:
    if allowed:
        may_issue(who, status, ORGAN, place)
        return
    with pytest.raises(Forbidden) as refusal:
        may_issue(who, status, ORGAN, place)
    assert refusal.value.zh


def test_nobody_issues_for_another_organ() -> None:
    with pytest.raises(Forbidden):
        may_issue(PROVINCE, Status.ACTUAL, "610112000000", "610112")


@pytest.mark.parametrize(
    ("who", "area", "seen"),
    [
        (OPERATOR, "610802", True),
        (ADMIN, "610802", True),
        (PARTNER, "610113", False),
        (police(organ="x"), "610113", True),
        (police(organ="x"), "610112", False),
        (police(organ="x", area="610100"), "610112", True),
        (police(organ="x", area="610000"), "610802", True),
        (police(organ="x", area="140000"), "610802", False),
        (police(area="140000"), "610113", True),  # its own alert, wherever it has moved since
    ],
)
def test_who_may_see(who: Principal, area: str, seen: bool) -> None:
    assert may_see(who, ORGAN, area) is seen
