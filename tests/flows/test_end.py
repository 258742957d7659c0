"""Ending an alert: everyone who may show it is told, in words that were ready before they were needed."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.domain.errors import Invalid, NotFound, WrongState
from app.domain.notice import PublicNotice
from app.domain.words import EndReason, Kind, Scope
from app.flows.house import House
from app.flows.ports import Press
from app.flows.principal import Principal
from tests.flows.acts import amended, expired, record, retracted, submitted
from tests.flows.ledger import aired, dump, one, rows, told
from tests.making import make_organ, make_outlet, police

OPERATOR = Principal("operator:王", Scope.OPERATOR, live=True)


class Counting:
    """A press that counts what it renders."""

    def __init__(self, press: Press) -> None:
        self._press, self.rendered = press, list[tuple[Kind, str]]()

    def render(self, notice: PublicNotice, channel: str, panel: Any, duty: Any) -> Mapping[str, Any]:
        self.rendered.append((notice.kind, channel))
        return self._press.render(notice, channel, panel, duty)

    async def illustrate(self, notice: PublicNotice, profiles: Any, photo: bytes | None) -> Mapping[str, Any]:
        return await self._press.illustrate(notice, profiles, photo)

    def payload(self, notice: PublicNotice, rendered: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._press.payload(notice, rendered)


@pytest.fixture
def press(house: House) -> Counting:
    counting = Counting(house.press)
    object.__setattr__(house, "press", counting)
    return counting


@pytest.fixture
async def code(house: House) -> str:
    """A live alert, on air at a tv and a radio station."""
    await make_organ(house)
    await make_outlet(house, name="tv", channel="tv")
    await make_outlet(house, name="radio", channel="radio")
    issued = await submitted(house, record())
    await aired(house)
    return issued.code


async def _body(house: House, number: int, channel: str) -> Any:
    sql = "SELECT body FROM rendition WHERE number = :n AND profile LIKE :p"
    return await one(house, sql, n=number, p=f"{channel}:%")


async def test_the_correction_was_rendered_at_issue_and_is_used_as_it_was(
    house: House, press: Counting, code: str
) -> None:
    assert press.rendered.count((Kind.RETRACT, "tv")) == 1
    ready = {channel: await _body(house, 0, channel) for channel in ("tv", "radio")}
    press.rendered.clear()
    ended = await retracted(house, code)
    assert press.rendered == [], "nothing had to be worded when a minute counted"
    assert (ended.number, ended.told, ended.again) == (2, 2, False)
    for channel, body in ready.items():
        assert await _body(house, 2, channel) == body


async def test_with_a_line_of_its_own_it_is_rendered_anew(house: House, press: Counting, code: str) -> None:
    press.rendered.clear()
    await retracted(house, code, line=" 感谢各界关注 ")
    assert sorted(press.rendered) == [(Kind.RETRACT, "radio"), (Kind.RETRACT, "tv")]
    assert "感谢各界关注" in str(await _body(house, 2, "tv"))
    assert await one(house, "SELECT body->>'line' FROM notice WHERE number = 2") == "感谢各界关注"


async def test_an_update_makes_the_correction_anew(house: House, press: Counting, code: str) -> None:
    """The name was wrong: what ends the search must say the right one."""
    await amended(house, code, record(minor__name="欧阳小亮"))
    press.rendered.clear()
    await retracted(house, code)
    assert press.rendered == []
    assert "欧阳某某" in str(await _body(house, 3, "tv"))
    assert "李某某" not in str(await _body(house, 3, "tv"))


async def test_a_profile_that_came_later_is_rendered_when_it_is_needed(
    house: House, press: Counting, code: str
) -> None:
    late = await make_outlet(house, name="late", channel="screen")
    await rows(
        house,
        "INSERT INTO delivery (alert_id, number, outlet_id, kind, lane, profile, priority, state, tries, due_at, give_up_at) "
        "SELECT a.id, 1, o.id, 'publish', o.lane, o.profile, 1, 'accepted', 1, now(), now() FROM alert a, outlet o "
        "WHERE o.id = :id",
        id=late,
    )
    press.rendered.clear()
    ended = await retracted(house, code)
    assert ended.told == 3
    assert press.rendered == [(Kind.RETRACT, "screen")]


async def test_only_who_may_show_it_is_told(house: House, code: str) -> None:
    """Aired, refused, never sent, refused after a timeout, and one that said so itself."""
    ids = {name: await make_outlet(house, name=name, channel="tv") for name in ("refused", "unsent", "unsure", "heard")}
    await rows(
        house,
        "INSERT INTO delivery (alert_id, number, outlet_id, kind, lane, profile, priority, state, tries, refusals, heard, "
        "due_at, give_up_at) SELECT a.id, 1, o.id, 'publish', 'push', o.profile, 1, "
        "CASE o.name WHEN 'unsent' THEN 'pending' ELSE 'failed' END, "
        "CASE o.name WHEN 'unsent' THEN 0 WHEN 'unsure' THEN 2 ELSE 1 END, "
        "CASE o.name WHEN 'unsent' THEN 0 ELSE 1 END, o.name = 'heard', now(), now() "
        "FROM alert a, outlet o WHERE o.name IN ('refused', 'unsent', 'unsure', 'heard')",
    )
    await retracted(house, code)
    names = await rows(
        house, "SELECT name FROM delivery d JOIN outlet o ON o.id = d.outlet_id WHERE number = 2 ORDER BY name"
    )
    assert [r.name for r in names] == ["heard", "radio", "tv", "unsure"]
    assert ids["refused"] not in await told(house, code, 2)


async def test_whoever_is_paused_or_has_opted_out_since_is_told_all_the_same(house: House, code: str) -> None:
    await rows(house, "UPDATE outlet SET paused = true, takes_exercises = false, lon = 116.4, lat = 39.9")
    assert (await retracted(house, code)).told == 2


async def test_what_has_not_left_never_leaves(house: House, code: str) -> None:
    await amended(house, code, record(minor__clothing="蓝色外套"))
    await retracted(house, code)
    states = await rows(house, "SELECT number, state FROM delivery ORDER BY number, outlet_id")
    expected = [(1, "accepted")] * 2 + [(2, "superseded")] * 2 + [(3, "pending")] * 2
    assert [tuple(r) for r in states] == expected


async def test_a_retraction_outlives_its_alert(house: House, code: str) -> None:
    await rows(house, "UPDATE alert SET expires_at = now() + interval '1 second'")
    await retracted(house, code)
    left = await one(house, "SELECT min(give_up_at) - now() FROM delivery WHERE kind = 'retract'")
    assert left.days >= 6


async def test_retracting_twice_changes_nothing_and_says_so(house: House, code: str) -> None:
    first = await retracted(house, code)
    before = await dump(house)
    again = await retracted(house, code)
    assert (again.again, again.number) == (True, first.number)
    assert await dump(house) == before


@pytest.mark.parametrize("line", ["李小明已到家", "孩子系离家出走", "谢" * 61])
async def test_a_line_that_tells_too_much_ends_nothing(house: House, code: str, line: str) -> None:
    before = await dump(house)
    with pytest.raises(Invalid) as refusal:
        await retracted(house, code, line=line)
    assert [f.pointer for f in refusal.value.faults] == ["/line"]
    assert await dump(house) == before


async def test_what_is_over_cannot_be_retracted(house: House, code: str) -> None:
    await rows(house, "UPDATE alert SET state = 'expired', ended_at = now()")
    with pytest.raises(WrongState):
        await retracted(house, code)


@pytest.mark.parametrize(
    "who",
    [police(organ="610112000000", area="610112"), Principal("key:p", Scope.PARTNER, live=True, partner_id=1)],
)
async def test_who_may_not_see_it_cannot_end_it(house: House, code: str, who: Principal) -> None:
    with pytest.raises(NotFound):
        await retracted(house, code, who=who)
    with pytest.raises(NotFound):
        await retracted(house, "HJ-2026-999999")


@pytest.mark.parametrize("who", [OPERATOR, police(organ="610000000000", area="610000"), police(live=True)])
async def test_one_officer_suffices(house: House, code: str, who: Principal) -> None:
    await retracted(house, code, who=who)
    (alert,) = await rows(house, "SELECT state, ended_by, end_reason FROM alert")
    assert tuple(alert) == ("retracted", who.actor, EndReason.FOUND)


async def test_the_public_is_not_told_why(house: House, code: str) -> None:
    await retracted(house, code)
    body = await one(house, "SELECT body::text FROM notice WHERE kind = 'retract'")
    assert "found" not in body
    assert "李小明" not in body


async def test_expiry_is_the_same_notice_by_the_clock(house: House, code: str) -> None:
    id = await one(house, "SELECT id FROM alert")
    assert await expired(house, id) is None, "not before its time"
    await rows(house, "UPDATE alert SET expires_at = now()")
    ended = await expired(house, id)
    assert ended is not None
    assert (ended.number, ended.told) == (2, 2)
    assert await expired(house, id) is None, "safe to run twice"
    (alert,) = await rows(house, "SELECT state, ended_by, end_reason FROM alert")
    assert tuple(alert) == ("expired", "clock", None)
    assert await one(house, "SELECT count(*) FROM delivery WHERE kind = 'retract'") == 2
