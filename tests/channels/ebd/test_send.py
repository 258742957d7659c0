"""Play, replace, take off: what the public hears after each, whatever was lost on the way."""

from dataclasses import replace
from datetime import timedelta

import pytest

from channels.carriers.ebd.carrier import Ebd
from channels.carriers.ebd.ids import SERIES
from channels.contract import Accepted, Reason, Refused, Rendition, Retry
from sandbox.ebd.manners import Manner
from tests.channels.ebd.stage import Stage, settings, stage
from tests.channels.ebd.test_packets import packet
from tests.channels.notices import NOW, PUBLISH, RETRACT, UPDATE
from tests.channels.wire import Call, FakeWire

OTHER = replace(PUBLISH, alert="HJ-2026-000124")
SECOND = replace(UPDATE, number=3, ends=(1, 2), vehicle="陕B00001")
END = replace(RETRACT, number=4, ends=(1, 2, 3))


def types(calls: list[Call]) -> list[str]:
    return [packet(call).text("EBM/MsgBasicInfo/MsgType") for call in calls]


def lost(at: Stage, *how: str | None) -> None:
    """How the next calls fare: ``before``, ``after`` or not lost."""
    begun = len(at.wire.calls)
    at.wire.lose = lambda call: dict(enumerate(how, begun + 1)).get(call)


async def test_off_before_on() -> None:
    """The old one is off before the new one is asked for; in the end there is one."""
    at = stage()
    prior = await at.send(PUBLISH, "dlv_1")
    assert isinstance(prior, Accepted)
    done = await at.send(UPDATE, "dlv_2", prior=prior.reference)
    assert isinstance(done, Accepted)
    assert types(at.wire.calls) == ["1", "2", "1"]
    assert done.reference == packet(at.wire.calls[2]).text("EBM/EBMID")
    (words,) = at.on_air(1)
    assert words.startswith("更新寻人信息")


async def test_off_before_on_where_any_cancel_takes_everything_off() -> None:
    """There is software that stops whatever runs at any cancel. On before off would leave it silent."""
    at = stage(blunt=True)
    await at.send(PUBLISH, "dlv_1")
    assert isinstance(await at.send(UPDATE, "dlv_2"), Accepted)
    assert len(at.on_air(1)) == 1


async def test_the_other_alert_stays_on() -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    await at.send(OTHER, "dlv_2")
    assert isinstance(await at.send(RETRACT, "dlv_3"), Accepted)
    assert len(at.on_air(1)) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_try_whose_answer_was_lost_is_repeated_to_the_byte(when: str) -> None:
    at = stage()
    lost(at, when)
    assert isinstance(await at.send(PUBLISH, "dlv_1"), Retry)
    at.now += timedelta(minutes=5)
    assert isinstance(await at.send(PUBLISH, "dlv_1"), Accepted)
    first, second = at.wire.calls
    assert first.body == second.body
    assert len(at.platform.broadcasts) == 1
    assert at.rules() == []


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_retraction_finds_what_was_never_acknowledged(when: str) -> None:
    at = stage()
    lost(at, when)
    await at.send(PUBLISH, "dlv_1")
    outcome = await at.send(replace(RETRACT, number=2, ends=(1,)), "dlv_2", prior=None)
    assert at.on_air(1) == []
    if when == "after":
        assert isinstance(outcome, Accepted)
    else:  # the platform does not know it: nobody can say whether it is still on its way
        assert isinstance(outcome, Retry)
        assert "查找不到该EBMID" in outcome.detail


async def test_a_retraction_finds_all_of_a_chain_that_was_never_acknowledged() -> None:
    at = stage()
    lost(at, "after")
    await at.send(PUBLISH, "dlv_1")
    lost(at, "after")  # the cancel of the first is taken, and nobody hears it
    assert isinstance(await at.send(UPDATE, "dlv_2"), Retry)
    lost(at, None, "after")  # cancelled; the new one is on, and nobody hears it
    assert isinstance(await at.send(UPDATE, "dlv_2"), Retry)
    assert len(at.on_air(1)) == 1
    lost(at, None, "after")
    assert isinstance(await at.send(SECOND, "dlv_3"), Retry)
    assert isinstance(await at.send(END, "dlv_4", prior=None), Accepted)
    assert at.on_air(1) == []
    assert at.rules() == []


async def test_an_update_is_not_kept_off_the_air_by_what_the_platform_lost() -> None:
    at = stage()
    lost(at, "before")
    await at.send(PUBLISH, "dlv_1")
    assert isinstance(await at.send(UPDATE, "dlv_2"), Accepted)
    assert len(at.on_air(1)) == 1
    outcome = await at.send(replace(RETRACT, number=3), "dlv_3")
    assert isinstance(outcome, Retry), "the first may be on its way still, so its cancel is not given up"
    assert at.on_air(1) == []


@pytest.mark.parametrize("manner", [Manner.DOWN, Manner.GARBAGE])
async def test_while_the_old_one_cannot_be_taken_off_the_new_one_waits(manner: Manner) -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    at.post.manner = manner
    assert isinstance(await at.send(UPDATE, "dlv_2"), Retry)
    assert types(at.wire.calls[1:]) == ["2"]
    at.post.manner = Manner.OK
    assert isinstance(await at.send(UPDATE, "dlv_2"), Accepted)
    assert len(at.on_air(1)) == 1


async def test_a_cancel_that_is_refused_refuses_the_update() -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    at.post.manner, at.post.refusal = Manner.REFUSE, 4
    outcome = await at.send(UPDATE, "dlv_2")
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.BAD_CREDENTIALS


async def test_a_cancel_that_was_taken_is_not_sent_again() -> None:
    at = stage()
    lost(at, None, None)
    await at.send(PUBLISH, "dlv_1")
    lost(at, None, "before")
    assert isinstance(await at.send(UPDATE, "dlv_2"), Retry)
    assert isinstance(await at.send(UPDATE, "dlv_2"), Accepted)
    assert types(at.wire.calls) == ["1", "2", "1", "1"]


async def test_nothing_to_take_off_is_said_without_a_call() -> None:
    at = stage()
    outcome = await at.send(RETRACT, "dlv_3", prior="po-42")
    assert isinstance(outcome, Refused)
    assert at.wire.calls == []


async def test_what_the_outlet_accepted_is_taken_off_even_when_its_settings_have_changed() -> None:
    at = stage()
    done = await at.send(PUBLISH, "dlv_1")
    assert isinstance(done, Accepted)
    at.settings = settings(areas=["610103000000"], url="https://other.example/")
    assert isinstance(await at.send(RETRACT, "dlv_2", prior=done.reference), Accepted)
    assert at.on_air(1) == []


async def test_what_was_never_acknowledged_is_taken_off_even_when_the_areas_have_changed() -> None:
    at = stage()
    lost(at, "after")
    await at.send(PUBLISH, "dlv_1")
    at.settings = settings(areas=["610103000000"])
    assert isinstance(await at.send(RETRACT, "dlv_2"), Accepted)
    assert at.on_air(1) == []


async def test_two_outlets_on_one_platform_take_off_their_own() -> None:
    at = stage(settings(areas=["610103000000"]))
    here, there = at.settings, settings(areas=["610104000000"])
    await at.send(PUBLISH, "dlv_1")
    at.settings = there
    await at.send(PUBLISH, "dlv_2")
    await at.send(PUBLISH, "dlv_3", medium="radio")
    assert len(at.on_air(1)) == 3
    assert isinstance(await at.send(RETRACT, "dlv_4"), Accepted)
    assert len(at.on_air(1)) == 2
    at.settings = here
    assert isinstance(await at.send(RETRACT, "dlv_5"), Accepted)
    assert len(at.on_air(1)) == 1, "television and radio are outlets of their own"
    at.settings = there
    assert isinstance(await at.send(RETRACT, "dlv_6", medium="radio"), Accepted)
    assert at.on_air(1) == []
    assert len(at.wire.calls) == 3 + 3


async def test_every_packet_and_message_has_an_id_of_its_own() -> None:
    at = stage()
    for number in range(5):
        await at.send(replace(PUBLISH, alert=f"HJ-2026-{number}"), f"dlv_{number}")
        await at.send(replace(RETRACT, alert=f"HJ-2026-{number}"), f"dlv_{number}0")
    packets = [packet(call) for call in at.wire.calls]
    assert len({one.ebdid for one in packets}) == 10
    assert len({one.text("EBM/EBMID") for one in packets}) == 10


async def test_the_day_of_an_ebmid_is_beijings() -> None:
    at = stage()
    at.now = NOW.replace(hour=23, minute=59, second=59)
    await at.send(PUBLISH, "dlv_1")
    at.now += timedelta(seconds=2)
    await at.send(OTHER, "dlv_2")
    days = [packet(call).text("EBM/EBMID")[23:31] for call in at.wire.calls]
    assert days == ["20261123", "20261124"]


async def test_when_the_numbers_of_a_day_are_used_up_what_is_on_can_still_come_off() -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    at.wire._counts[f"ebd/{at.settings.source}/play/20261123"] = SERIES
    for _ in range(3):
        outcome = await at.send(OTHER, "dlv_2")
        assert isinstance(outcome, Retry)
        assert (outcome.reason, len(at.wire.calls)) == (Reason.THROTTLED, 1)
    assert isinstance(await at.send(RETRACT, "dlv_3"), Accepted)
    assert at.on_air(1) == []
    at.now += timedelta(days=1)
    assert isinstance(await at.send(replace(OTHER, expires_at=NOW + timedelta(days=2)), "dlv_2"), Accepted)


async def test_the_numbers_of_plays_and_cancels_never_meet() -> None:
    at = stage()
    source, day = at.settings.source, "20261123"
    at.wire._counts[f"ebd/{source}/play/{day}"] = SERIES - 1
    at.wire._counts[f"ebd/{source}/cancel/{day}"] = 9999 - SERIES - 1
    await at.send(PUBLISH, "dlv_1")
    assert isinstance(await at.send(RETRACT, "dlv_2"), Accepted)
    assert [packet(call).text("EBM/EBMID")[-4:] for call in at.wire.calls] == ["5000", "9999"]


# ── The correction ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_end_is_said_where_it_was_agreed() -> None:
    at = stage(settings(correction_minutes=5))
    await at.send(PUBLISH, "dlv_1")
    assert isinstance(await at.send(RETRACT, "dlv_2"), Accepted)
    assert types(at.wire.calls) == ["1", "2", "1"]
    (words,) = at.on_air(1)
    assert words.startswith("寻人结束")
    assert "李小明" not in words
    assert at.on_air(5 * 60 + 1) == []


async def test_a_correction_that_fails_is_told_and_leaves_the_cancel_alone() -> None:
    at = stage(settings(correction_minutes=5))
    await at.send(PUBLISH, "dlv_1")
    lost(at, None, "before")
    assert isinstance(await at.send(RETRACT, "dlv_2"), Retry)
    assert at.on_air(1) == []
    assert isinstance(await at.send(RETRACT, "dlv_2"), Accepted)
    assert types(at.wire.calls) == ["1", "2", "1", "1"]
    assert len(at.on_air(1)) == 1


async def test_a_rendition_without_words_is_not_sent() -> None:
    wire = FakeWire()
    outcome = await Ebd().send(
        Rendition(PUBLISH, "partner", {}), settings(), key="dlv_1", prior=None, now=NOW, wire=wire
    )
    assert isinstance(outcome, Refused)
    assert wire.calls == []
