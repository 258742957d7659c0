"""A flow that fails anywhere leaves the ledger exactly as it was, and can then be done as if nothing had happened."""

from collections.abc import Awaitable, Callable
from types import ModuleType

import pytest

from app.db import alerts, audit, deliveries, keys, outlets
from app.flows.house import House
from app.flows.submit import Picture
from tests.flows.acts import amended, expired, extended, record, retracted, submitted
from tests.flows.ledger import aired, dump, one, rows
from tests.making import make_organ, make_outlet, photo_bytes

Act = Callable[[House], Awaitable[object]]
PICTURE = Picture(photo_bytes(), "image/jpeg", 120, 160)
OTHER_PICTURE = Picture(photo_bytes(60, 80), "image/jpeg", 60, 80)


class Broken(Exception):
    """The process, or the database, in the middle."""


async def _submit(house: House) -> object:
    return await submitted(house, record(), key="k1", picture=PICTURE)


async def _amend(house: House) -> object:
    facts = record(minor__clothing="蓝色外套")
    return await amended(house, await one(house, "SELECT code FROM alert"), facts, key="k2", picture=OTHER_PICTURE)


async def _retract(house: House) -> object:
    return await retracted(house, await one(house, "SELECT code FROM alert"), line="感谢各界关注")


async def _expire(house: House) -> object:
    return await expired(house, await one(house, "SELECT id FROM alert"))


async def _extend(house: House) -> object:
    return await extended(house, await one(house, "SELECT id FROM alert"))


WRITES: dict[Act, list[tuple[ModuleType, str]]] = {
    _submit: [
        (alerts, "insert_alert"), (alerts, "add_record"), (alerts, "add_photo"), (alerts, "add_notice"),
        (deliveries, "supersede"), (deliveries, "histories"), (alerts, "keep_renditions"), (deliveries, "issue"),
        (keys, "bind"), (audit, "write"),
    ],
    _amend: [
        (alerts, "add_record"), (alerts, "add_photo"), (alerts, "set_alert"), (alerts, "add_notice"),
        (deliveries, "supersede"), (deliveries, "issue"), (alerts, "drop_standing_correction"),
        (alerts, "keep_renditions"), (keys, "bind"), (audit, "write"),
    ],
    _retract: [
        (alerts, "set_alert"), (alerts, "add_notice"), (deliveries, "supersede"), (alerts, "keep_renditions"),
        (deliveries, "issue"), (audit, "write"),
    ],
    _expire: [(alerts, "set_alert"), (alerts, "add_notice"), (deliveries, "issue"), (audit, "write")],
    _extend: [(alerts, "keep_renditions"), (deliveries, "issue"), (alerts, "set_alert"), (audit, "write")],
}  # fmt: skip
CASES = [
    pytest.param(act, where, verb, id=f"{act.__name__[1:]}-{verb}")
    for act, verbs in WRITES.items()
    for where, verb in verbs
]


async def _before(house: House, act: Act) -> None:
    """The world in which the act makes sense."""
    await make_organ(house)
    await make_outlet(house, name="near", channel="tv")
    if act is _submit:
        return
    await submitted(house, record(), picture=PICTURE)
    await aired(house)
    if act is _expire:
        await rows(house, "UPDATE alert SET expires_at = now()")
    if act is _extend:
        await make_outlet(house, name="new", channel="radio")


@pytest.mark.parametrize(("act", "where", "verb"), CASES)
async def test_all_of_it_or_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, act: Act, where: ModuleType, verb: str
) -> None:
    await _before(house, act)
    before, whole = await dump(house), getattr(where, verb)

    async def broken_before(*_: object, **__: object) -> None:
        raise Broken

    async def broken_after(*given: object, **more: object) -> None:
        await whole(*given, **more)
        raise Broken

    for broken in (broken_before, broken_after):
        with monkeypatch.context() as middle:
            middle.setattr(where, verb, broken)
            with pytest.raises(Broken):
                await act(house)
        assert await dump(house) == before
    await act(house)
    assert await dump(house) != before


async def test_an_outlet_is_enrolled_whole_or_not_at_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await dump(house)
    save = outlets.save

    async def broken(*given: object, **more: object) -> None:
        await save(*given, **more)  # type: ignore[arg-type]
        raise Broken

    monkeypatch.setattr(outlets, "save", broken)
    with pytest.raises(Broken):
        await make_outlet(house, name="half")
    after = await dump(house)
    assert after["outlet"] == before["outlet"] == []
