"""What the platform plays, when, and until when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.ebd.packet import Rejected
from sandbox.ebd.platform import CANCELLED, DONE, FAILED, ON_AIR, UNTOUCHED, WAITING, Platform, Tempo
from tests.sandbox.ebd.packets import NOW, WHO, document, ebm, ebmid, packet, play

TEMPO = Tempo(timedelta(seconds=1), timedelta(seconds=1), timedelta(seconds=10))


def test_the_life_of_a_message() -> None:
    platform = Platform(WHO, TEMPO)
    assert platform.hear(play(), NOW).code == 1
    states = [platform.state(ebmid(), NOW + timedelta(seconds=seconds)) for seconds in (0, 1, 2, 11, 12, 99999)]
    assert states == [UNTOUCHED, WAITING, ON_AIR, ON_AIR, DONE, DONE]


def test_without_a_tempo_it_plays_to_its_end() -> None:
    platform = Platform(WHO)
    platform.hear(play(), NOW)
    assert platform.state(ebmid(), NOW + timedelta(hours=2, minutes=59)) == ON_AIR
    assert platform.state(ebmid(), NOW + timedelta(hours=3)) == DONE


def test_a_cancel_takes_off_what_it_names() -> None:
    platform = Platform(WHO, TEMPO)
    platform.hear(play(1), NOW)
    platform.hear(play(2), NOW)
    later = NOW + timedelta(seconds=3)
    platform.hear(play(3, msg_type="2", cancels=1), later)
    assert [one.ebmid for one in platform.on_air(later)] == [ebmid(2)]
    assert platform.state(ebmid(1), later) == platform.state(ebmid(3), later) == CANCELLED


def test_a_blunt_one_takes_off_everything() -> None:
    platform = Platform(WHO, TEMPO, blunt=True)
    platform.hear(play(1), NOW)
    platform.hear(play(2), NOW)
    platform.hear(play(3, msg_type="2", cancels=1), NOW)
    assert platform.on_air(NOW + timedelta(seconds=3)) == []


def test_a_cancel_of_nothing_known_is_5() -> None:
    platform = Platform(WHO)
    platform.hear(play(1), NOW)
    platform.hear(play(2, msg_type="2", cancels=1), NOW)
    for cancels in (9, 2):
        with pytest.raises(Rejected) as caught:
            platform.hear(play(3, msg_type="2", cancels=cancels), NOW)
        assert (caught.value.code, caught.value.words) == (5, "查找不到该EBMID")


def test_what_is_for_elsewhere_or_past_is_put_aside() -> None:
    away = Platform(replace(WHO, area="6106"), TEMPO)
    away.hear(play(), NOW)
    assert away.state(ebmid(), NOW + timedelta(seconds=5)) == UNTOUCHED
    late = Platform(WHO, TEMPO)
    late.hear(play(), NOW + timedelta(hours=4))
    assert late.state(ebmid(), NOW + timedelta(hours=5)) == UNTOUCHED


def test_a_cancel_that_is_past_its_end_takes_nothing_off() -> None:
    """So does one platform in the field; who sends a cancel must give it an end to come."""
    platform = Platform(WHO, Tempo(timedelta(0), timedelta(0)))
    platform.hear(packet(document(ebm().replace("2026-11-23 18:04:05", "2026-11-24 18:04:05"))), NOW)
    platform.hear(play(2, msg_type="2", cancels=1), NOW + timedelta(hours=4))
    assert len(platform.on_air(NOW + timedelta(hours=4))) == 1


@pytest.mark.parametrize(("msg_type", "public"), [("3", False), ("4", False), ("5", True)])
def test_a_drill_goes_no_farther_than_it_says(msg_type: str, public: bool) -> None:
    platform = Platform(WHO, TEMPO)
    platform.hear(play(msg_type=msg_type, severity="15", mark="【演练】"), NOW)
    shown = platform.showing(NOW + timedelta(seconds=3))
    assert (len(shown["on_air"]), len(shown["drills_inside"])) == ((1, 0) if public else (0, 1))


def test_changes_are_told_once() -> None:
    platform = Platform(WHO, TEMPO)
    platform.hear(play(), NOW)
    told = [
        [one.reported for one in platform.changed(NOW + timedelta(seconds=seconds))]
        for seconds in (0, 1, 1.5, 2, 5, 12)
    ]
    assert told == [[], [WAITING], [], [ON_AIR], [], [DONE]]
    platform.fail(ebmid())
    assert [one.reported for one in platform.changed(NOW)] == [FAILED]


def test_the_form_of_2016_has_no_word_for_waiting() -> None:
    platform = Platform(WHO, TEMPO)
    platform.hear(play(), NOW)
    platform.who = replace(WHO, version="2016")
    codes = [platform.code(ebmid(), NOW + timedelta(seconds=seconds)) for seconds in (0, 1, 2, 12)]
    assert codes == [None, None, 1, 2]
