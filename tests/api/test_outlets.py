"""A partner's outlets: how they are, tried out, their secrets changed; and enrolment over HTTP."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from app.dispatch.trial import Trials
from app.dispatch.wire import HttpWire
from app.domain.calling import read_networks
from app.flows.house import House
from tests.api.stage import Stage, client_of, set_stage
from tests.dispatch.far import rows
from tests.dispatch.loopback import read_json, serving
from tests.faults.processes import free_port
from tests.making import make_outlet, make_partner, press_of

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture
async def stage(house: House) -> AsyncIterator[Stage]:
    """One that can call outlets on this machine."""
    wire = HttpWire(allowed=read_networks("127.0.0.1"))
    able = replace(house, trier=Trials(house.engine, house.seal, press_of(house), wire))
    async with client_of(able) as client:
        yield await set_stage(able, client)
    await wire.close()


class Receiver:
    """Answers 200 with these words."""

    def __init__(self, words: bytes = b'{"reference": "po-1"}') -> None:
        self.kinds: list[str] = []
        self._words = words

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await read_json(reader)
        self.kinds.append(said["data"]["kind"])
        head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(self._words)
        writer.write(head + self._words)


async def test_how_they_are(stage: Stage) -> None:
    ids = [await make_outlet(stage.house, name=f"屏{n}") for n in range(3)]
    await make_outlet(stage.house, partner="另一协作单位", name="别家的")
    await rows(
        stage.house,
        "UPDATE outlet SET failures = 2, failing_since = now(), trouble = 'timeout' WHERE id = :id",
        id=ids[1],
    )
    await rows(
        stage.house, "UPDATE outlet SET failures = 9, failing_since = now(), trouble = 'gone', quarantined_at = now(), "
        "probe_at = now() WHERE id = :id", id=ids[2],
    )  # fmt: skip
    first = (await stage.get("/v1/outlets", "partner", limit=2)).json()
    second = (await stage.get("/v1/outlets", "partner", limit=2, after=first["next"])).json()
    found = [*first["outlets"], *second["outlets"]]
    assert [o["name"] for o in found] == ["屏0", "屏1", "屏2"]
    assert [(o["health"]["state"], o["health"]["reason"]) for o in found] == [
        ("well", None), ("failing", "timeout"), ("quarantined", "gone")
    ]  # fmt: skip
    assert second["next"] is None
    assert found[0]["settings"]["url"] == "http://127.0.0.1:9/hook"
    assert KEY.removeprefix("whsec_") not in str(found)
    assert len((await stage.get("/v1/outlets", "operator")).json()["outlets"]) == 4
    assert (await stage.get("/v1/outlets", "police")).status_code == 403


async def test_a_check_tells_what_was_answered_and_is_kept(stage: Stage) -> None:
    receiver = Receiver()
    async with serving(receiver) as url:
        id = await make_outlet(stage.house, settings={"url": url, "secret": KEY})
        answer = await stage.post(f"/v1/outlets/{id}/check", None, "partner-test")
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert (said["outcome"], [s["kind"] for s in said["steps"]]) == ("accepted", ["publish", "retract"])
        assert [s["status"] for s in said["steps"]] == [200, 200]
        assert said["steps"][0]["answer"] == '{"reference": "po-1"}'
        assert 0 < said["steps"][0]["milliseconds"] < said["milliseconds"]
        assert receiver.kinds == ["publish", "retract"]
        too_soon = await stage.post(f"/v1/outlets/{id}/check", None, "partner")
        assert too_soon.status_code == 409
    (kept,) = (await stage.get(f"/v1/outlets/{id}/checks", "partner")).json()["checks"]
    assert {k: kept[k] for k in said} == said
    assert kept["by"].startswith("key:")


async def test_nobody_checks_anothers_or_what_does_not_exist(stage: Stage) -> None:
    id = await make_outlet(stage.house)
    for who, which in (("rival", id), ("partner", 10**6), ("partner", "x"), ("partner", 0), ("partner", "9" * 40)):
        for path in ("check", "rotate", "replay"):
            body = {"since": datetime.now(UTC).isoformat()} if path == "replay" else {}
            assert (await stage.post(f"/v1/outlets/{which}/{path}", body, who)).status_code == 404
        assert (await stage.get(f"/v1/outlets/{which}/checks", who)).status_code == 404
    strict = await make_outlet(stage.house, takes_tests=False)
    refused = await stage.post(f"/v1/outlets/{strict}/check", None, "partner")
    assert refused.status_code == 409
    assert "takes_tests" in refused.json()["detail"]


async def signatures(stage: Stage, id: int) -> tuple[bytes, dict[str, str]]:
    """What the outlet is sent now."""
    heard: list[tuple[bytes, dict[str, str]]] = []

    class Listening(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport, self.got = transport, b""

        def data_received(self, data: bytes) -> None:
            self.got += data
            head, _, body = self.got.partition(b"\r\n\r\n")
            headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])}
            if len(body) == int(headers["content-length"]):
                heard.append((body, headers))
                self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                self.transport.close()

    loop = asyncio.get_running_loop()
    port = int(
        (await stage.rows("SELECT settings_shown->>'url' FROM outlet WHERE id = :i", i=id))[0][0].rpartition(":")[2]
    )
    server = await loop.create_server(Listening, "127.0.0.1", port)
    await rows(stage.house, "UPDATE trial SET at = at - interval '1 minute'")
    answer = await stage.post(f"/v1/outlets/{id}/check", None, "partner")
    server.close()
    assert answer.json()["outcome"] == "accepted", answer.text
    return heard[0]


def fits(secret: str, sent: tuple[bytes, dict[str, str]]) -> bool:
    try:
        Verifier(secret).verify(*sent)
    except WebhookVerificationError:
        return False
    return True


async def test_a_new_secret_and_the_old_one_beside_it(stage: Stage) -> None:
    id = await make_outlet(stage.house, settings={"url": f"http://127.0.0.1:{free_port()}", "secret": KEY})
    answer = await stage.post(f"/v1/outlets/{id}/rotate", {"hours": 2}, "partner")
    assert answer.status_code == 200, answer.text
    new = answer.json()["secret"]
    until = datetime.fromisoformat(answer.json()["previous_until"])
    assert timedelta(minutes=119) < until - datetime.now(UTC) < timedelta(minutes=121)
    sent = await signatures(stage, id)
    assert (fits(new, sent), fits(KEY, sent)) == (True, True)
    again = await stage.post(f"/v1/outlets/{id}/rotate", {}, "partner")
    assert again.status_code == 409, "somebody may still use the one before"
    known = await stage.post(f"/v1/outlets/{id}/rotate", {"hours": 0}, "operator")
    assert known.json()["previous_until"] is None
    sent = await signatures(stage, id)
    assert [fits(secret, sent) for secret in (known.json()["secret"], new, KEY)] == [True, False, False]
    assert new.removeprefix("whsec_").encode() not in await stage.stored()


async def test_who_may_change_a_secret_and_where_there_is_none(stage: Stage) -> None:
    id = await make_outlet(stage.house)
    assert (await stage.post(f"/v1/outlets/{id}/rotate", {}, "partner-test")).status_code == 403
    for body in ({"hours": -1}, {"hours": 721}, {"hours": "2"}, {"days": 1}):
        assert (await stage.post(f"/v1/outlets/{id}/rotate", body, "partner")).status_code == 422
    polls = await make_outlet(stage.house, carrier="feed", channel="partner")
    alone = await make_outlet(stage.house, settings={"url": "http://127.0.0.1:9/", "signatures": "v1a"})
    for other in (polls, alone):
        assert (await stage.post(f"/v1/outlets/{other}/rotate", {}, "partner")).status_code == 409
    assert (await stage.post(f"/v1/outlets/{id}/rotate", {}, "partner")).json()["previous_until"]


def roster(url: str, **changes: Any) -> dict[str, Any]:
    outlet = {
        "name": "新屏", "channel": "screen", "carrier": "webhook", "settings": {"url": url, "secret": KEY},
        "codes": ["610113"], "takes_tests": True,
    } | changes  # fmt: skip
    return {"partners": [{"name": "新单位", "phone": "029-1", "at_once": 7, "outlets": [outlet]}]}


async def test_enrolled_over_http_and_tried_at_once(stage: Stage) -> None:
    receiver = Receiver(b"OK")
    async with serving(receiver) as url:
        answer = await stage.post("/v1/outlets", roster(url), "admin")
    assert answer.status_code == 201, answer.text
    (made,) = answer.json()["outlets"]
    assert (made["name"], made["partner"], made["check"]["outcome"]) == ("新屏", "新单位", "accepted")
    assert made["check"]["steps"][0]["answer"] == "OK"
    assert await stage.rows("SELECT at_once FROM partner WHERE name = '新单位'") == [(7,)]
    silent = (await stage.post("/v1/outlets", roster("http://127.0.0.1:9/", takes_tests=False), "operator")).json()
    assert silent["outlets"][0]["check"] is None


async def test_an_enrolment_that_is_wrong_enrols_nothing(stage: Stage) -> None:
    before = await stage.footprint()
    for who in ("partner", "police"):
        assert (await stage.post("/v1/outlets", roster("http://x.example/"), who)).status_code == 403
    bad = roster("ftp://x", codes=["999999"], name="")
    refused = await stage.post("/v1/outlets", bad, "admin")
    assert refused.status_code == 422
    pointers = {e["pointer"] for e in refused.json()["errors"]}
    assert "/partners/0/outlets/0/name" in pointers
    later = await stage.post("/v1/outlets", roster("ftp://x", codes=["999999"]), "admin")
    assert {e["pointer"] for e in later.json()["errors"]} == {
        "/partners/0/outlets/0/codes/0", "/partners/0/outlets/0/settings/url"
    }  # fmt: skip
    shapeless: list[Any] = [[], {}, {"partners": []}, "x"]
    for body in shapeless:
        assert (await stage.post("/v1/outlets", body, "admin")).status_code == 422
    assert await stage.footprint() == before


async def test_one_that_hangs_is_told_of_and_is_enrolled(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.carriers.webhook.Webhook.timeout", timedelta(seconds=0.2))
    answer = await stage.post("/v1/outlets", roster("http://127.0.0.1:9/"), "admin")
    (made,) = answer.json()["outlets"]
    assert (made["check"]["outcome"], made["check"]["reason"]) == ("retry", "unreachable")
    assert await make_partner(stage.house, "新单位")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "大屏\x00"}, "/partners/0/outlets/0/name"),
        ({"name": "大屏\n二号"}, "/partners/0/outlets/0/name"),
        (
            {"settings": {"url": "http://far.test/", "secret": KEY, "previous_secret": "\x00"}},
            "/partners/0/outlets/0/settings",
        ),
    ],
)
async def test_a_text_that_no_database_takes_is_named(stage: Stage, change: dict[str, Any], pointer: str) -> None:
    outlet = {"name": "大屏", "channel": "screen", "carrier": "feed", "codes": ["610113"]} | change
    answer = await stage.post("/v1/outlets", {"partners": [{"name": "城墙传媒", "outlets": [outlet]}]}, "operator")
    assert answer.status_code == 422, answer.text
    assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]


async def test_nor_one_in_the_name_of_a_partner(stage: Stage) -> None:
    outlet = {"name": "大屏", "channel": "screen", "carrier": "feed", "codes": ["610113"]}
    answer = await stage.post("/v1/outlets", {"partners": [{"name": "城墙\x00", "outlets": [outlet]}]}, "operator")
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/partners/0/name"]
