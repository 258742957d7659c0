"""An update replaces what was said, everywhere it was said."""

import asyncio

import pytest

from app.domain.errors import Conflict, Forbidden, NotFound, WrongState
from app.flows.end import Ended
from app.flows.house import House
from app.flows.submit import Issued, Picture
from tests.flows.acts import amended, record, retracted, submitted
from tests.flows.ledger import aired, dump, one, rows, told
from tests.making import PROVINCE_ORGAN, make_organ, make_outlet, photo_bytes, police

PICTURE = Picture(photo_bytes(), "image/jpeg", 120, 160)
OTHER = Picture(photo_bytes(60, 80), "image/jpeg", 60, 80)


@pytest.fixture
async def code(house: House) -> str:
    await make_organ(house)
    await make_outlet(house, name="tv", channel="tv")
    issued = await submitted(house, record(), picture=PICTURE)
    await aired(house)
    return issued.code


async def _photo(house: House, number: int) -> str | None:
    found: str | None = await one(house, "SELECT body->'photo'->>'sha256' FROM notice WHERE number = :n", n=number)
    return found


async def test_a_new_notice_that_ends_the_old_one(house: House, code: str) -> None:
    assert await amended(house, code, record(minor__clothing="蓝色外套")) == Issued(code, 1)
    (notice,) = await rows(
        house, "SELECT kind, body->'ends' AS ends, body->'facts'->>'clothing' AS c FROM notice WHERE number = 2"
    )
    assert tuple(notice) == ("update", [1], "蓝色外套")
    assert await one(house, "SELECT count(*) FROM record") == 2, "every version is kept"
    assert await one(house, "SELECT head FROM alert") == 2


async def test_without_a_picture_the_earlier_one_stays(house: House, code: str) -> None:
    first = await _photo(house, 1)
    await amended(house, code, record())
    assert first is not None
    assert await _photo(house, 2) == first
    await amended(house, code, record(), picture=OTHER)
    assert await _photo(house, 3) not in (first, None)


async def test_who_shows_it_is_told_wherever_it_is_now(house: House, code: str) -> None:
    """Out of reach, or paused: the old words must not stay up there. A new outlet hears of it as well."""
    (old,) = await told(house, code, 1)
    await rows(house, "UPDATE outlet SET lon = 116.4, lat = 39.9, paused = true")
    new = await make_outlet(house, name="new", channel="tv")
    await amended(house, code, record())
    assert await told(house, code, 2) == [old, new]


async def test_the_place_may_move_and_the_circle_does_not_shrink(house: House, code: str) -> None:
    await rows(house, "UPDATE alert SET reach_km = 300")
    await amended(house, code, record(loss__lon=108.96, loss__lat=34.25))
    (alert,) = await rows(house, "SELECT reach_km, lon FROM alert")
    assert alert.reach_km == 300
    assert alert.lon == pytest.approx(108.955, abs=0.01)


@pytest.mark.parametrize("change", [{"case_number": "A6101130000002026119999"}, {"status": "exercise"}])
async def test_case_and_status_never_change(house: House, code: str, change: dict[str, str]) -> None:
    before = await dump(house)
    with pytest.raises(Conflict):
        await amended(house, code, record(**change), key="k")
    assert await dump(house) == before


async def test_what_is_over_is_not_updated(house: House, code: str) -> None:
    await retracted(house, code)
    with pytest.raises(WrongState):
        await amended(house, code, record())
    assert await one(house, "SELECT head FROM alert") == 2


async def test_who_may_update(house: House, code: str) -> None:
    """The issuing organ and the province organ; another organ does not even learn that it exists."""
    with pytest.raises(NotFound):
        await amended(house, code, record(organ_code="610112000000"), who=police(organ="610112000000", area="610112"))
    await make_organ(house, "610100000000", "西安市公安局", "610100")
    city = police(organ="610100000000", area="610100")
    with pytest.raises(Forbidden):
        await amended(house, code, record(organ_code="610100000000"), who=city)
    await make_organ(house, PROVINCE_ORGAN, "陕西省公安厅", "610000")
    province = police(organ=PROVINCE_ORGAN, area="610000")
    await amended(house, code, record(organ_code=PROVINCE_ORGAN), who=province)
    assert await one(house, "SELECT body->>'unit' FROM notice WHERE number = 2") == "陕西省公安厅"


async def test_updates_and_the_end_at_once(house: House, code: str) -> None:
    """Numbers have no gap, the end is last, and whoever comes after it is refused."""
    ends = await asyncio.gather(
        *(amended(house, code, record(minor__clothing=f"{n}号外套")) for n in range(5)),
        retracted(house, code),
        *(amended(house, code, record(minor__clothing=f"{n}号裤子")) for n in range(5)),
        return_exceptions=True,
    )
    updates = sum(isinstance(e, Issued) for e in ends)
    assert sum(isinstance(e, Ended) for e in ends) == 1
    assert all(isinstance(e, Issued | Ended | WrongState) for e in ends)
    kinds = [r.kind for r in await rows(house, "SELECT kind FROM notice ORDER BY number")]
    assert kinds == ["publish"] + ["update"] * updates + ["retract"]
    assert await one(house, "SELECT head FROM alert") == 2 + updates
