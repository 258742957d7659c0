"""What a station shows after hearing notices in every order, and what it complains of."""

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from sandbox.payload import Notice, notice
from sandbox.stations import Station, Verdict
from sandbox.town import CHINA
from tests.sandbox.stage import ALERT, payload

NOW = datetime.now(CHINA)


def heard(*args: Any, **data: Any) -> Notice:
    return notice(payload(*args, **data))


def shown(station: Station, at: datetime = NOW) -> list[tuple[str, int]]:
    return [(one["alert"], one["number"]) for one in station.showing(at)]


@pytest.mark.parametrize("order", list(permutations([heard(1), heard(2, "update"), heard(3, "update")])))
def test_the_highest_number_wins_in_whatever_order(order: tuple[Notice, ...]) -> None:
    station = Station("tv")
    for one in order:
        station.hear(one, NOW)
    assert shown(station) == [(ALERT, 3)]


@pytest.mark.parametrize("order", list(permutations([heard(1), heard(2, "update"), heard(3, "retract"), heard(1)])))
def test_nothing_is_on_after_a_retraction_in_whatever_order(order: tuple[Notice, ...]) -> None:
    station, over = Station("screen"), False
    for one in order:
        station.hear(one, NOW)
        over = over or one.kind == "retract"
        assert not (over and shown(station))


def test_verdicts_tell_a_double_from_a_late_one() -> None:
    station = Station("tv")
    told = [station.hear(one, NOW) for one in (heard(2, "update"), heard(2, "update"), heard(1), heard(3, "retract"))]
    assert told == [Verdict.SHOWN, Verdict.DUPLICATE, Verdict.STALE, Verdict.TAKEN_DOWN]


def test_alerts_do_not_touch_each_other() -> None:
    station = Station("tv")
    station.hear(heard(1), NOW)
    station.hear(heard(1, alert="HJ-2026-000124"), NOW)
    station.hear(heard(2, "retract"), NOW)
    assert shown(station) == [("HJ-2026-000124", 1)]


def test_a_notice_goes_off_by_itself_when_it_expires_and_never_comes_on_after() -> None:
    station, end = Station("tv"), NOW + timedelta(minutes=5)
    assert station.hear(heard(1, expires_at=end.isoformat()), NOW) is Verdict.SHOWN
    assert shown(station, end - timedelta(seconds=1)) == [(ALERT, 1)]
    assert shown(station, end) == []
    late = Station("tv")
    assert late.hear(heard(1, expires_at=NOW.isoformat()), NOW) is Verdict.EXPIRED
    assert shown(late) == []


def test_a_retraction_counts_even_when_it_has_expired() -> None:
    station = Station("tv")
    station.hear(heard(1), NOW)
    assert station.hear(heard(2, "retract", expires_at="2020-01-01T00:00:00+08:00"), NOW) is Verdict.TAKEN_DOWN
    assert shown(station) == []


@pytest.mark.parametrize(("channel", "seconds"), [("tv", 59), ("radio", 59), ("partner", 599)])
def test_a_correction_is_said_for_a_while_where_something_was_said(channel: str, seconds: int) -> None:
    station = Station(channel)
    station.hear(heard(1), NOW)
    station.hear(heard(2, "retract"), NOW)
    assert [one["number"] for one in station.corrections(NOW + timedelta(seconds=seconds))] == [2]
    assert station.corrections(NOW + timedelta(seconds=seconds + 1)) == []


@pytest.mark.parametrize("channel", ["screen", "billboard"])
def test_a_screen_goes_blank(channel: str) -> None:
    station = Station(channel)
    station.hear(heard(1), NOW)
    station.hear(heard(2, "retract"), NOW)
    assert station.corrections(NOW) == []


def test_no_correction_of_what_was_never_said() -> None:
    station = Station("tv")
    station.hear(heard(2, "retract"), NOW)
    station.hear(heard(1), NOW)
    assert station.corrections(NOW) == []


def test_an_unmarked_retraction_still_takes_down_but_its_words_are_held_back() -> None:
    station = Station("tv")
    station.hear(heard(1, status="exercise"), NOW)
    real = payload(2, "retract")["data"]["rendition"]
    assert station.hear(heard(2, "retract", "exercise", rendition=real), NOW) is Verdict.TAKEN_DOWN
    assert shown(station) == []
    assert station.corrections(NOW) == []


PROMISES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "all kept": (payload(), ()),
    "all kept by an exercise": (payload(status="exercise"), ()),
    "all kept by a test": (payload(status="test"), ()),
    "all kept by a retraction": (payload(2, "retract"), ()),
    "type": (payload() | {"type": "alert.update"}, ("type_is_not_kind",)),
    "no mark": (payload(status="exercise", rendition=payload()["data"]["rendition"]), ("wrong_mark",)),
    "test as exercise": (
        payload(status="test", rendition=payload(status="exercise")["data"]["rendition"]),
        ("wrong_mark",),
    ),
    "real as exercise": (payload(rendition=payload(status="exercise")["data"]["rendition"]), ("wrong_mark",)),
    "one of two unmarked": (
        payload(status="test", rendition={"texts": {"crawl": "【测试】寻人", "lines": ["寻人"]}}),
        ("wrong_mark",),
    ),
    "name after the end": (payload(2, "retract", person={"name": "李小明"}), ("facts_after_the_end",)),
    "vehicle after the end": (payload(2, "retract", vehicle="白色面包车"), ("facts_after_the_end",)),
    "photo after the end": (
        payload(2, "retract", rendition={"texts": {"crawl": "更正"}, "media": [{"role": "photo", "url": "http://x/"}]}),
        ("photo_after_the_end",),
    ),
    "no child": (payload(person=None), ("no_facts",)),
}


@pytest.mark.parametrize("promise", PROMISES)
def test_a_broken_promise_of_the_payload_is_named(promise: str) -> None:
    content, complaints = PROMISES[promise]
    assert notice(content).complaints == complaints


def test_a_station_remembers_enough_to_complain() -> None:
    station = Station("tv")
    station.hear(heard(1), NOW)
    assert station.complaints(heard(2, "update", "exercise")) == ("status_changed",)
    station.hear(heard(2, "retract"), NOW)
    assert station.complaints(heard(3, "update")) == ("notice_after_the_end",)
    assert station.complaints(heard(3, "retract")) == ()


def test_what_is_owed_follows_from_what_was_done() -> None:
    station = Station("tv")
    first, second, over = heard(1), heard(2, "update"), heard(3, "retract")

    def owed(one: Notice) -> tuple[str, ...]:
        return station.owed(station.hear(one, NOW), one, NOW)

    assert owed(second) == ("received", "aired")
    assert owed(first) == ("received",)
    assert owed(second) == ("received", "aired")  # the same notice under another delivery
    assert owed(over) == ("received", "taken_down")
    assert owed(over) == ("received", "taken_down")
    assert owed(second) == ("received",)
