"""What is rendered or sealed while a notice is issued may break at any moment: one medium that cannot be worded stops no
other, and where nothing can be said nothing is issued."""

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

    async def illustrate(self, notice: PublicNotice, profiles: Any, photo: bytes | None) -> Mapping[str, Any]:
        return await self._press.illustrate(notice, profiles, photo)

    def payload(self, notice: PublicNotice, rendered: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._press.payload(notice, rendered)


class Mute(Tearing):
    """Has no words for one channel."""

    def __init__(self, press: Press, channel: str) -> None:
        super().__init__(press, whole=100)
        self._mute = channel

    def render(self, notice: PublicNotice, channel: str, panel: Any, duty: Any) -> Mapping[str, Any]:
        if channel == self._mute:
            raise Torn
        return super().render(notice, channel, panel, duty)


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
    """Three for the notice, three for the correction. Without a single one of either nothing is issued; with one of both
    it goes out, and every outlet has its delivery: those that cannot be worded fail one by one, and are shown."""
    before = await dump(house)
    for whole in range(4):
        with pytest.raises(Torn):
            await submitted(torn(house, whole), record(), key="k")
        assert await dump(house) == before, whole
    assert (await submitted(torn(house, 4), record(), key="k")).told == 3
    kept = await rows(house, "SELECT number, count(*) AS n FROM rendition GROUP BY number ORDER BY number")
    assert [tuple(r) for r in kept] == [(0, 1), (1, 3)], "number 0 is the correction that waits"


async def test_one_medium_that_cannot_be_worded_stops_no_other(house: House) -> None:
    broken = replace(house, press=Mute(house.press, "radio"))
    issued = await submitted(broken, record())
    assert issued.told == 3
    said = await rows(house, "SELECT body ->> 'channel' AS channel FROM rendition WHERE number = 1 ORDER BY 1")
    assert [r.channel for r in said] == ["screen", "tv"]
    await aired(house)
    assert (await retracted(broken, issued.code)).told == 3


async def test_amend_at_every_rendition(house: House) -> None:
    issued = await submitted(house, record())
    await aired(house)
    before = await dump(house)
    for whole in range(4):
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
