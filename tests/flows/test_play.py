"""A screen that plays for itself: what it is given counts, what is over is never given, and it speaks for itself alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from app.db import leftovers, outlets, play, postings
from app.db.engine import transaction
from app.db.play import Player
from app.domain.errors import Conflict
from app.domain.words import ReceiptKind
from app.flows import play as flow
from app.flows.confirm import Stated, Taken
from app.flows.house import House
from tests.flows.acts import amended, fetched, record, retracted, submitted
from tests.flows.ledger import one, rows
from tests.making import make_alert, make_organ, make_outlet


async def make_player(house: House, name: str = "屏", **changes: Any) -> tuple[int, str]:
    """An outlet and the token of its link."""
    await make_organ(house)
    outlet = await make_outlet(house, name=name, carrier="player", **changes)
    return outlet, await make_link(house, outlet)


async def make_link(house: House, outlet: int) -> str:
    async with transaction(house.engine) as session:
        return await flow.make_link(session, (await outlets.enrolled(session, [outlet]))[outlet], "test")


async def known(house: House, token: str) -> Player | None:
    async with transaction(house.engine) as session:
        return await flow.recognise(session, token)


async def shown(house: House, token: str) -> Sequence[Mapping[str, Any]]:
    async with transaction(house.engine) as session:
        player = await flow.recognise(session, token)
        assert player is not None
        return await flow.show(session, player, press=house.press)


async def reported(house: House, token: str, *said: tuple[int, ReceiptKind]) -> Sequence[Taken]:
    stated = [Stated(delivery, kind, datetime.now(UTC)) for delivery, kind in said]
    async with transaction(house.engine) as session:
        player = await flow.recognise(session, token)
        assert player is not None
        return await flow.report(session, player, stated, press=house.press)


def kinds(items: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    return [(i["payload"]["data"]["number"], i["payload"]["data"]["kind"]) for i in items]


def id_of(item: Mapping[str, Any]) -> int:
    return int(item["delivery"].removeprefix("dlv_"))


async def test_what_was_given_counts_as_accepted(house: House) -> None:
    outlet, token = await make_player(house)
    await submitted(house, record())
    items = await shown(house, token)
    assert kinds(items) == [(1, "publish")]
    assert items[0]["payload"]["data"]["rendition"]["texts"]["lines"][0] == "紧急寻人"
    (delivery,) = await rows(house, "SELECT lane, state, tries, accepted_at IS NOT NULL AS taken FROM delivery")
    assert tuple(delivery) == ("played", "accepted", 1, True)
    (attempt,) = await rows(house, "SELECT lane, outcome, worker, outlet_id FROM attempt")
    assert tuple(attempt) == ("played", "accepted", "player", outlet)
    assert await shown(house, token) == items, "and it is given again, for as long as it is live"
    assert await one(house, "SELECT tries FROM delivery") == 1
    assert await one(house, "SELECT heard_at IS NOT NULL FROM outlet") is True


async def test_who_was_away_never_learns_of_what_is_over(house: House) -> None:
    _, token = await make_player(house)
    issued = await submitted(house, record())
    await retracted(house, issued.code)
    assert await shown(house, token) == []
    assert await rows(house, "SELECT id FROM attempt") == []


async def test_an_update_takes_the_place_and_an_end_comes_until_it_is_obeyed(house: House) -> None:
    _, token = await make_player(house)
    issued = await submitted(house, record())
    await shown(house, token)
    await amended(house, issued.code, record())
    assert kinds(await shown(house, token)) == [(2, "update")]
    await retracted(house, issued.code)
    (item,) = await shown(house, token)
    assert kinds([item]) == [(3, "retract")]
    assert "李小明" not in repr(item)
    assert item["payload"]["data"]["rendition"]["media"] == []
    assert await reported(house, token, (id_of(item), ReceiptKind.TAKEN_DOWN)) == [Taken.RECORDED]
    assert kinds(await shown(house, token)) == [(3, "retract")], "a second page on the same link hears of it, too"
    await rows(house, "UPDATE alert SET ended_at = now() - interval '11 minutes'")
    assert await shown(house, token) == []


async def test_an_end_that_nobody_obeyed_is_told_for_weeks(house: House) -> None:
    _, token = await make_player(house)
    issued = await submitted(house, record())
    await shown(house, token)
    await retracted(house, issued.code)
    await rows(house, "UPDATE alert SET ended_at = now() - interval '20 days'")
    assert kinds(await shown(house, token)) == [(2, "retract")]


async def test_the_end_is_given_whoever_holds_the_outlets_row(house: House) -> None:
    """An import of outlets has it for as long as its list is. That the page was there is noted another time."""
    outlet, token = await make_player(house)
    issued = await submitted(house, record())
    await shown(house, token)
    await rows(house, "UPDATE outlet SET heard_at = heard_at - interval '1 minute'")
    await retracted(house, issued.code)
    seen = "SELECT heard_at > now() - interval '30 seconds' FROM outlet WHERE id = :o"
    async with transaction(house.engine) as importing:
        await importing.execute(text("UPDATE outlet SET name = name"))
        assert kinds(await shown(house, token)) == [(2, "retract")]
        assert await one(house, seen, o=outlet) is False
    await shown(house, token)
    assert await one(house, seen, o=outlet) is True


async def make_unreadable(house: House, code: str) -> None:
    """As when it could not be worded."""
    await rows(house, "DELETE FROM rendition r USING alert a WHERE a.id = r.alert_id AND a.code = :c", c=code)


async def test_what_cannot_be_read_is_not_taken_and_keeps_nothing_else_from_the_page(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    _, token = await make_player(house)
    ending = await submitted(house, record())
    await shown(house, token)
    await make_unreadable(house, await make_alert(house))
    broken = await make_alert(house)
    await rows(house, "UPDATE rendition SET body = '{}' FROM alert a WHERE a.id = alert_id AND a.code = :c", c=broken)
    await retracted(house, ending.code)
    good = await make_alert(house)
    items = await shown(house, token)
    assert kinds(items) == [(2, "retract"), (1, "publish")]
    assert items[1]["payload"]["data"]["alert"] == good
    left = await rows(house, "SELECT id, tries FROM delivery WHERE state = 'pending' ORDER BY id")
    assert [r.tries for r in left] == [0, 0], "they wait, are counted and shown, and nobody is told of their end"
    assert [f"delivery {r.id} cannot be shown" in caplog.text for r in left] == [True, True]
    assert "李小明" not in caplog.text


async def test_what_can_be_read_no_more_goes_and_the_rest_stays(house: House) -> None:
    _, token = await make_player(house)
    gone, stays = await make_alert(house), await make_alert(house)
    assert len(await shown(house, token)) == 2
    await make_unreadable(house, gone)
    assert [i["payload"]["data"]["alert"] for i in await shown(house, token)] == [stays]


async def test_what_has_run_out_is_not_given(house: House) -> None:
    _, token = await make_player(house)
    await submitted(house, record())
    await shown(house, token)
    await rows(house, "UPDATE alert SET expires_at = now() - interval '1 second'")
    assert await shown(house, token) == []


async def test_the_partners_feed_leaves_it_alone(house: House) -> None:
    """Else a partner that reads its feed would have accepted what no page has fetched."""
    outlet, token = await make_player(house, partner="某平台")
    await make_outlet(house, name="app", channel="partner", carrier="feed", partner="某平台")
    await submitted(house, record())
    partner = int(await one(house, "SELECT id FROM partner WHERE name = '某平台'"))
    _, items = await fetched(house, partner)
    assert [item["outlet"] for item in items] != [str(outlet)]
    assert len(items) == 1
    state = "SELECT d.state FROM delivery d JOIN outlet o ON o.id = d.outlet_id WHERE o.carrier = 'player'"
    assert await one(house, state) == "pending"
    async with transaction(house.engine) as session:
        polled = {posting.outlet: posting.polled for posting in await postings.posted(session, [partner])}
    assert polled[outlet] is False
    assert len(await shown(house, token)) == 1


async def test_nobody_sends_it_and_it_never_gives_up(house: House) -> None:
    await make_player(house)
    await submitted(house, record())
    await rows(house, "UPDATE delivery SET give_up_at = now() - interval '1 hour'")
    async with transaction(house.engine) as session:
        assert await leftovers.give_up(session) == 0
    assert await one(house, "SELECT state FROM delivery") == "pending"


async def test_a_page_speaks_for_its_own_outlet_alone(house: House) -> None:
    _, mine = await make_player(house, "甲")
    _, theirs = await make_player(house, "乙")
    await submitted(house, record())
    ((own,), (other,)) = await shown(house, mine), await shown(house, theirs)
    said = [(id_of(other), ReceiptKind.AIRED), (id_of(own), ReceiptKind.AIRED), (10**12, ReceiptKind.AIRED)]
    assert await reported(house, mine, *said) == [Taken.UNMATCHED, Taken.RECORDED, Taken.UNMATCHED]
    found = await rows(house, "SELECT id, state FROM delivery ORDER BY id")
    assert {r.id: r.state for r in found} == {id_of(own): "confirmed", id_of(other): "accepted"}


async def test_a_link_is_kept_as_a_hash_and_is_worthless_once_revoked(house: House) -> None:
    outlet, first = await make_player(house)
    second = await make_link(house, outlet)
    assert first != second
    assert len(first) == 43
    assert first not in repr(await rows(house, "SELECT * FROM player")) + repr(await rows(house, "SELECT * FROM audit"))
    for token in (first, second):
        assert (await known(house, token)) is not None
    for stranger in ("", "x" * 43, first[:-1], first + "x", "牌" * 43):
        assert await known(house, stranger) is None
    async with transaction(house.engine) as session:
        enrolled = (await outlets.enrolled(session, [outlet]))[outlet]
        assert await flow.revoke_links(session, enrolled, "test") == 2
    for token in (first, second):
        assert await known(house, token) is None
    async with transaction(house.engine) as session:
        assert [(r["name"], r["links"]) for r in await play.listing(session)] == [("屏", 0)]
    assert [r.act for r in await rows(house, "SELECT act FROM audit WHERE act LIKE 'player%' ORDER BY id")] == [
        "player_link", "player_link", "player_revoke"
    ]  # fmt: skip


async def test_a_link_is_only_for_an_outlet_that_plays(house: House) -> None:
    await make_organ(house)
    webhook = await make_outlet(house)
    with pytest.raises(Conflict):
        await make_link(house, webhook)
    outlet, token = await make_player(house)
    await rows(house, "UPDATE outlet SET lane = 'push', carrier = 'webhook' WHERE id = :o", o=outlet)
    assert await known(house, token) is None, "it has gone to another wire"
