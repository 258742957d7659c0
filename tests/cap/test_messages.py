"""CAP messages as independent readers take them: the schema of OASIS, capparser, feedparser, and a player."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime

import capparser  # type: ignore[import-untyped]  # has no types
import feedparser  # type: ignore[import-untyped]  # has no types
import pytest
from lxml import etree

from app.flows.notary import Notary
from tests.api.records import fresh, issue, new_partner, retract
from tests.api.stage import Stage, client_of
from tests.cap.chains import SCHEMA, SECRET, certificate, chain, read, text
from tests.cap.player import CAP, Forged, Player, canonical, verified
from tests.making import photo_bytes

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


@pytest.mark.parametrize("status", ["actual", "exercise", "test"])
async def test_the_schema_and_the_chain(shared: Stage, status: str) -> None:
    who = await new_partner(shared)
    code, told = await chain(shared, who, status=status)
    for document in told:
        SCHEMA.assertValid(etree.fromstring(document))
    assert code.startswith({"actual": "HJ", "exercise": "YL", "test": "CS"}[status])
    assert [text(d, "c:identifier") for d in told] == [[f"{code}.{n}"] for n in (1, 2, 3)]
    assert [text(d, "c:msgType") for d in told] == [["Alert"], ["Update"], ["Cancel"]]
    assert {text(d, "c:status")[0] for d in told} == {status.capitalize()}
    assert [bool(text(d, "c:note")) for d in told] == [status != "actual"] * 3
    triples = [",".join((*text(d, "c:sender"), *text(d, "c:identifier"), *text(d, "c:sent"))) for d in told]
    assert [text(d, "c:references") for d in told] == [[], [triples[0]], [f"{triples[0]} {triples[1]}"]]
    for document in told:
        assert [e.text for e in etree.fromstring(document).iterfind("c:info/c:language", CAP)] == ["zh-CN", "en-US"]
        for when in ("c:sent", "c:info/c:effective", "c:info/c:expires"):
            assert all(TIME.fullmatch(at) for at in text(document, when))
        (sent,) = text(document, "c:sent")
        assert text(document, "c:info/c:effective") == [sent, sent]
        assert all(at > sent for at in text(document, "c:info/c:expires"))
        if status != "actual":
            assert all(h.startswith(("【", "[")) for h in text(document, "c:info/c:headline"))


async def test_what_a_station_decides_by(shared: Stage) -> None:
    who = await new_partner(shared)
    _, told = await chain(shared, who)
    by = ("responseType", "urgency", "severity", "certainty")
    said = [[text(d, f"c:info/c:{name}")[0] for name in by] for d in told]
    assert said[0] == said[1] == ["Monitor", "Immediate", "Severe", "Observed"]
    assert said[2] == ["AllClear", "Past", "Unknown", "Unknown"]
    for document in told[:2]:
        county, reach = etree.fromstring(document).findall("c:info[1]/c:area", CAP)
        assert county.findtext("c:areaDesc", "", CAP) == "陕西省西安市雁塔区"
        assert [g.text for g in county.iterfind("c:geocode/c:value", CAP)] == ["610113"]
        assert {g.text for g in reach.iterfind("c:geocode/c:valueName", CAP)} == {"GB/T 2260"}
        centre, radius = (reach.findtext("c:circle", "", CAP) or "").split()
        lat, lon = map(float, centre.split(","))
        assert (33 < lat < 35, 108 < lon < 110, radius) == (True, True, "500")
        cities = {g.text for g in reach.iterfind("c:geocode/c:value", CAP)}
        assert {"610100", "610400", "620100"} <= cities
        assert len(max(text(document, "c:info/c:headline"), key=len)) <= 160
    (over,) = etree.fromstring(told[2]).findall("c:info[1]/c:area", CAP)
    assert over.find("c:circle", CAP) is None
    assert {g.text for g in over.iterfind("c:geocode/c:value", CAP)} == cities, "it concerns all whom it had concerned"


async def test_the_photo_is_a_resource(shared: Stage) -> None:
    who = await new_partner(shared)
    body = fresh()
    code = (await shared.post_parts("/v1/alerts", body, photo_bytes())).json()["id"]
    document = await read(shared, who, code, 1)
    for resource in etree.fromstring(document).iterfind("c:info/c:resource", CAP):
        facts = {child.tag.rpartition("}")[2]: child.text or "" for child in resource}
        picture = await shared.client.get(facts["uri"].removeprefix(shared.house.base_url))
        assert picture.status_code == 200
        assert picture.headers["content-type"] == facts["mimeType"] == "image/jpeg"
        assert len(picture.content) == int(facts["size"])
        assert hashlib.sha1(picture.content).hexdigest() == facts["digest"]
    await retract(shared, code)
    gone = await shared.client.get(facts["uri"].removeprefix(shared.house.base_url))
    assert gone.status_code == 410
    assert text(await read(shared, who, code, 2), "c:info/c:resource") == []


async def test_a_cancel_tells_nothing_of_the_child(shared: Stage) -> None:
    who = await new_partner(shared)
    _, told = await chain(shared, who)
    facts = (SECRET, "左眉有痣", "红色短袖", "小寨地铁站B口", "灰色夹克", "雁塔区小寨", "found", "male", "118")
    assert all(fact in told[0].decode() for fact in facts[:5])
    said, *_ = told[2].decode().partition("<ds:Signature")  # whose Base64 may hold any digits
    for fact in facts:
        assert fact not in said, fact
    assert "欧阳某" in said


async def test_the_same_message_is_the_same_bytes(shared: Stage) -> None:
    """``sent`` is frozen, and so is everything else, whoever asks and after how long."""
    who, other = await new_partner(shared), await new_partner(shared)
    code = await issue(shared)
    first = await read(shared, who, code, 1)
    await shared.change("UPDATE alert SET reach_km = 500 WHERE code = :c", c=code)
    assert await read(shared, other, code, 1) == first
    elsewhere = replace(shared.house, notary=Notary(), cap_sender="huijia@elsewhere.example")
    async with client_of(elsewhere) as client:  # another process, started anew, with other keys
        again = await client.get(f"/v1/alerts/{code}/cap/1.xml", headers=shared.bearer(who))
    assert again.content == first
    sent = {"if-none-match": (await shared.get(f"/v1/alerts/{code}/cap/1.xml", who)).headers["etag"]} | shared.bearer(
        who
    )
    assert (await shared.client.get(f"/v1/alerts/{code}/cap/1.xml", headers=sent)).status_code == 304


async def test_older_messages_are_gone_and_say_where_to_look(shared: Stage) -> None:
    who, stranger = await new_partner(shared), await new_partner(shared)
    body = fresh()
    code = (await shared.post("/v1/alerts", body)).json()["id"]
    await read(shared, who, code, 1)
    await shared.post(f"/v1/alerts/{code}/update", body)
    replaced = await shared.get(f"/v1/alerts/{code}/cap/1.xml", who)
    assert (replaced.status_code, replaced.json()["type"]) == (410, "urn:huijia:problem:replaced")
    assert f"/v1/alerts/{code}/cap/2.xml" in replaced.json()["remedy"]
    await read(shared, who, code, 2)
    assert (await shared.get(f"/v1/alerts/{code}/cap/3.xml", who)).status_code == 404
    await retract(shared, code)
    for number in (1, 2):
        ended = await shared.get(f"/v1/alerts/{code}/cap/{number}.xml", who)
        assert (ended.status_code, ended.json()["type"]) == (410, "urn:huijia:problem:search-ended")
        assert SECRET not in ended.text
    await read(shared, who, code, 3)
    assert (await shared.get(f"/v1/alerts/{code}/cap/3.xml", stranger)).status_code == 410, "it was never told of it"
    far = await shared.get("/v1/alerts/HJ-2026-999999/cap/1.xml", who)
    assert far.status_code == 404


async def test_only_partners_by_key_and_nothing_actual_for_a_test_key(shared: Stage) -> None:
    who = await new_partner(shared)
    code = await issue(shared)
    path = f"/v1/alerts/{code}/cap/1.xml"
    assert (await shared.client.get(path)).status_code == 401
    assert (await shared.get(path, "police")).status_code == 403
    assert (await shared.get(path, f"{who}-test")).status_code == 404
    assert code not in (await shared.get("/v1/feed.atom", f"{who}-test")).text
    assert await states(shared, who, code) == ["pending"]
    assert (await shared.get(path, who)).status_code == 200


async def states(shared: Stage, who: str, code: str) -> list[str]:
    found = await shared.rows(
        "SELECT d.state FROM delivery d JOIN outlet o ON o.id = d.outlet_id JOIN partner p ON p.id = o.partner_id "
        "JOIN alert a ON a.id = d.alert_id WHERE p.name = :p AND a.code = :c ORDER BY d.id",
        p=who, c=code,
    )  # fmt: skip
    return [state for (state,) in found]


async def test_reading_a_message_counts_as_fetching(shared: Stage) -> None:
    one, other = await new_partner(shared), await new_partner(shared)
    code = await issue(shared)
    await read(shared, one, code, 1)
    assert (await states(shared, one, code), await states(shared, other, code)) == (["accepted"], ["pending"])
    await shared.get("/v1/feed.atom", other)
    assert await states(shared, other, code) == ["accepted"]
    await retract(shared, code)
    await read(shared, one, code, 2)
    assert await states(shared, one, code) == ["accepted", "accepted"]


async def test_capparser_agrees(shared: Stage) -> None:
    who = await new_partner(shared)
    code, told = await chain(shared, who)
    pem = await certificate(shared)
    for number, document in enumerate(told, 1):
        # It knows no signatures: a station verifies first, and hands on what is left.
        alert = capparser.parse(stringXML=etree.tostring(verified(document, pem), encoding="unicode"))
        assert alert.identifier[0] == f"{code}.{number}"
        assert (alert.status[0], alert.scope[0]) == ("Actual", "Public")
        assert alert.msgType[0] == ("Alert", "Update", "Cancel")[number - 1]
        assert len(alert.info[0]) == 2
        zh, en = alert.info[0]
        assert (zh.language[0], en.language[0]) == ("zh-CN", "en-US")
        assert (zh.headline[0], en.headline[0]) == tuple(text(document, "c:info/c:headline"))
        assert len(zh.area[0]) == (1 if number == 3 else 2)


async def test_feedparser_agrees(shared: Stage) -> None:
    who = await new_partner(shared)
    live = await issue(shared)
    ended, _ = await chain(shared, who)
    drill = await issue(shared, "police-test", status="exercise")
    answer = await shared.get("/v1/feed.atom", who)
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    found = feedparser.parse(answer.content)
    assert not found.bozo, found.get("bozo_exception")
    assert found.version == "atom10"
    wanted = [(drill, 1, "Exercise", "Alert"), (ended, 3, "Actual", "Cancel"), (live, 1, "Actual", "Alert")]
    said = [(e.cap_identifier, e.cap_status, e.cap_msgtype) for e in found.entries]
    assert said == [(f"{code}.{n}", status, kind) for code, n, status, kind in wanted]
    for entry, (code, number, _, _) in zip(found.entries, wanted, strict=True):
        (link,) = entry.links
        assert (link.type, link.rel) == ("application/cap+xml", "alternate")
        path = link.href.removeprefix(shared.house.base_url)
        assert path == f"/v1/alerts/{code}/cap/{number}.xml"
        document = (await shared.get(path, who)).content
        assert text(document, "c:sent")[0] == entry.updated
        assert text(document, "c:info[1]/c:headline") == [entry.title]
        assert text(document, "c:info[1]/c:description") == [entry.summary]
    assert SECRET not in answer.text
    sent = shared.bearer(who) | {"if-none-match": answer.headers["etag"]}
    assert (await shared.client.get("/v1/feed.atom", headers=sent)).status_code == 304


async def test_an_empty_feed_is_an_atom_feed(shared: Stage) -> None:
    found = feedparser.parse((await shared.get("/v1/feed.atom", "rival")).content)
    assert (found.bozo, found.version, found.entries) == (False, "atom10", [])


async def test_a_player_shows_and_takes_down(shared: Stage) -> None:
    who = await new_partner(shared)
    code, told = await chain(shared, who)
    _, drill = await chain(shared, who, status="exercise")
    player = Player(await certificate(shared), datetime.now(UTC))
    shown = []
    for document in (*told, *told, *drill):
        player.take(document)
        shown.append([identifier for _, identifier in player.showing])
    assert shown == [[f"{code}.1"], [f"{code}.2"], [], [], [], [], [], [], []]
    late = Player(await certificate(shared), datetime.now(UTC))
    for document in reversed(told):
        late.take(document)
        assert late.showing == {}, "what was ended before it came never shows"


async def test_a_player_believes_nothing_that_was_changed(shared: Stage) -> None:
    who = await new_partner(shared)
    _, (document, *_) = await chain(shared, who)
    pem = await certificate(shared)
    assert verified(document, pem) is not None
    for old, new in ((b"Actual", b"Exercise"), (b"Immediate", b"Past"), (SECRET.encode(), "别的".encode())):
        with pytest.raises(Forged, match="changed"):
            verified(document.replace(old, new), pem)
    unsigned = etree.fromstring(document)
    unsigned.remove(unsigned[-1])
    with pytest.raises(Forged):
        verified(etree.tostring(unsigned), pem)


async def test_canonical_is_what_the_standard_says() -> None:
    """The player's own reading of Exclusive Canonicalisation: attributes in order, no empty-element tags."""
    assert canonical(etree.fromstring(b'<a  z="1"   b="2"><c/></a>')) == b'<a b="2" z="1"><c></c></a>'
