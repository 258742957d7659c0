"""Enrolling: every fault at once, secrets sealed, and what already waits for an outlet is not lost when it changes."""

from typing import Any

import pytest

from app.db import deliveries
from app.db.engine import Session, transaction
from app.domain.errors import Invalid
from app.domain.geo import Point, distance_km
from app.flows.enrol import AirDuty, Application, Face, enrol, profile_key
from app.flows.house import House
from tests.dispatch.far import Far, dispatching, reply, until
from tests.flows.acts import fetched, record, retracted, submitted
from tests.flows.ledger import aired, one, rows
from tests.making import make_organ, make_outlet, make_partner

SECRET = "whsec_" + "a" * 43 + "="
GOOD: dict[str, Any] = {
    "name": "一号屏", "channel": "screen", "carrier": "webhook",
    "settings": {"url": "https://example.cn/hook", "secret": SECRET}, "lon": 108.95, "lat": 34.22,
}  # fmt: skip


async def enrolled(house: House, **changes: Any) -> int:
    partner = await make_partner(house)
    async with transaction(house.engine) as session:
        return await enrol(session, partner, Application(**(GOOD | changes)), wire=house.wire, seal=house.seal)


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"lon": None}, ["/place", "/codes"]),
        ({"lat": None}, ["/place"]),
        ({"lon": None, "lat": None}, ["/codes"]),
        ({"codes": ("610113", "999999", "61")}, ["/codes/1", "/codes/2"]),
        ({"receipt_minutes": 0}, ["/receipt_minutes"]),
        ({"receipt_minutes": 1441}, ["/receipt_minutes"]),
        ({"channel": "smoke"}, ["/channel"]),
        ({"carrier": "pigeon"}, ["/carrier"]),
        ({"settings": {}}, ["/settings/url"]),
        ({"settings": {"url": "https://a.cn"}}, ["/settings"]),
        ({"settings": GOOD["settings"] | {"colour": "red"}}, ["/settings/colour"]),
        (
            {"lon": None, "codes": ("999999",), "channel": "smoke", "settings": {"url": "https://a.cn", "secret": "x"}},
            ["/place", "/codes/0", "/channel", "/settings/secret"],
        ),
    ],
)
async def test_every_fault_is_told_at_once_and_nothing_is_saved(
    house: House, changes: dict[str, Any], pointers: list[str]
) -> None:
    with pytest.raises(Invalid) as refusal:
        await enrolled(house, **changes)
    assert sorted(f.pointer for f in refusal.value.faults) == sorted(pointers)
    assert all(f.zh for f in refusal.value.faults)
    assert SECRET not in repr(refusal.value.faults)
    assert await one(house, "SELECT count(*) FROM outlet") == 0


async def test_positions_are_kept_in_wgs84(house: House) -> None:
    await enrolled(house, lon=108.947, lat=34.224, datum="GCJ02")
    (found,) = await rows(house, "SELECT lon, lat FROM outlet")
    assert 0.3 < distance_km(Point(found.lon, found.lat), Point(108.947, 34.224)) < 0.8


async def test_the_name_is_the_outlet(house: House) -> None:
    """Enrolled again it is changed, not doubled; another partner may use the same name."""
    first = await enrolled(house)
    assert await enrolled(house, channel="tv", takes_tests=True) == first
    (found,) = await rows(house, "SELECT channel, takes_tests FROM outlet")
    assert tuple(found) == ("tv", True)
    assert await make_outlet(house, partner="别家", name=GOOD["name"]) != first


def test_a_profile_is_channel_panel_and_duty() -> None:
    panel = {"width": 1920, "height": 1080}
    key = profile_key("screen", panel, {})
    assert key == profile_key("screen", dict(reversed(panel.items())), {}), "whatever the order"
    others = [profile_key("tv", panel, {}), profile_key("screen", {}, {}), profile_key("screen", panel, {"until": 1})]
    assert key not in others
    assert len(set(others)) == 3


async def test_panels_and_duties_are_kept(house: House) -> None:
    await enrolled(house, panel=Face(width=1920, rows=4), duty=AirDuty(repeat_every_minutes=30))
    (found,) = await rows(house, "SELECT panel, duty FROM outlet")
    assert found.panel == {"width": 1920, "height": None, "columns": None, "rows": 4}
    assert found.duty["repeat_every_minutes"] == 30


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"channel": "partner", "carrier": "feed"}, {}),
        ({"channel": "dingtalk", "carrier": "dingtalk_robot"}, {}),
        ({}, {"channel": "partner", "carrier": "feed"}),
        ({}, {"channel": "dingtalk", "carrier": "dingtalk_robot"}),
        ({"channel": "dingtalk", "carrier": "dingtalk_robot"}, {"channel": "partner", "carrier": "feed"}),
    ],
)
async def test_what_waits_goes_the_new_way(house: House, before: dict[str, str], after: dict[str, str]) -> None:
    """The outlet changes its wire while a notice waits for it, which must not lie in a lane that nobody moves. A chat robot
    cannot take what was worded for a screen: that fails, and is shown."""
    await make_organ(house)
    place = await enrolled(house, **(before | _settings(before)))
    await submitted(house, record())
    assert await enrolled(house, **(after | _settings(after))) == place
    partner = await make_partner(house)
    far = Far()
    far.script["hook"] = [reply(200, {"errcode": 0})]
    async with dispatching(house, far):
        if after.get("carrier") == "feed":
            _, items = await fetched(house, partner)
            assert [i["payload"]["data"]["kind"] for i in items] == ["publish"]
        else:
            robot = after.get("carrier") == "dingtalk_robot"
            await until(lambda: _notice_is(house, "failed" if robot else "accepted"))


async def _notice_is(house: House, state: str) -> bool:
    return bool(await one(house, "SELECT state = :state FROM delivery", state=state))


def _settings(of: dict[str, str]) -> dict[str, Any]:
    url = "http://far.test/hook"
    settings = {"url": url, "secret": SECRET}
    if of.get("carrier") == "dingtalk_robot":
        settings = {"url": url, "access_token": "token", "secret": "SECsecret"}
    return {"settings": {} if of.get("carrier") == "feed" else settings}


@pytest.mark.parametrize("act", ["publish", "retract"])
async def test_an_outlet_that_changes_while_a_notice_is_issued_can_still_be_sent_it(
    house: House, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its panel changes while deliveries are being written. A delivery without a rendition could never be sent: neither
    the publish nor, what is worse, the retraction."""
    await make_organ(house)
    await enrolled(house, settings=_settings({})["settings"])
    issue = deliveries.issue

    async def amid_changes(session: Session, **given: Any) -> Any:
        await enrolled(house, settings=_settings({})["settings"], panel=Face(columns=7))
        done = await issue(session, **given)
        await enrolled(house, settings=_settings({})["settings"], panel=Face(columns=9))
        return done

    if act == "publish":
        monkeypatch.setattr(deliveries, "issue", amid_changes)
    issued = await submitted(house, record())
    if act == "retract":
        await aired(house)
        monkeypatch.setattr(deliveries, "issue", amid_changes)
        await retracted(house, issued.code)
    far = Far()
    async with dispatching(house, far):
        await until(lambda: far.kinds("hook") == [act])
