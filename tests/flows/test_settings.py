"""An outlet's settings and faces: sealed, shown without secrets, and changed without breaking what is already issued."""

from typing import Any

import orjson
import pytest

from app.db import outlets
from app.db.engine import transaction
from app.domain.words import Kind
from app.flows.enrol import Application, Face, enrol
from app.flows.house import House
from tests.dispatch.far import Far, dispatching, until
from tests.flows.acts import fetched, record, retracted, submitted
from tests.flows.ledger import one, rows
from tests.making import make_organ, make_outlet, make_partner

NEW, OLD = "whsec_" + "a" * 43 + "=", "whsec_" + "b" * 43 + "="
WEBHOOK = {"url": "http://far.test/hook", "secret": NEW, "previous_secret": OLD}
ROBOT = {"access_token": "tokentokentoken", "secret": "SECsecretsecret", "keyword": "回家"}


async def sealed(house: House) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(house.seal.open(await one(house, "SELECT settings_sealed FROM outlet")))
    return found


@pytest.mark.parametrize(
    ("channel", "carrier", "settings", "secrets", "shown"),
    [
        ("screen", "webhook", WEBHOOK, [NEW, OLD], ["http://far.test/hook"]),
        ("dingtalk", "dingtalk_robot", ROBOT, ["tokentokentoken", "SECsecretsecret"], ["回家"]),
    ],
)
async def test_secrets_are_sealed_and_never_shown(
    house: House, channel: str, carrier: str, settings: dict[str, Any], secrets: list[str], shown: list[str]
) -> None:
    await make_outlet(house, channel=channel, carrier=carrier, settings=settings)
    assert (await sealed(house)).items() >= settings.items(), "the carrier gets back what was given"
    async with transaction(house.engine) as session:
        (listed,) = await outlets.listing(session)
    assert set(listed["settings_shown"]) >= set(settings), "every setting is named"
    (row,) = await rows(house, "SELECT o::text AS whole, settings_sealed FROM outlet o")
    for secret in secrets:
        assert secret not in str(listed)
        assert secret not in row.whole
        assert secret.encode() not in row.settings_sealed
    for open_ in shown:
        assert open_ in str(listed["settings_shown"])


async def test_enrolled_again_the_new_secret_counts(house: House) -> None:
    await make_outlet(house, name="a", settings=WEBHOOK)
    await make_outlet(house, name="a", settings={"url": "http://far.test/other", "secret": OLD})
    kept = await sealed(house)
    assert (kept["url"], kept["secret"], kept["previous_secret"]) == ("http://far.test/other", OLD, None)
    assert await one(house, "SELECT settings_shown->>'url' FROM outlet") == "http://far.test/other"


async def test_enrolled_again_a_pause_holds(house: House) -> None:
    """Whoever paused it did not mean until the next import of a list."""
    await make_outlet(house, name="a")
    await rows(house, "UPDATE outlet SET paused = true")
    await make_outlet(house, name="a", channel="tv")
    assert await one(house, "SELECT paused FROM outlet") is True


async def faced(house: House, carrier: str, face: Face, channel: str = "screen") -> None:
    settings = {} if carrier == "feed" else {"url": "http://far.test/hook", "secret": NEW}
    place = Application("p", channel, carrier, settings, lon=108.95, lat=34.22, panel=face)
    partner = await make_partner(house)
    async with transaction(house.engine) as session:
        await enrol(session, partner, place, wire=house.wire, seal=house.seal)


@pytest.mark.parametrize(("face", "channel"), [(Face(columns=8, rows=2), "screen"), (Face(), "tv")])
async def test_a_panel_that_changes_gets_what_was_issued_for_it(house: House, face: Face, channel: str) -> None:
    """What waits goes out as it was rendered; the retraction, rendered for the new face, follows."""
    await make_organ(house)
    await faced(house, "webhook", Face())
    issued = await submitted(house, record())
    await faced(house, "webhook", face, channel)
    far = Far()
    async with dispatching(house, far):
        await until(lambda: far.kinds("hook") == [Kind.PUBLISH])
        await until(lambda: _is(house, 1, "accepted"))
        await retracted(house, issued.code)
        await until(lambda: _is(house, 2, "accepted"))
    assert far.kinds("hook") == [Kind.PUBLISH, Kind.RETRACT]
    assert len({r.profile for r in await rows(house, "SELECT profile FROM delivery")}) == 2


async def _is(house: House, number: int, state: str) -> bool:
    return bool(await one(house, "SELECT state = :s FROM delivery WHERE number = :n", s=state, n=number))


async def test_a_panel_that_changes_does_not_break_the_feed(house: House) -> None:
    await make_organ(house)
    await faced(house, "feed", Face())
    partner = await make_partner(house)
    issued = await submitted(house, record())
    await faced(house, "feed", Face(columns=8, rows=2))
    _, items = await fetched(house, partner)
    await faced(house, "feed", Face(columns=9), "partner")
    assert await fetched(house, partner) == (1, items), "asked for again it is word for word the same"
    await retracted(house, issued.code)
    _, items = await fetched(house, partner)
    assert [i["payload"]["data"]["kind"] for i in items] == ["retract"]


async def test_a_feed_that_becomes_a_hook_still_lists_what_it_gave(house: House) -> None:
    """A reader that asks again from its old cursor is not told less than before."""
    await make_organ(house)
    await faced(house, "feed", Face())
    await submitted(house, record())
    partner = await make_partner(house)
    _, items = await fetched(house, partner)
    await faced(house, "webhook", Face())
    assert await fetched(house, partner) == (1, items)
    assert await one(house, "SELECT state FROM delivery") == "accepted"
