"""CAP Ack and Error messages, made with an independent reading of the standard."""

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

import httpx
import pytest

from tests.api.records import items, retract
from tests.api.stage import Stage
from tests.api.test_receipts import delivered, kept_for, state_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime.now(UTC).replace(microsecond=0)
NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"


def cap(*references: str, kind: str = "Ack", sent: datetime | str = NOW, root: str = NAMESPACE, **more: str) -> str:
    """An answer to messages of ours, as a player writes it; ``more`` in the order of the schema."""
    at = sent if isinstance(sent, str) else sent.strftime("%Y-%m-%dT%H:%M:%S-00:00")
    head = {
        "identifier": "player-1",
        "sender": "player@station.example",
        "sent": at,
        "status": "Actual",
        "msgType": kind,
    }
    tail = {"scope": "Private"} | more | {"references": " ".join(references)}
    body = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in (head | tail).items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="{root}">{body}</alert>'


def reference(code: str, number: int = 1) -> str:
    return f"huijia@localhost,{code}.{number},2026-11-23T15:04:05+08:00"


async def post(stage: Stage, body: str | bytes, who: str, mime: str = "application/cap+xml") -> httpx.Response:
    raw = body.encode() if isinstance(body, str) else body
    headers = stage.bearer(who) | {"content-type": mime}
    return await stage.client.post("/v1/receipts", content=raw, headers=headers)


async def results(stage: Stage, body: str, who: str) -> list[dict[str, Any]]:
    answer = await post(stage, body, who)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


@pytest.mark.parametrize("mime", ["application/cap+xml", "application/xml; charset=utf-8", "text/xml"])
async def test_an_ack_is_received_for_every_outlet(shared: Stage, mime: str) -> None:
    who, code, deliveries = await delivered(shared, outlets=2)
    answer = await post(shared, cap(reference(code)), who, mime)
    assert [(r["delivery"], r["kind"], r["outcome"]) for r in answer.json()["results"]] == [
        (d, "received", "recorded") for d in sorted(deliveries, key=lambda d: int(d[4:]))
    ]
    assert datetime.fromisoformat(answer.json()["results"][0]["at"]) == NOW
    again = await results(shared, cap(reference(code)), who)
    assert [r["outcome"] for r in again] == ["duplicate", "duplicate"]
    assert [await state_of(shared, d) for d in deliveries] == ["confirmed"] * 2


async def test_a_code_says_that_it_aired_and_that_it_is_down(shared: Stage) -> None:
    who, code, (delivery,) = await delivered(shared)
    aired = await results(shared, cap(reference(code), code="huijia:aired", note="一套 15:04"), who)
    assert (aired[0]["kind"], aired[0]["outcome"]) == ("aired", "recorded")
    assert await kept_for(shared, delivery) == [("aired", "一套 15:04")]
    await retract(shared, code)
    (end,) = [i for i in await items(shared, who) if i["payload"]["data"]["alert"] == code]
    down = await results(shared, cap(reference(code, 2), code="huijia:taken_down"), who)
    assert (down[0]["delivery"], down[0]["kind"]) == (end["delivery"], "taken_down")
    assert await state_of(shared, end["delivery"]) == "confirmed"


async def test_an_error_is_a_refusal_with_its_reason(shared: Stage) -> None:
    who, code, (delivery,) = await delivered(shared)
    (refused,) = await results(shared, cap(reference(code), kind="Error", note="213: area not ours"), who)
    assert (refused["kind"], refused["outcome"]) == ("rejected", "recorded")
    assert await state_of(shared, delivery) == "failed"
    assert await kept_for(shared, delivery) == [("rejected", "213: area not ours")]


async def test_for_one_outlet_only(shared: Stage) -> None:
    who, code, _ = await delivered(shared, outlets=3)
    given = [i for i in await items(shared, who, cursor="0") if i["payload"]["data"]["alert"] == code]
    one = given[1]
    (result,) = await results(shared, cap(reference(code), addresses=one["outlet"]), who)
    assert result["delivery"] == one["delivery"]


async def test_several_references_one_of_which_is_nobodys(shared: Stage) -> None:
    who, code, (delivery,) = await delivered(shared)
    found = await results(shared, cap(reference(code), reference("HJ-2026-999999", 3), reference(code)), who)
    assert [(r["delivery"], r["outcome"]) for r in found] == [
        (delivery, "recorded"), ("HJ-2026-999999.3", "unmatched")
    ]  # fmt: skip
    assert found[1]["errors"][0]["pointer"] == "/alert/references"


async def test_nobody_answers_for_another(shared: Stage) -> None:
    who, code, (delivery,) = await delivered(shared)
    for other in ("rival", f"{who}-test"):
        (result,) = await results(shared, cap(reference(code), code="huijia:aired"), other)
        assert result["outcome"] == "unmatched"
    assert await state_of(shared, delivery) == "accepted"
    assert (await post(shared, cap(reference(code)), "police")).status_code == 403


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        (cap(reference("HJ-2026-000001"), kind="Alert"), ["/alert/msgType"]),
        (cap(reference("HJ-2026-000001"), kind=""), ["/alert/msgType"]),
        (cap(), ["/alert/references"]),
        (cap(*[reference("HJ-2026-000001")] * 101), ["/alert/references"]),
        (cap("player,1"), ["/alert/references"]),
        (cap("a,HJ-2026-000001,b"), ["/alert/references"]),
        (cap(reference("HJ-2026-000001"), sent="2026-11-23T15:04:05Z"), ["/alert/sent"]),
        (cap(reference("HJ-2026-000001"), sent="2026-13-23T15:04:05+08:00"), ["/alert/sent"]),
        (cap(reference("HJ-2026-000001"), addresses="7 tower"), ["/alert/addresses"]),
        (cap("x", kind="Update", sent="now"), ["/alert/msgType", "/alert/sent", "/alert/references"]),
    ],
)
async def test_everything_that_is_wrong_is_told(shared: Stage, body: str, faults: list[str]) -> None:
    answer = await post(shared, body, "partner")
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == faults
    assert all(e["remedy"] and e["detail_en"] for e in answer.json()["errors"])


BOMB = '<!DOCTYPE a [<!ENTITY b "&c;&c;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"<alert>", b"\xff\xfe<", b"<a\x00/>", f"<alert xmlns='{NAMESPACE}'>&nbsp;</alert>".encode(),
        cap(reference("HJ-2026-000001")).encode("utf-16"),
        cap(reference("HJ-2026-000001")).replace("<alert", BOMB + "<alert").encode(),
        cap(reference("HJ-2026-000001"), root="urn:oasis:names:tc:emergency:cap:1.1").encode(),
        f'<?xml version="1.0" encoding="nonsense"?><alert xmlns="{NAMESPACE}"/>'.encode(),
        f"<info xmlns='{NAMESPACE}'/>".encode(),
    ],
)  # fmt: skip
async def test_what_is_no_cap_message(shared: Stage, body: bytes) -> None:
    answer = await post(shared, body, "partner")
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:huijia:problem:xml"


async def test_one_that_is_too_large(shared: Stage) -> None:
    answer = await post(shared, cap(reference("HJ-2026-000001"), note="x" * 70_000), "partner")
    assert answer.status_code == 413


async def test_a_player_whose_clock_is_wrong(shared: Stage) -> None:
    who, code, (delivery,) = await delivered(shared)
    (result,) = await results(shared, cap(reference(code), sent=datetime(1999, 1, 1, tzinfo=UTC)), who)
    assert datetime.fromisoformat(result["at"]) - datetime.now(UTC) < timedelta(seconds=30)
    ((_, note),) = await kept_for(shared, delivery)
    assert "1999" in note
