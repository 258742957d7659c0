"""The roster: what it introduces, what it keeps, and who may read it."""

import base64
import json
import math
import stat
from pathlib import Path
from typing import Any

import pytest

from sandbox import roster, state
from sandbox.__main__ import main
from sandbox.outlets import SCREEN_OWNER, XIAOZHAI

BASE = "http://127.0.0.1:8100"


def told(path: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> Any:
    assert main(["roster", "--state", str(path), "--base", BASE, *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def outlets(document: Any) -> list[dict[str, Any]]:
    return [outlet for partner in document["partners"] for outlet in partner["outlets"]]


def kilometres(place: dict[str, Any]) -> float:
    """Haversine from Xiaozhai."""
    east, north = (math.radians(place[axis] - home) for axis, home in zip(("lon", "lat"), XIAOZHAI, strict=True))
    flat = math.cos(math.radians(XIAOZHAI[1])) * math.cos(math.radians(place["lat"]))
    return 2 * 6371 * math.asin(math.sqrt(math.sin(north / 2) ** 2 + flat * math.sin(east / 2) ** 2))


def test_the_cast(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = told(tmp_path / "s.json", capsys=capsys)
    cast = [(outlet["channel"], outlet["carrier"]) for outlet in outlets(document)]
    assert sorted(cast) == sorted(
        [("tv", "webhook"), ("radio", "webhook"), ("dingtalk", "dingtalk_robot")]
        + [("partner", "feed"), ("partner", "webhook")]
        + [("screen", "webhook")] * 3
        + [("billboard", "webhook")] * 2
        + [("screen", "vnnox")] * 2
        + [("billboard", "xibo"), ("dingtalk", "dingtalk_app"), ("radio", "liquidsoap"), ("tv", "obs"), ("tv", "amcp")]
        + [("screen", "mqtt"), ("billboard", "mqtt"), ("radio", "ebd")]
    )
    assert all(len({wire for medium, wire in cast if medium == each}) > 1 for each, _ in cast), (
        "two wires for each medium"
    )
    for outlet in outlets(document):
        assert outlet["name"].startswith("沙盒·")
        assert outlet["place"]["datum"] == "GCJ02"
        assert kilometres(outlet["place"]) < 100
        assert outlet["takes_exercises"] is True
        assert outlet["takes_tests"] is True
    tv = outlets(document)[0]
    assert set(tv) == {
        "name", "channel", "carrier", "settings", "place", "codes", "panel", "duty",
        "takes_exercises", "takes_tests", "receipt_minutes",
    }  # fmt: skip
    assert tv["settings"]["url"] == f"{BASE}/station/tv-1"
    assert all(partner["name"].startswith("沙盒·") and partner["phone"] for partner in document["partners"])


def test_secrets_have_their_shape_and_are_all_different(tmp_path: Path) -> None:
    document = json.loads(roster.prepare(tmp_path / "s.json", BASE, screens=50))
    settings = [outlet["settings"] for outlet in outlets(document)]
    hooks = [one["secret"] for one in settings if one.get("secret", "").startswith("whsec_")]
    assert len(hooks) == len(set(hooks)) == 55
    assert all(len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32 for secret in hooks)
    robot = next(one for one in settings if "access_token" in one)
    assert robot["url"] == f"{BASE}/robot/send"
    assert robot["secret"].startswith("SEC")
    assert len(robot["access_token"]) == 64


def test_the_same_file_gives_the_same_roster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new" / "s.json"
    assert told(file, capsys=capsys) == told(file, capsys=capsys)
    assert told(file, capsys=capsys) != told(tmp_path / "t.json", capsys=capsys)


def test_a_new_address_keeps_the_secrets(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    before = outlets(json.loads(roster.prepare(file, BASE)))
    after = outlets(json.loads(roster.prepare(file, "http://127.0.0.1:9100/")))
    assert [one["settings"].get("secret") for one in before] == [one["settings"].get("secret") for one in after]
    assert after[0]["settings"]["url"] == "http://127.0.0.1:9100/station/tv-1"


def test_only_its_owner_may_read_the_state(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    roster.prepare(file, BASE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    roster.prepare(file, BASE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.json"]


def test_many_screens_stand_in_for_the_three_until_told_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.json"
    many = told(file, "--screens", "500", capsys=capsys)
    screens = next(partner for partner in many["partners"] if partner["name"] == SCREEN_OWNER)["outlets"]
    assert len(screens) == 500
    assert len({outlet["name"] for outlet in screens}) == 500
    assert len({(outlet["place"]["lon"], outlet["place"]["lat"]) for outlet in screens}) == 500
    assert max(kilometres(outlet["place"]) for outlet in screens) < 100
    assert told(file, capsys=capsys) == many
    fewer = told(file, "--screens", "2", capsys=capsys)
    assert outlets(fewer)[2]["settings"] == screens[0]["settings"]


def test_the_far_ones_only_come_when_asked_and_need_growing_reach(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.json"
    near = told(file, capsys=capsys)
    with_far = told(file, "--far", capsys=capsys)
    assert with_far["partners"][:-1] == near["partners"]
    distances = [kilometres(outlet["place"]) for outlet in with_far["partners"][-1]["outlets"]]
    assert [200 < far < 300 for far in distances] == [True, False, False]
    assert [300 < far < 500 for far in distances] == [False, True, True]
    assert told(file, "--no-far", capsys=capsys) == near


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"base": 1, "screens": 1, "far": 1, "secrets": 1, "cursors": 1}'])
def test_a_file_that_is_something_else_is_left_alone(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.json"
    file.write_text(content)
    assert main(["roster", "--state", str(file), "--base", BASE]) == 2
    assert "不是沙盒的状态文件" in capsys.readouterr().err
    assert file.read_text() == content


def test_a_failed_save_leaves_the_old_state_and_no_litter(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    roster.prepare(file, BASE)
    before = file.read_text()
    broken = state.load(file)
    broken.cursors = {"沙盒": object()}  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        state.save(file, broken)
    assert file.read_text() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.json"]


def test_no_secret_in_a_repr(tmp_path: Path) -> None:
    roster.prepare(tmp_path / "s.json", BASE)
    kept = state.load(tmp_path / "s.json")
    assert not any(secret in repr(kept) for secret in kept.secrets.values())
