"""The outlets' pages: found, shown without secrets, enrolled, tried, paused, their secrets changed; and who may not."""

import re
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text

from app.console.live import Live
from app.db import outlets
from app.db.engine import transaction
from app.domain.errors import Conflict
from app.flows import upkeep
from app.flows.house import House
from app.flows.ports import Step, Trial
from tests.console.conftest import application, browser, csrf_of, let_in
from tests.console.delivered import accepted, failed, newest
from tests.making import make_alert, make_outlet, make_partner

SECRET = "whsec_" + "azazazazazazazazazazazazazazazazazazazazaza="


async def _settings(house: House, id: int) -> dict[str, Any]:
    async with transaction(house.engine) as session:
        found = (await outlets.enrolled(session, [id]))[id]
    said: dict[str, Any] = orjson.loads(house.seal.open(found.sealed))
    return said


async def _sql(house: House, statement: str, **values: object) -> list[tuple[Any, ...]]:
    async with transaction(house.engine) as session:
        done = await session.execute(text(statement), values)
        return [tuple(r) for r in done] if done.returns_rows else []


async def _acts(house: House) -> list[str]:
    return [str(act) for (act,) in await _sql(house, "SELECT act FROM audit WHERE act <> 'sign_in' ORDER BY id")]


async def test_they_are_found_by_words_state_and_channel_a_page_at_a_time(
    house: House, officer: httpx.AsyncClient
) -> None:
    partner = await make_partner(house, "西安地铁")
    one = await make_outlet(house, partner="西安地铁", name="钟楼站大屏")
    await _sql(
        house,
        "INSERT INTO outlet (partner_id, name, channel, carrier, lane, retracts, proves, settings_sealed, settings_shown, "
        "profile) SELECT partner_id, '站厅屏' || lpad(n::text, 3, '0'), channel, carrier, lane, retracts, proves, "
        "settings_sealed, settings_shown, profile FROM outlet, generate_series(1, 120) n WHERE id = :id",
        id=one,
    )
    await make_outlet(house, partner="陕西广播", name="交通广播", channel="radio")
    await _sql(house, "UPDATE outlet SET failures = 9, quarantined_at = now(), probe_at = now(), trouble = 'timeout' "
               "WHERE name = '站厅屏077'")  # fmt: skip
    first = (await officer.get("/console/outlets")).text
    assert "第 1 / 3 页，共 122 个发布点" in first
    rows = re.findall(r'id="outlet-\d+"[^>]*>([^<]+)<', first)
    assert len(rows) == 50
    assert rows[0] == "站厅屏077", "what is in trouble comes first"
    assert re.findall(r'id="outlet-', (await officer.get("/console/outlets?page=3")).text).__len__() == 22
    assert "已隔离 1" in first
    for query, names in (
        ("q=钟楼 地铁", ["钟楼站大屏"]), ("q=站厅屏077", ["站厅屏077"]), ("state=quarantined", ["站厅屏077"]),
        ("channel=radio", ["交通广播"]), (f"partner={partner}&q=钟楼", ["钟楼站大屏"]), ("q=没有的", []), ("q=%25", []),
    ):  # fmt: skip
        shown = (await officer.get(f"/console/outlets?{query}")).text
        assert re.findall(r'id="outlet-\d+"[^>]*>([^<]+)<', shown) == names, query
    for odd in ("page=0", "page=-1", "page=x", "partner=x", "state=nonsense", "q=<script>"):
        answer = await officer.get(f"/console/outlets?{odd}")
        assert answer.status_code == 200
        assert "<script>" not in answer.text


async def test_the_health_of_one_outlet_is_that_of_its_deliveries(house: House, officer: httpx.AsyncClient) -> None:
    id = await make_outlet(house, name="钟楼屏")
    code = await make_alert(house)
    delivery = (await newest(house, code))[id]
    await failed(house, delivery)
    await _attempt(house, delivery, id, "refused", "bad_credentials", milliseconds=90)
    page = (await officer.get(f"/console/outlets/{id}")).text
    assert "尚无" in page
    assert "对方不认可密钥、签名或地址" in page
    assert "HTTP 401" in page
    assert code in page
    assert "送达失败" in page
    await accepted(house, delivery)
    await _attempt(house, delivery, id, "accepted", "", milliseconds=250)
    assert "用时 250 毫秒" in (await officer.get(f"/console/outlets/{id}")).text
    assert "250 毫秒" in (await officer.get("/console/outlets")).text


async def _attempt(house: House, delivery: int, outlet: int, outcome: str, reason: str, *, milliseconds: int) -> None:
    await _sql(
        house,
        "INSERT INTO attempt (delivery_id, outlet_id, number, lane, started_at, finished_at, outcome, reason, detail, worker) "
        f"VALUES (:d, :o, 1, 'push', now() - interval '{milliseconds} ms', now(), :outcome, nullif(:reason, ''), 'HTTP 401', "
        "'w')",
        d=delivery, o=outlet, outcome=outcome, reason=reason,
    )  # fmt: skip


async def test_no_page_shows_a_secret(house: House, officer: httpx.AsyncClient) -> None:
    id = await make_outlet(house, settings={"url": "http://127.0.0.1:9/hook", "secret": SECRET})
    for path in (f"/console/outlets/{id}", f"/console/outlets/{id}/edit"):
        page = (await officer.get(path)).text
        assert "http://127.0.0.1:9/hook" in page
        assert SECRET not in page
        assert "****" not in page


def _form(csrf: str, **changes: str) -> dict[str, str]:
    return {
        "csrf": csrf, "name": "新屏", "channel": "screen", "carrier": "webhook", "set-url": "http://127.0.0.1:9/hook",
        "set-secret": SECRET, "codes": "610113，610100", "lon": "", "lat": "", "datum": "GCJ02", "exercises": "1",
        "receipt_minutes": "5",
    } | changes  # fmt: skip


async def test_enrolling_checks_every_field_and_says_it_beside_the_field(
    house: House, officer: httpx.AsyncClient
) -> None:
    partner = str(await make_partner(house))
    start = await officer.get(f"/console/outlets/new?partner={partner}&channel=screen&carrier=webhook")
    assert "接收地址" in start.text
    bad = _form(csrf_of(start.text), partner=partner, **{"set-url": "ftp://x", "set-secret": "short", "lon": "181",
                "lat": "34", "width": "3"})  # fmt: skip
    answer = await officer.post("/console/outlets/new", data=bad)
    assert answer.status_code == 422
    for field in ("set-url", "set-secret", "lon", "width"):
        assert f'id="{field}-fault"' in answer.text, field
    assert 'value="ftp://x"' in answer.text, "what was typed is still there"
    assert "short" not in answer.text, "except what is secret"
    assert await _sql(house, "SELECT 1 FROM outlet") == []
    for codes in ("999999", ""):
        answer = await officer.post("/console/outlets/new", data=_form(bad["csrf"], partner=partner, codes=codes))
        assert 'id="codes-fault"' in answer.text
    done = await officer.post("/console/outlets/new", data=_form(bad["csrf"], partner=partner))
    assert done.status_code == 303
    [(id, codes, exercises, tests)] = await _sql(house, "SELECT id, codes, takes_exercises, takes_tests FROM outlet")
    assert done.headers["location"] == f"/console/outlets/{id}?result=added"
    assert (codes, exercises, tests) == (["610113", "610100"], True, False)
    assert (await _settings(house, id))["secret"] == SECRET
    again = await officer.post(
        "/console/outlets/new", data=_form(bad["csrf"], partner=partner, **{"set-url": "http://a.cn"})
    )
    assert again.status_code == 422, "a second of the same name does not replace the first"
    assert 'id="name-fault"' in again.text
    assert (await _settings(house, id))["url"] == "http://127.0.0.1:9/hook"
    assert await _acts(house) == ["outlet_add"]


async def test_a_carrier_that_does_not_fit_the_channel_is_not_offered_a_form(
    house: House, officer: httpx.AsyncClient
) -> None:
    partner = await make_partner(house)
    answer = await officer.get(f"/console/outlets/new?partner={partner}&channel=radio&carrier=dingtalk_robot")
    assert "这种传输方式不能用于这个渠道" in answer.text


async def test_every_carrier_has_a_form(house: House, officer: httpx.AsyncClient) -> None:
    partner = await make_partner(house)
    for name, carrier in house.catalogue.carriers.items():
        channel = next(c for c in house.catalogue.channels if carrier.fits(c))
        answer = await officer.get(f"/console/outlets/new?partner={partner}&channel={channel}&carrier={name}")
        assert answer.status_code == 200
        for field in carrier.fields:
            shown = re.search(rf'<(?:input|select) id="set-{field.name}"[^>]*', answer.text)
            assert shown, (name, field.name)
            assert ('type="password"' in shown[0]) == field.secret


async def test_editing_keeps_the_secret_that_was_left_empty_and_the_name(
    house: House, officer: httpx.AsyncClient
) -> None:
    id = await make_outlet(house, name="钟楼屏", settings={"url": "http://127.0.0.1:9/hook", "secret": SECRET,
                           "previous_secret": SECRET})  # fmt: skip
    page = await officer.get(f"/console/outlets/{id}/edit")
    form = _form(csrf_of(page.text), name="别的名字") | {"set-url": "http://127.0.0.1:8/new", "set-secret": ""}
    assert (await officer.post(f"/console/outlets/{id}/edit", data=form)).status_code == 303
    said = await _settings(house, id)
    assert (said["url"], said["secret"], said["previous_secret"]) == ("http://127.0.0.1:8/new", SECRET, SECRET)
    assert await _sql(house, "SELECT name FROM outlet") == [("钟楼屏",)]
    assert (
        await officer.post(f"/console/outlets/{id}/edit", data=form | {"clear-previous_secret": "1"})
    ).status_code == 303
    assert (await _settings(house, id))["previous_secret"] is None
    wrong = await officer.post(f"/console/outlets/{id}/edit", data=form | {"set-url": "nonsense"})
    assert wrong.status_code == 422
    assert 'id="set-url-fault"' in wrong.text
    assert (await _settings(house, id))["url"] == "http://127.0.0.1:8/new"


async def test_an_outlet_is_not_moved_while_its_place_may_be_showing_an_alert(
    house: House, officer: httpx.AsyncClient
) -> None:
    """Unless whoever moves it says that nothing is up there any more."""
    id = await make_outlet(house, name="钟楼屏")
    code = await make_alert(house)
    path = f"/console/outlets/{id}/edit"
    assert code not in (await officer.get(path)).text, "nothing has gone there yet"
    await _sql(house, "UPDATE delivery SET tries = 1, refusals = 1, state = 'failed'")
    assert code not in (await officer.get(path)).text, "it was refused"
    await _sql(house, "UPDATE delivery SET tries = 2")
    told = (await officer.get(path)).text
    assert f'href="/console/alerts/{code}"' in told
    form = _form(csrf_of(told), **{"set-secret": "", "set-url": "http://127.0.0.1:8/new"})
    refused = await officer.post(path, data=form)
    assert refused.status_code == 422
    assert f"这里可能还在播出 {code}" in refused.text
    assert 'name="settled"' in refused.text
    assert f'name="up" value="{code}"' in refused.text
    assert (await _settings(house, id))["url"] != form["set-url"]
    assert (await officer.post(path, data=form | {"settled": "1", "up": code})).status_code == 303
    assert (await _settings(house, id))["url"] == form["set-url"]
    assert (await _sql(house, "SELECT detail -> 'settled' FROM audit WHERE act = 'outlet_edit'")) == [([code],)]
    await _sql(house, "UPDATE alert SET state = 'retracted', ended_at = now() - interval '8 days'")
    assert code not in (await officer.get(path)).text


async def test_a_new_secret_is_shown_once_and_the_old_one_signs_beside_it(
    house: House, officer: httpx.AsyncClient
) -> None:
    id = await make_outlet(house, settings={"url": "http://127.0.0.1:9/hook", "secret": SECRET})
    csrf = csrf_of((await officer.get(f"/console/outlets/{id}")).text)
    answer = await officer.post(f"/console/outlets/{id}/rotate", data={"csrf": csrf})
    shown = re.search(r'id="secret">(whsec_[^<]+)<', answer.text)
    assert shown
    assert answer.headers["cache-control"] == "no-store"
    said = await _settings(house, id)
    assert (said["secret"], said["previous_secret"]) == (shown[1], SECRET)
    assert shown[1] not in (await officer.get(f"/console/outlets/{id}")).text
    twice = await officer.post(f"/console/outlets/{id}/rotate", data={"csrf": csrf})
    assert twice.status_code == 409, "a second click would leave the far end with a key that nobody signs with"
    assert await _settings(house, id) == said
    [(detail,)] = await _sql(house, "SELECT detail::text FROM audit WHERE act = 'secret_rotate'")
    assert "whsec_" not in str(detail)


async def test_a_wire_without_such_a_secret_has_none_to_rotate(house: House) -> None:
    id = await make_outlet(house, carrier="feed")
    async with transaction(house.engine) as session:
        with pytest.raises(Conflict):
            await upkeep.rotate_secret(session, "operator:x", id, wire=house.wire, seal=house.seal)


async def test_pause_and_resume(house: House, officer: httpx.AsyncClient) -> None:
    id = await make_outlet(house)
    csrf = csrf_of((await officer.get(f"/console/outlets/{id}")).text)
    for act, result, paused in (("pause", "paused", True), ("pause", "nothing", True), ("resume", "resumed", False)):
        answer = await officer.post(f"/console/outlets/{id}/{act}", data={"csrf": csrf})
        assert answer.headers["location"].endswith(f"result={result}")
        assert await _sql(house, "SELECT paused FROM outlet") == [(paused,)]
    assert await _acts(house) == ["outlet_pause", "outlet_resume"]


class _Trier:
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []

    async def try_out(self, outlet_id: int, by: str) -> Trial:
        self.asked.append((outlet_id, by))
        return Trial("accepted", "", "", 12.0, (Step("publish", "accepted", "", "", 200, "", 12.0),))


async def test_a_test_is_sent_only_by_the_pages_own_form(house: House) -> None:
    trier = _Trier()
    told = replace(house, trier=trier)
    id = await make_outlet(house)
    app = application(told, Live())
    async with browser(app) as someone:
        await let_in(house, someone)
        csrf = csrf_of((await someone.get(f"/console/outlets/{id}")).text)
        for wrong in ({}, {"csrf": "x"}):
            assert (await someone.post(f"/console/outlets/{id}/test", data=wrong)).status_code == 403
        assert trier.asked == []
        assert (await someone.post(f"/console/outlets/{id}/test", data={"csrf": csrf})).status_code == 303
    assert trier.asked == [(id, "operator:韩晓东")]


@pytest.mark.parametrize("act", ["test", "pause", "resume", "rotate", "edit"])
async def test_a_viewer_may_look_and_do_nothing(house: House, officer: httpx.AsyncClient, act: str) -> None:
    id = await make_outlet(house)
    csrf = csrf_of((await officer.get(f"/console/outlets/{id}")).text)
    await _sql(house, "UPDATE account SET role = 'viewer'")
    assert (await officer.get(f"/console/outlets/{id}")).status_code == 200
    answer = await officer.post(f"/console/outlets/{id}/{act}", data=_form(csrf))
    assert answer.status_code == 403
    assert "观察员" in answer.text
    assert await _acts(house) == []


@pytest.mark.parametrize("path", ["new", "{id}/edit"])
async def test_only_an_administrator_enrols_and_edits(house: House, officer: httpx.AsyncClient, path: str) -> None:
    id = await make_outlet(house)
    csrf = csrf_of((await officer.get(f"/console/outlets/{id}")).text)
    await _sql(house, "UPDATE account SET role = 'officer'")
    path = path.format(id=id)
    assert (await officer.get(f"/console/outlets/{path}")).status_code == 403
    partner = str(await make_partner(house))
    assert (await officer.post(f"/console/outlets/{path}", data=_form(csrf, partner=partner))).status_code == 403
    assert await _acts(house) == []


@pytest.mark.parametrize("id", ["0", "999", "x", "-1", "9" * 30, "1e3"])
async def test_what_is_not_there_is_said(house: House, officer: httpx.AsyncClient, id: str) -> None:
    assert (await officer.get(f"/console/outlets/{id}")).status_code == 404
