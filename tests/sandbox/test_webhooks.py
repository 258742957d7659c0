"""The stations' webhook: who is believed, what is dropped, what is answered."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.stage import ALERT, encoded, payload, signed, stage, until


async def test_a_signed_notice_is_shown_and_its_receipts_follow(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        reply = await at.send("tv-1", payload(), "dlv_9")
        assert (reply.status_code, reply.json()) == (200, {"ok": True})
        assert await at.showing("tv-1") == [(ALERT, 1)]
        assert (await at.now("tv-1"))["showing"][0]["texts"]["crawl"].startswith("紧急寻人")
        assert await at.showing("radio-1") == []
        await until(lambda: at.huijia.receipts == [("dlv_9", "received"), ("dlv_9", "aired")])
        assert at.huijia.batches[0][0]["at"].endswith("+08:00")


Forgery = Callable[[dict[str, str], bytes], tuple[dict[str, str], bytes]]

FORGERIES: dict[str, Forgery] = {
    "another secret": lambda head, body: (signed("whsec_" + "QUJD" * 8, body, "dlv_1"), body),
    "another body": lambda head, body: (head, body.replace("李小明".encode(), "王小明".encode())),
    "another id": lambda head, body: (head | {"webhook-id": "dlv_2"}, body),
    "no headers": lambda head, body: ({}, body),
    "no signature": lambda head, body: ({k: v for k, v in head.items() if k != "webhook-signature"}, body),
    "a signature without a version": lambda head, body: (head | {"webhook-signature": "AAAA"}, body),
    "a signature that is not base64": lambda head, body: (head | {"webhook-signature": "v1,***"}, body),
    "a version that is not ours": lambda head, body: (
        head | {"webhook-signature": head["webhook-signature"].replace("v1,", "v2,")},
        body,
    ),
    "a time that is no time": lambda head, body: (head | {"webhook-timestamp": "soon"}, body),
    "a body that is not text": lambda head, body: (head, b"\xff\xfe" + body),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_bad_signature_is_refused_and_shows_nothing(tmp_path: Path, forgery: str) -> None:
    async with stage(tmp_path) as at:
        body = encoded(payload())
        headers, content = FORGERIES[forgery](signed(at.secret("tv-1"), body, "dlv_1"), body)
        reply = await at.client.post("/station/tv-1", content=content, headers=headers)
        assert reply.status_code == 401
        assert await at.verdicts() == ["bad_signature"]
        assert await at.showing("tv-1") == []


@pytest.mark.parametrize(("age", "status"), [(0, 200), (240, 200), (-240, 200), (360, 401), (-360, 401)])
async def test_the_timestamp_may_be_five_minutes_off(tmp_path: Path, age: int, status: int) -> None:
    async with stage(tmp_path) as at:
        body = encoded(payload())
        headers = signed(at.secret("tv-1"), body, "dlv_1", at=time.time() - age)
        assert (await at.client.post("/station/tv-1", content=body, headers=headers)).status_code == status


async def test_one_of_several_signatures_is_enough_while_a_secret_is_rotated(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        body = encoded(payload())
        headers = signed(at.secret("tv-1"), body, "dlv_1")
        headers["webhook-signature"] = "v1a,AAAA v1,AAAA " + headers["webhook-signature"]
        assert (await at.client.post("/station/tv-1", content=body, headers=headers)).status_code == 200


def spoilt(**data: Any) -> Any:
    return payload() | {"data": payload()["data"] | data}


@pytest.mark.parametrize(
    "content",
    [
        "nothing",
        [],
        {"type": "alert.publish"},
        spoilt(number=0),
        spoilt(number=True),
        spoilt(number="1"),
        spoilt(alert=""),
        spoilt(kind="cancel"),
        spoilt(status="drill"),
        spoilt(expires_at="2026-11-24T15:04:05"),
        spoilt(expires_at="tomorrow"),
        spoilt(rendition={"texts": {"crawl": 1}}),
        spoilt(rendition={"texts": {"lines": ["a", None]}}),
        spoilt(rendition=None),
    ],
)
async def test_what_is_signed_but_no_payload_is_malformed(tmp_path: Path, content: Any) -> None:
    async with stage(tmp_path) as at:
        assert (await at.send("tv-1", content)).status_code == 400
        assert await at.verdicts() == ["malformed"]
        assert await at.showing("tv-1") == []


async def test_the_same_id_again_gets_the_same_answer_and_no_second_receipts(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        first = await at.send("radio-1", payload())
        again = await at.send("radio-1", payload())
        assert first.content == again.content
        assert await at.verdicts() == ["shown", "duplicate"]
        await until(lambda: len(at.huijia.receipts) == 1 and at.town.sender.waiting == 0)
        assert at.huijia.receipts == [("dlv_1", "aired")]


@pytest.mark.parametrize("slug", ["radio-1", "screen-2"])
async def test_a_prompt_station_states_received_in_its_answer_only(tmp_path: Path, slug: str) -> None:
    async with stage(tmp_path) as at:
        receipt = (await at.send(slug, payload())).json()["receipt"]
        assert receipt["kind"] == "received"
        assert receipt["at"].endswith("+08:00")
        await until(lambda: at.huijia.receipts == [("dlv_1", "aired")])


async def test_a_retraction_takes_down_and_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        await at.send("screen-1", payload(), "dlv_1")
        await at.send("screen-1", payload(2, "retract"), "dlv_2")
        assert await at.showing("screen-1") == []
        await until(lambda: len(at.huijia.receipts) == 4)
        assert sorted(at.huijia.receipts) == [
            ("dlv_1", "aired"),
            ("dlv_1", "received"),
            ("dlv_2", "received"),
            ("dlv_2", "taken_down"),
        ]


async def test_a_notice_overtaken_by_its_retraction_is_never_shown_nor_said_to_have_aired(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        await at.send("screen-1", payload(2, "retract"), "dlv_2")
        assert (await at.send("screen-1", payload(), "dlv_1")).status_code == 200
        assert await at.verdicts() == ["taken_down", "stale"]
        assert await at.showing("screen-1") == []
        await until(lambda: at.town.sender.waiting == 0)
        assert ("dlv_1", "aired") not in at.huijia.receipts
        assert ("dlv_2", "taken_down") in at.huijia.receipts


async def test_an_exercise_that_does_not_say_so_is_refused(tmp_path: Path) -> None:
    unmarked = payload(status="exercise", rendition={"texts": {"crawl": "紧急寻人"}})
    async with stage(tmp_path) as at:
        assert (await at.send("tv-1", unmarked)).status_code == 422
        assert await at.verdicts() == ["unmarked"]
        assert await at.showing("tv-1") == []


async def test_a_stranger_and_a_flood_are_turned_away(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        body = encoded(payload())
        for slug in ("nowhere", "app-1", "dingtalk-1"):  # the last two are there, but nobody calls them so
            assert (await at.client.post(f"/station/{slug}", content=body)).status_code == 404
        assert (await at.client.post("/station/tv-1", content=b"x" * 300_000)).status_code == 413


async def test_the_log_goes_on_counting_and_keeps_no_secret(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        await at.send("tv-1", payload(), "dlv_1")
        await at.send("screen-1", payload(), "dlv_2")
        seen = (await at.client.get("/log?after=1")).json()
        assert seen["last"] == 2
        only = seen["calls"]
        assert [(call["sequence"], call["slug"], call["webhook_id"]) for call in only] == [(2, "screen-1", "dlv_2")]
        assert [(call["alert"], call["number"], call["kind"], call["status"]) for call in only] == [
            (ALERT, 1, "publish", "actual")
        ]
        assert (await at.client.get("/log?after=last")).status_code == 422
        told = "".join([(await at.client.get(path)).text for path in ("/log", "/now", "/health")])
        robot = at.town.sites["dingtalk-1"].robot
        assert robot is not None
        assert robot.token not in told
        assert not any(site.secret in told for site in at.town.sites.values() if site.secret)
        assert not any(site.secret in repr(site) for site in at.town.sites.values() if site.secret)


async def test_reset_forgets_what_was_heard_but_not_the_count(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        await at.send("tv-1", payload(2, "retract"))
        await at.turn("all", "down")
        assert (await at.client.post("/reset")).json() == {"ok": True}
        assert await at.calls() == []
        await at.send("tv-1", payload())
        assert await at.showing("tv-1") == [(ALERT, 1)]
        assert [call["sequence"] for call in await at.calls()] == [2]
