"""The object of docs/channels/payload.md, member for member."""

import json
import re
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from channels.carriers.payload import contents, payload
from channels.contract import Duty, Notice, Profile, Status
from tests.channels.notices import ALL, PUBLISH, RETRACT, SECRETS_OF_THE_CHILD, UPDATE, named, rendered
from tests.channels.recorded import DOCS

DUTY = Profile(duty=Duty(exclusive_minutes=10, repeat_every_minutes=15))


def shape(value: object) -> object:
    """Names and nesting, without what the leaves say."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items() if name != "texts"}
    return [shape(member) for member in value] if isinstance(value, list) else None


def documented() -> dict[str, object]:
    page = (DOCS / "payload.md").read_text(encoding="utf-8")
    found = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert found
    example: dict[str, object] = json.loads(found[1])
    return example


def test_it_has_the_members_that_the_page_shows() -> None:
    assert shape(json.loads(payload(rendered(PUBLISH, "tv", DUTY)))) == shape(documented())


def test_what_it_says() -> None:
    said = json.loads(payload(rendered(UPDATE, "screen", DUTY)))
    assert said["type"] == "alert.update"
    assert said["timestamp"] == "2026-11-23T15:04:05+08:00"
    data = said["data"]
    assert (data["kind"], data["status"], data["number"], data["ends"]) == ("update", "actual", 2, [1])
    assert data["person"]["name"] == "李小明"
    assert data["loss"]["at"] == "2026-11-23T14:20:00+08:00"
    assert data["vehicle"] == "陕A12345，白色面包车"
    assert data["rendition"]["channel"] == "screen"
    assert data["rendition"]["texts"]["lines"][0] == "更新寻人信息"
    assert data["rendition"]["media"][0]["role"] == "photo"
    assert data["duty"] == {"exclusive_minutes": 10, "repeat_every_minutes": 15, "until_minutes": None}


@pytest.mark.parametrize("notice", ALL, ids=named)
def test_it_is_small_and_the_same_every_time(notice: Notice) -> None:
    first = payload(rendered(notice, "partner"))
    assert first == payload(rendered(notice, "partner"))
    assert len(first) < 20_000, "Standard Webhooks asks for less than 20 kB"
    assert json.loads(first)["data"]["status"] == notice.status


def test_the_same_moment_in_another_zone_is_the_same_payload() -> None:
    abroad = replace(
        PUBLISH, issued_at=PUBLISH.issued_at.astimezone(UTC), expires_at=PUBLISH.expires_at.astimezone(UTC)
    )
    assert payload(rendered(abroad)) == payload(rendered(PUBLISH))


@pytest.mark.parametrize("status", Status)
def test_a_retraction_tells_nothing_even_when_the_rendition_does(status: Status) -> None:
    badly_made = replace(rendered(replace(RETRACT, status=status), "tv"), media=rendered(PUBLISH, "tv").media)
    said = contents(badly_made)["data"]
    assert (said["person"], said["loss"], said["suspect"], said["vehicle"]) == (None, None, "", "")
    assert said["rendition"]["media"] == []
    assert said["ends"] == [1, 2]
    text = payload(badly_made).decode()
    assert not [fact for fact in SECRETS_OF_THE_CHILD if fact in text]


def test_a_time_without_an_offset_is_a_bug() -> None:
    naive = replace(PUBLISH, issued_at=PUBLISH.issued_at.replace(tzinfo=None))
    with pytest.raises(ValueError, match="offset"):
        payload(replace(rendered(PUBLISH), notice=naive))


def test_fractions_of_a_second_are_left_out() -> None:
    later = replace(PUBLISH, issued_at=PUBLISH.issued_at + timedelta(microseconds=5))
    assert contents(rendered(later))["timestamp"] == "2026-11-23T15:04:05+08:00"
