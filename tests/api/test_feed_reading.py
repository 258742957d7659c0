"""Reading the feed: every number is given or named as left out; seeking, the newest first, tags, and what was pushed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.hours import goes_by
from tests.api.records import fresh, issue, items, new_partner, retract
from tests.api.stage import Stage
from tests.making import make_outlet

pytestmark = pytest.mark.asyncio(loop_scope="module")


def notices(answer: Any) -> list[str]:
    return [item["notice"] for item in answer.json()["items"]]


def covered(answer: Any, after: int) -> list[int]:
    """Every number that the answer accounts for."""
    said = answer.json()
    given = [item["sequence"] for item in said["items"]]
    left = [n for low, high in said["left_out"] for n in range(low, high + 1)]
    assert int(said["cursor"]) == max([after, *given, *left])
    return sorted(given + left)


async def test_every_number_is_given_or_named_as_left_out(shared: Stage) -> None:
    who = await new_partner(shared, outlets=2)
    bodies = [fresh() for _ in range(4)]
    codes = [(await shared.post("/v1/alerts", body)).json()["id"] for body in bodies]
    await items(shared, who)
    await shared.post(f"/v1/alerts/{codes[0]}/update", bodies[0])
    await items(shared, who)
    await retract(shared, codes[0])
    await retract(shared, codes[2])
    whole = await shared.get("/v1/feed", who)
    assert covered(whole, 0) == list(range(1, 15))
    assert whole.json()["left_out"] == [[1, 2], [5, 6], [9, 10]]
    cursor, seen = "0", list[int]()
    while True:
        page = await shared.get("/v1/feed", who, cursor=cursor, limit=3)
        seen += covered(page, int(cursor))
        cursor = page.json()["cursor"]
        if not page.json()["more"]:
            break
    assert seen == list(range(1, 15))
    assert covered(await shared.get("/v1/feed", f"{who}-test"), 0) == list(range(1, 15)), (
        "without saying what they were"
    )


async def test_what_ended_before_it_was_fetched_has_no_number(shared: Stage) -> None:
    who = await new_partner(shared)
    code = await issue(shared)
    await retract(shared, code)
    answer = (await shared.get("/v1/feed", who)).json()
    assert (answer["cursor"], answer["items"], answer["left_out"]) == ("0", [], [])


async def test_the_newest_first(shared: Stage) -> None:
    who = await new_partner(shared)
    codes = [await issue(shared) for _ in range(5)]
    first = await shared.get("/v1/feed", who, order="newest", limit=2)
    assert notices(first) == [f"{codes[4]}/1", f"{codes[3]}/1"]
    assert first.json()["more"] is True
    taken = "SELECT count(*) FROM delivery d JOIN outlet o ON o.id = d.outlet_id JOIN partner p ON p.id = o.partner_id \
WHERE p.name = :p AND d.state = 'accepted'"
    assert await shared.rows(taken, p=who) == [(2,)], "no more counts as fetched than was given"
    rest = await shared.get("/v1/feed", who, order="newest", limit=10)
    assert notices(rest)[-2:] == [f"{codes[4]}/1", f"{codes[3]}/1"], "fetched first, and so numbered first"
    assert sorted(notices(rest)) == [f"{code}/1" for code in codes]
    older = await shared.get("/v1/feed", who, order="newest", before=rest.json()["items"][1]["sequence"])
    assert notices(older) == notices(rest)[2:]
    later = await issue(shared)
    assert notices(await shared.get("/v1/feed", who, cursor=rest.json()["cursor"])) == [f"{later}/1"]


async def test_the_newest_first_never_passes_what_waits(shared: Stage) -> None:
    """Its cursor leads on from now: what had no number yet comes behind it all the same."""
    who = await new_partner(shared)
    codes = [await issue(shared) for _ in range(3)]
    first = await shared.get("/v1/feed", who, order="newest", limit=1)
    assert notices(first) == [f"{codes[2]}/1"]
    assert notices(await shared.get("/v1/feed", who, cursor=first.json()["cursor"])) == [f"{c}/1" for c in codes[:2]]


async def test_from_a_time_on(shared: Stage) -> None:
    who = await new_partner(shared)
    early = await issue(shared)
    issued = (await items(shared, who))[0]["payload"]["timestamp"]
    at = datetime.fromisoformat(issued) + timedelta(seconds=1)
    await shared.change("UPDATE notice SET issued_at = issued_at WHERE false")
    late = await issue(shared)
    soon = (at - timedelta(hours=1)).isoformat()
    assert notices(await shared.get("/v1/feed", who, since=soon)) == [f"{early}/1", f"{late}/1"]
    never = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = await shared.get("/v1/feed", who, since=never)
    assert notices(answer) == []
    assert covered(answer, 0) == [1, 2]
    raw = await shared.client.get(f"/v1/feed?since={issued}", headers=shared.bearer(who))
    assert raw.status_code == 200, "an offset's plus that was not escaped"
    bad = await shared.get("/v1/feed", who, since="yesterday")
    assert [e["pointer"] for e in bad.json()["errors"]] == ["/query/since"]


async def test_a_tag_stands_for_what_could_be_given(shared: Stage) -> None:
    who = await new_partner(shared)
    seen = list[str]()

    async def tag(**query: Any) -> str:
        answer = await shared.get("/v1/feed", who, **query)
        seen.append(answer.headers["etag"])
        return seen[-1]

    async def status(tag: str, **query: Any) -> int:
        sent = shared.bearer(who) | {"if-none-match": tag}
        return (await shared.client.get("/v1/feed", headers=sent, params=query)).status_code

    empty = await tag()
    assert await status(empty) == 304
    body = fresh()
    code = (await shared.post("/v1/alerts", body)).json()["id"]
    assert await status(empty) == 200
    published = await tag()
    assert await status(f'"other", {published}') == 304
    assert await status(published, order="newest") == 200, "another question"
    assert await status(published, all="1") == 200
    await shared.post(f"/v1/alerts/{code}/update", body)
    assert await status(published) == 200
    updated = await tag()
    await retract(shared, code)
    assert await status(updated) == 200
    await tag()
    assert len(set(seen)) == len(seen)


async def test_a_page_that_is_not_the_last_has_no_tag(shared: Stage) -> None:
    """Else whoever asks for the next page with it would be told that nothing is new."""
    who = await new_partner(shared, outlets=3)
    await issue(shared)
    answer = await shared.get("/v1/feed", who, limit=2)
    assert answer.json()["more"] is True
    assert "etag" not in answer.headers


async def test_what_is_pushed_stands_in_the_same_sequence(shared: Stage) -> None:
    """Reading it accepts nothing: sending goes on. It counts as heard, so that the end is told."""
    who = await new_partner(shared)
    await make_outlet(shared.house, partner=who, name="屏")
    code = await issue(shared)
    await goes_by(shared.house, "3 seconds")
    held = "SELECT d.state, d.tries, d.heard, d.feed_seq FROM delivery d JOIN outlet o ON o.id = d.outlet_id \
JOIN alert a ON a.id = d.alert_id JOIN partner p ON p.id = o.partner_id WHERE p.name = :p AND a.code = :c AND d.lane = 'push'"
    own = await shared.get("/v1/feed", who)
    assert [item["pushed"] for item in own.json()["items"]] == [False]
    assert covered(own, 0) == [1, 2]
    assert await shared.rows(held, p=who, c=code) == [
        ("pending", 0, False, 2 if own.json()["items"][0]["sequence"] == 1 else 1)
    ]
    both = await shared.get("/v1/feed", who, all="1")
    assert sorted(item["pushed"] for item in both.json()["items"]) == [False, True]
    assert [row[:3] for row in await shared.rows(held, p=who, c=code)] == [("pending", 0, True)]
    await retract(shared, code)
    await goes_by(shared.house, "3 seconds")
    after = await shared.get("/v1/feed", who, all="1", cursor=both.json()["cursor"])
    assert [(i["payload"]["type"], i["pushed"]) for i in after.json()["items"]].count(("alert.retract", True)) == 1


async def test_a_drill_that_was_pushed_is_read_with_a_test_key_and_nothing_actual(shared: Stage) -> None:
    who = await new_partner(shared)
    await make_outlet(shared.house, partner=who, name="屏")
    actual, drill = await issue(shared), await issue(shared, "police-test", status="exercise")
    answer = await shared.get("/v1/feed", f"{who}-test", all="1")
    assert set(notices(answer)) == {f"{drill}/1"}
    assert actual not in answer.text


async def test_head_cannot_take_anything(shared: Stage) -> None:
    who = await new_partner(shared)
    assert (await shared.client.head("/v1/feed", headers=shared.bearer(who))).status_code == 405


async def test_one_outlet_alone(shared: Stage) -> None:
    """One key, a program for each outlet: what one of them reads is not taken from the other."""
    who = await new_partner(shared, outlets=2)
    code = await issue(shared)
    mine = "SELECT o.id FROM outlet o JOIN partner p ON p.id = o.partner_id WHERE p.name = :p ORDER BY o.id"
    first, second = [row[0] for row in await shared.rows(mine, p=who)]
    answer = await shared.get("/v1/feed", who, outlet=first)
    assert [item["outlet"] for item in answer.json()["items"]] == [str(first)]
    held = "SELECT d.outlet_id, d.state FROM delivery d JOIN alert a ON a.id = d.alert_id \
WHERE a.code = :c AND d.outlet_id IN (:x, :y) ORDER BY 1"
    assert await shared.rows(held, c=code, x=first, y=second) == [(first, "accepted"), (second, "pending")]
    tag, cursor = answer.headers["etag"], answer.json()["cursor"]
    again = shared.bearer(who) | {"if-none-match": tag}
    assert (await shared.client.get(f"/v1/feed?outlet={first}", headers=again)).status_code == 304
    assert (await shared.client.get(f"/v1/feed?outlet={second}", headers=again)).status_code == 200
    await retract(shared, code)
    both = [await shared.get("/v1/feed", who, outlet=one, cursor=cursor) for one in (first, second)]
    ends = [[item["payload"]["type"] for item in answer.json()["items"]] for answer in both]
    assert ends == [["alert.retract"], ["alert.retract"]], "the second had fetched its own by then"


async def test_an_outlet_that_is_not_ones_own_is_told(shared: Stage) -> None:
    """A number that was mistyped must not look like peace and quiet."""
    who, rival = await new_partner(shared), await new_partner(shared)
    (theirs,) = await shared.rows(
        "SELECT o.id FROM outlet o JOIN partner p ON p.id = o.partner_id WHERE p.name = :p", p=rival
    )
    for number in (theirs[0], 999_999_999):
        answer = await shared.get("/v1/feed", who, outlet=number)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:huijia:problem:not-found")
    answer = await shared.get("/v1/feed", who, outlet="大屏")
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/query/outlet"]
