"""What a live alert is to show next is drawn before anybody locks it: whoever takes it back waits for no drawing."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from app.db.engine import in_use
from app.dispatch.sweeps import Sweeps
from app.domain.errors import WrongState
from app.domain.notice import PublicNotice, from_json
from app.domain.words import Kind
from app.flows.end import Ended
from app.flows.house import House
from app.flows.ports import Plate
from app.flows.submit import Picture
from tests.flows.acts import CASE, amended, expired, extended, record, retracted, submitted
from tests.flows.ledger import dump, one, rows
from tests.making import make_organ, make_outlet, photo_bytes

AT_ONCE = 2.0  # seconds; a drawing in here takes as long as a test lets it
BLUE = {"minor__clothing": "蓝色外套"}
GREEN = {"minor__clothing": "绿色外套"}
OTHER_CASE = "A6101130000002026110002"


class Desk:
    """A studio that is done when ``done`` is set; every picture tells what it was drawn of."""

    def __init__(self, house: House) -> None:
        self._press, self._engine = house.press, house.engine
        self.begun, self.done = asyncio.Event(), asyncio.Event()
        self.drawn: list[tuple[int, Kind, int]] = []  # number, kind, profiles
        self.connections = 0
        self.done.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._press, name)

    async def illustrate(
        self, notice: PublicNotice, profiles: Mapping[str, Any], photo: bytes | None
    ) -> Mapping[str, Sequence[Plate]]:
        if profiles:
            self.drawn.append((notice.number, notice.kind, len(profiles)))
        self.connections = max(self.connections, in_use(self._engine))
        self.begun.set()
        await self.done.wait()
        return {p: [_plate(said(notice, p, photo))] for p in profiles}


class Restless(Desk):
    """While it draws an update, somebody else updates the alert."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._house = house

    async def illustrate(
        self, notice: PublicNotice, profiles: Mapping[str, Any], photo: bytes | None
    ) -> Mapping[str, Sequence[Plate]]:
        if notice.kind is Kind.UPDATE:
            await amended(self._house, notice.alert, record(**GREEN))
        return await super().illustrate(notice, profiles, photo)


def said(notice: PublicNotice, profile: str, photo: bytes | None) -> bytes:
    clothing = notice.facts.clothing if notice.facts else ""
    seen = hashlib.sha256(photo).hexdigest() if photo else ""
    return f"{notice.number} {clothing} {notice.issued_at} {profile} {seen}".encode()


def _plate(body: bytes) -> Plate:
    return Plate("poster", "image/png", body, 9, 16, None, hashlib.sha256(body).hexdigest())


@pytest.fixture
async def at(house: House) -> House:
    await make_organ(house)
    await make_outlet(house, name="tv", channel="tv")
    return house


@pytest.fixture
def desk(at: House) -> Desk:
    return Desk(at)


@asynccontextmanager
async def drawing(desk: Desk) -> AsyncIterator[None]:
    """Inside it something is being drawn, and is not done."""
    desk.begun.clear()
    desk.done.clear()
    yield
    desk.done.set()


async def new_face(house: House) -> int:
    """An outlet unlike all there are."""
    return await make_outlet(house, name="screen", channel="screen")


async def shown(house: House, number: int) -> dict[str, bytes]:
    """The pictures of a notice, by profile, as they are listed with its words."""
    found = await rows(
        house,
        "SELECT r.profile, m.body FROM rendition r CROSS JOIN LATERAL jsonb_array_elements(r.body -> 'media') AS e "
        "JOIN media m ON m.alert_id = r.alert_id AND m.sha256 = e ->> 'sha256' AND m.number = r.number "
        "WHERE r.number = :n",
        n=number,
    )
    return {r.profile: bytes(r.body) for r in found}


async def frozen(house: House, number: int) -> PublicNotice:
    return from_json(dict(await one(house, "SELECT body FROM notice WHERE number = :n", n=number)))


async def test_a_retraction_waits_for_no_update_that_is_drawn(at: House, desk: Desk) -> None:
    slow = replace(at, press=desk)
    code = (await submitted(slow, record())).code
    async with drawing(desk):
        update = asyncio.create_task(amended(slow, code, record(**BLUE)))
        await desk.begun.wait()
        ended = await asyncio.wait_for(retracted(slow, code), AT_ONCE)
        before = await dump(at)
    with pytest.raises(WrongState):
        await update
    assert ended == Ended(code, 2, 0)
    assert await dump(at) == before, "who comes too late leaves nothing"


async def test_a_retraction_waits_for_no_circle_that_grows(at: House, desk: Desk) -> None:
    slow = replace(at, press=desk)
    code = (await submitted(slow, record())).code
    await new_face(at)
    async with drawing(desk):
        growth = asyncio.create_task(extended(slow, await one(at, "SELECT id FROM alert")))
        await desk.begun.wait()
        ended = await asyncio.wait_for(retracted(slow, code), AT_ONCE)
    assert (ended.number, await growth) == (2, 0)
    assert await one(at, "SELECT count(*) FROM delivery WHERE number = 1") == 1, "nobody is told of what is over"


async def test_no_end_draws_anything(at: House, desk: Desk) -> None:
    """Nor does it wait for a studio that is stuck: the correction was drawn when the alert was issued."""
    slow = replace(at, press=desk)
    first, second = [(await submitted(slow, record(case_number=case))).code for case in (CASE, OTHER_CASE)]
    await rows(at, "UPDATE delivery SET state = 'accepted', tries = 1, accepted_at = now()")
    before = list(desk.drawn)
    async with drawing(desk):
        await asyncio.wait_for(retracted(slow, first, line="感谢各界关注"), AT_ONCE)
        await rows(at, "UPDATE alert SET expires_at = now() WHERE code = :code", code=second)
        id = await one(at, "SELECT id FROM alert WHERE code = :code", code=second)
        assert await asyncio.wait_for(expired(slow, id), AT_ONCE) == Ended(second, 2, 1)
    assert desk.drawn == before


async def test_what_is_drawn_is_what_goes_out_and_no_connection_waits_for_it(at: House, desk: Desk) -> None:
    slow = replace(at, press=desk)
    code = (await submitted(slow, record())).code
    await new_face(at)
    desk.drawn.clear()
    desk.connections = 0
    await amended(slow, code, record(**BLUE))
    assert desk.connections == 0
    assert desk.drawn == [(2, Kind.UPDATE, 2), (3, Kind.RETRACT, 2)]
    notice, pictures = await frozen(at, 2), await shown(at, 2)
    assert len(pictures) == 2
    assert pictures == {p: said(notice, p, None) for p in pictures}
    assert set(await shown(at, 0)) == set(pictures)


async def test_the_photo_that_stands_is_drawn_again(at: House, desk: Desk) -> None:
    slow = replace(at, press=desk)
    photo = photo_bytes()
    code = (await submitted(slow, record(), picture=Picture(photo, "image/jpeg", 120, 160))).code
    await amended(slow, code, record(**BLUE))
    notice = await frozen(at, 2)
    assert await shown(at, 2) == {p: said(notice, p, photo) for p in await shown(at, 2)}
    other = photo_bytes(60, 80)
    await amended(slow, code, record(**BLUE), picture=Picture(other, "image/jpeg", 60, 80))
    notice = await frozen(at, 3)
    assert await shown(at, 3) == {p: said(notice, p, other) for p in await shown(at, 3)}


async def test_another_update_meanwhile_is_not_undone_by_a_picture_of_before(at: House, desk: Desk) -> None:
    """It is drawn once more, of what goes out now."""
    slow = replace(at, press=desk)
    code = (await submitted(slow, record())).code
    async with drawing(desk):
        late = asyncio.create_task(amended(slow, code, record(**BLUE)))
        await desk.begun.wait()
        assert (await amended(at, code, record(**GREEN))).told == 1
    assert (await late).told == 1
    notice, pictures = await frozen(at, 3), await shown(at, 3)
    assert notice.facts is not None
    assert notice.facts.clothing == "蓝色外套"
    assert list(pictures.values()) == [said(notice, p, None) for p in pictures]


async def test_a_face_that_comes_meanwhile_is_drawn_too_and_no_other_again(at: House, desk: Desk) -> None:
    slow = replace(at, press=desk)
    code = (await submitted(slow, record())).code
    desk.drawn.clear()
    async with drawing(desk):
        update = asyncio.create_task(amended(slow, code, record(**BLUE)))
        await desk.begun.wait()
        await new_face(at)
    assert (await update).told == 2
    assert desk.drawn[:3] == [(2, Kind.UPDATE, 1), (3, Kind.RETRACT, 1), (2, Kind.UPDATE, 1)]
    assert len(await shown(at, 2)) == 2


async def test_what_changes_again_and_again_goes_out_in_words(at: House, caplog: pytest.LogCaptureFixture) -> None:
    restless = Restless(at)
    code = (await submitted(at, record())).code
    assert (await amended(replace(at, press=restless), code, record(**BLUE))).told == 1
    assert [number for number, kind, _ in restless.drawn if kind is Kind.UPDATE] == [2, 3]
    notice = await frozen(at, 4)
    assert notice.facts is not None
    assert notice.facts.clothing == "蓝色外套"
    assert await shown(at, 4) == {}
    assert await one(at, "SELECT count(*) FROM rendition WHERE number = 4") == 1
    assert "notice 4 of" in caplog.text


async def test_one_process_draws_for_a_circle_that_grows(at: House, desk: Desk) -> None:
    """All of them sweep; the others leave it to that one."""
    await submitted(replace(at, press=desk), record())
    new = await new_face(at)
    desk.drawn.clear()
    sweeps = [Sweeps(at.engine, desk, f"w{n}") for n in range(3)]
    async with drawing(desk):
        all_of_them = [asyncio.create_task(one.extend()) for one in sweeps]
        await desk.begun.wait()
        done, _ = await asyncio.wait(all_of_them, timeout=AT_ONCE, return_when=asyncio.ALL_COMPLETED)
        assert len(done) == 2
    await asyncio.gather(*all_of_them)
    assert desk.drawn == [(1, Kind.PUBLISH, 1), (2, Kind.RETRACT, 1)]
    assert await one(at, "SELECT count(*) FROM delivery WHERE outlet_id = :id", id=new) == 1
