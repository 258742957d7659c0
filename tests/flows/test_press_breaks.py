"""What is rendered or sealed while a notice is issued may break at any moment: then nothing is issued at all."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from app.domain.notice import PublicNotice
from app.flows.house import House
from app.flows.ports import Press, Seal
from tests.flows.acts import amended, record, retracted, submitted
from tests.flows.ledger import aired, dump, one, rows
from tests.making import make_organ, make_outlet


class Torn(Exception):
    """A channel's own mistake."""


class Tearing:
    """Renders ``whole`` times and then breaks."""

    def __init__(self, press: Press, whole: int) -> None:
        self._press, self.left = press, whole

    def render(self, notice: PublicNotice, channel: str, panel: Any, duty: Any) -> Mapping[str, Any]:
        if self.left == 0:
            raise Torn
        self.left -= 1
        return self._press.render(notice, channel, panel, duty)

    def payload(self, notice: PublicNotice, rendered: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._press.payload(notice, rendered)


class NoSeal(Seal):
    def close(self, plain: bytes) -> bytes:
        raise Torn


@pytest.fixture(autouse=True)
async def places(house: House) -> None:
    await make_organ(house)
    for channel in ("tv", "radio", "screen"):
        await make_outlet(house, name=channel, channel=channel)


def torn(house: House, whole: int) -> House:
    return replace(house, press=Tearing(house.press, whole))


async def test_submit_at_every_rendition(house: House) -> None:
    """Three for the notice, three for the correction; with all six it is issued."""
    before = await dump(house)
    for whole in range(6):
        with pytest.raises(Torn):
            await submitted(torn(house, whole), record(), key="k")
        assert await dump(house) == before, whole
    assert (await submitted(torn(house, 6), record(), key="k")).told == 3
    kept = await rows(house, "SELECT number, count(*) AS n FROM rendition GROUP BY number ORDER BY number")
    assert [tuple(r) for r in kept] == [(0, 3), (1, 3)], "number 0 is the correction that waits"


async def test_amend_at_every_rendition(house: House) -> None:
    issued = await submitted(house, record())
    await aired(house)
    before = await dump(house)
    for whole in range(6):
        with pytest.raises(Torn):
            await amended(torn(house, whole), issued.code, record(minor__name="欧阳小亮"), key="k")
        assert await dump(house) == before, "what is on air stands, and its correction with it"
    await amended(torn(house, 6), issued.code, record(minor__name="欧阳小亮"), key="k")


async def test_a_press_that_is_broken_does_not_stop_the_end(house: House) -> None:
    """The correction was ready; a line of its own that cannot be rendered is left out, and the alert ends all the same."""
    for line in ("", "感谢各界关注"):
        issued = await submitted(house, record())
        await aired(house)
        assert (await retracted(torn(house, 0), issued.code, line=line)).told == 3
        said = await rows(
            house,
            "SELECT r.body FROM rendition r JOIN alert a ON a.id = r.alert_id AND r.number = a.head WHERE a.code = :code",
            code=issued.code,
        )
        assert len(said) == 3


async def test_the_seal(house: House) -> None:
    """A record that cannot be sealed is not kept in the clear: it is not kept."""
    before = await dump(house)
    unsealed = replace(house, seal=NoSeal("0" * 43 + "="))
    with pytest.raises(Torn):
        await submitted(unsealed, record(), key="k")
    assert await dump(house) == before
    issued = await submitted(house, record())
    before = await dump(house)
    with pytest.raises(Torn):
        await amended(unsealed, issued.code, record(minor__clothing="蓝色外套"))
    assert await dump(house) == before
    assert await one(house, "SELECT count(*) FROM record") == 1


async def test_enrolment(house: House) -> None:
    before = await dump(house)
    with pytest.raises(Torn):
        await make_outlet(replace(house, seal=NoSeal("0" * 43 + "=")), name="new")
    assert await dump(house) == before
