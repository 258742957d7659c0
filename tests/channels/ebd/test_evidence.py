"""What a state proves, of which delivery: asked for, and reported."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.carriers.ebd.carrier import Ebd
from channels.contract import Accepted, Call, Echo, Heard, Reason, ReceiptKind, WireError
from channels.wording import BEIJING
from sandbox.ebd.answers import STATES
from sandbox.ebd.manners import Manner
from sandbox.ebd.packet import element, opened, written
from sandbox.ebd.platform import Tempo
from tests.channels.ebd.stage import THEIRS, Stage, settings, signed, stage
from tests.channels.ebd.test_packets import packet
from tests.channels.notices import NOW, PUBLISH, RETRACT, UPDATE

SLOWLY = Tempo(timedelta(seconds=10), timedelta(seconds=10), timedelta(seconds=60))
END = replace(RETRACT, number=2, ends=(1,))

# Seconds after the play, the state that the platform is in, what it proves: the table of the standard.
LIFE = [(0, 0, []), (10, 1, []), (20, 2, ["aired"]), (79, 2, ["aired"]), (80, 3, ["aired"])]


@pytest.mark.parametrize(("seconds", "state", "proves"), LIFE)
async def test_a_play_asked_for(seconds: int, state: int, proves: list[str]) -> None:
    at = stage(tempo=SLOWLY)
    done = await at.send(PUBLISH, "dlv_1")
    assert isinstance(done, Accepted)
    at.now += timedelta(seconds=seconds)
    assert at.platform.state(str(done.reference), at.now) == state
    receipts = await at.tend(PUBLISH, "dlv_1")
    assert [receipt.kind for receipt in receipts] == proves
    for receipt in receipts:
        assert receipt.at == at.now.replace(microsecond=0)
        assert receipt.note == f"{STATES[state]}，覆盖率 0.95，资源统计 1,2,4,118，播出系统 1"


async def test_one_that_fails_is_rejected_with_the_platforms_words() -> None:
    at = stage()
    done = await at.send(PUBLISH, "dlv_1")
    assert isinstance(done, Accepted)
    at.platform.fail(str(done.reference))
    (receipt,) = await at.tend(PUBLISH, "dlv_1")
    assert receipt.kind is ReceiptKind.REJECTED
    assert receipt.note.startswith("播发失败")


@pytest.mark.parametrize(
    ("code", "proves"), [("0", "rejected"), ("1", "aired"), ("2", "aired"), ("3", None), ("5", None)]
)
async def test_the_codes_of_2016_are_read_as_such(code: str, proves: str | None) -> None:
    at = stage(settings("2016"))
    await at.send(PUBLISH, "dlv_1")
    play = packet(at.wire.calls[0])
    heard = await hear(at, state(play.text("EBM/EBMID"), code), related=play.ebdid)
    assert [echo.receipt.kind for echo in heard.echoes] == ([proves] if proves else [])
    assert said(heard)[0] == ("1" if proves else "3")


async def test_a_retraction_is_proven_by_what_it_ends_and_by_nothing_less() -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    at.post.manner = Manner.LYING
    assert isinstance(await at.send(END, "dlv_2"), Accepted)
    at.post.manner = Manner.OK
    assert await at.tend(END, "dlv_2") == [], "the play is on the air still, whatever was answered"
    play, cancel = (packet(call) for call in at.wire.calls[:2])
    at.platform.hear(cancel, at.now)
    (receipt,) = await at.tend(END, "dlv_2")
    assert receipt.kind is ReceiptKind.TAKEN_DOWN
    calls = len(at.wire.calls)
    assert [receipt.kind for receipt in await at.tend(END, "dlv_2")] == ["taken_down"], "a ledger that missed it"
    assert len(at.wire.calls) == calls, "what is known is not asked again"
    assert play.text("EBM/EBMID") == cancel.text("EBM/RelatedInfo/EBMID")


async def test_one_that_was_over_before_it_was_taken_off_is_off() -> None:
    at = stage(tempo=replace(SLOWLY, plays=timedelta(seconds=1)))
    await at.send(PUBLISH, "dlv_1")
    at.now += timedelta(seconds=30)
    play = packet(at.wire.calls[0])
    await at.send(END, "dlv_2")
    heard = await hear(at, state(play.text("EBM/EBMID"), "3"))
    assert kinds(heard) == [("dlv_1", "aired"), ("dlv_2", "taken_down")]


async def test_a_retraction_of_two_is_proven_by_two() -> None:
    at = stage()
    at.wire.lose = lambda call: "after"
    await at.send(PUBLISH, "dlv_1")
    at.wire.lose = lambda call: "before" if call == 2 else None
    await at.send(UPDATE, "dlv_2")
    at.wire.lose = lambda call: None
    at.post.manner = Manner.LYING
    await at.send(UPDATE, "dlv_2")  # the cancel and the play are answered and forgotten
    at.post.manner = Manner.OK
    await at.send(RETRACT, "dlv_3")
    first = packet(at.wire.calls[0]).text("EBM/EBMID")
    second = packet(at.wire.calls[3]).text("EBM/EBMID")
    assert kinds(await hear(at, state(second, "5"))) == []
    assert kinds(await hear(at, state(first, "5"))) == [("dlv_3", "taken_down")]


async def test_what_an_update_took_off_says_nothing_of_the_update() -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    await at.send(UPDATE, "dlv_2")
    old, cancel, new = (packet(call) for call in at.wire.calls)
    assert kinds(await hear(at, state(old.text("EBM/EBMID"), "5"), related=cancel.ebdid)) == []
    assert kinds(await hear(at, state(cancel.text("EBM/EBMID"), "5"), related=cancel.ebdid)) == []
    assert kinds(await hear(at, state(new.text("EBM/EBMID"), "2"))) == [("dlv_2", "aired")]


async def test_a_platform_that_takes_it_off_by_itself_is_heard() -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    heard = await hear(at, state(packet(at.wire.calls[0]).text("EBM/EBMID"), "5"))
    assert kinds(heard) == [("dlv_1", "taken_down")]


async def test_one_that_goes_on_after_its_end_is_heard() -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    await at.send(END, "dlv_2")
    heard = await hear(at, state(packet(at.wire.calls[0]).text("EBM/EBMID"), "2"))
    assert kinds(heard) == [("dlv_1", "aired")]


async def test_a_cancel_that_failed_is_heard_and_one_that_succeeded_proves_nothing_by_itself() -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    await at.send(END, "dlv_2")
    cancel = packet(at.wire.calls[1]).text("EBM/EBMID")
    assert kinds(await hear(at, state(cancel, "4"))) == [("dlv_2", "rejected")]
    assert kinds(await hear(at, state(cancel, "3"))) == []
    assert kinds(await hear(at, state(cancel, "5"))) == [("dlv_2", "taken_down")], "so one platform reports a cancel"


# ── Matching ────────────────────────────────────────────────────────────────────────────────────────────────────────


def state(ebmid: str, code: str, inside: str = "", at: str = "2026-11-23 15:10:00") -> object:
    related = element("RelatedInfo", element("EBMID", inside)) if inside else None
    return element(
        "EBMStateResponse",
        element("RptTime", at),
        element("EBM", element("EBMID", ebmid), related),
        element("BrdStateCode", code),
        element("BrdStateDesc", "说明"),
    )


async def hear(
    at: Stage, body: object, *, related: str = "", change: Callable[[bytes], bytes] = lambda tar: tar
) -> Heard:
    ebdid = at.post.voice.ebdid()
    tar = written(at.platform.who, ebdid, body, NOW, related=related)  # type: ignore[arg-type]  # an element
    call = Call("POST", "ebd", {"content-type": "application/octet-stream"}, change(tar))
    return await Ebd().hear(at.settings, call, now=at.now, wire=at.wire)


def kinds(heard: Heard | Sequence[Echo]) -> list[tuple[str | None, str]]:
    echoes = heard.echoes if isinstance(heard, Heard) else heard
    return [(echo.key, str(echo.receipt.kind)) for echo in echoes]


def said(heard: Heard) -> tuple[str, str]:
    name = heard.reply.headers["content-disposition"].partition("filename=")[2]
    answer = opened(name, heard.reply.body)
    return answer.text("EBDResponse/ResultCode"), answer.text("EBDResponse/ResultDesc")


async def test_every_way_in_which_a_report_may_name_its_message() -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    play = packet(at.wire.calls[0])
    ebmid, renamed = play.text("EBM/EBMID"), "4" * 35
    for body, related in (
        (state(ebmid, "2"), ""),
        (state(ebmid, "2"), play.ebdid),
        (state(renamed, "2"), play.ebdid),
        (state(renamed, "2", inside=ebmid), ""),
        (state("", "2"), play.ebdid),
        (state(ebmid, "2"), "10" + THEIRS["2018"] + "9" * 16),
    ):
        heard = await hear(at, body, related=related)
        assert said(heard)[0] == "1"
        (echo,) = heard.echoes
        assert echo == Echo(replace(echo.receipt), key="dlv_1")
        assert echo.receipt.at == NOW.replace(hour=15, minute=10, second=0, microsecond=0, tzinfo=BEIJING)


async def test_what_names_nothing_of_ours_is_answered_5() -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    await at.send(replace(PUBLISH, alert="HJ-2026-000124"), "dlv_2")
    first, second = (packet(call) for call in at.wire.calls)
    for body, related in (
        (state("4" * 35, "2"), ""),
        (state("", "2"), ""),
        (state("'; DROP TABLE note; --", "2"), "../../etc"),
        (state(first.text("EBM/EBMID"), "2"), second.ebdid),
    ):
        heard = await hear(at, body, related=related)
        assert said(heard) == ("5", "查找不到该 EBMID")
        assert heard.echoes == ()
        assert heard.alive


async def test_one_platform_cannot_speak_for_another() -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    ebmid = packet(at.wire.calls[0]).text("EBM/EBMID")
    other = "36102000000000103010101"
    at.settings = settings(target=other)
    at.post.platform.who = replace(at.platform.who, own=other)
    heard = await hear(at, state(ebmid, "2"))
    assert said(heard)[0] == "5"
    assert heard.echoes == ()


async def test_a_log_tells_of_ours_and_leaves_strangers_out() -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    await at.send(END, "dlv_2")
    at.now += timedelta(seconds=5)
    ebdid, tar = at.post.voice.log(at.now)
    call = Call("POST", "", {"content-type": "application/octet-stream"}, tar)
    heard = await Ebd().hear(at.settings, call, now=at.now, wire=at.wire)
    assert said(heard)[0] == "1"
    assert ("dlv_2", "taken_down") in kinds(heard)
    assert ebdid.encode() in heard.reply.body


@pytest.mark.parametrize("code", ["", "9", "-1", "播发中", "2.0"])
async def test_a_state_that_nobody_agreed_on_is_answered_3(code: str) -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    heard = await hear(at, state(packet(at.wire.calls[0]).text("EBM/EBMID"), code))
    assert said(heard)[0] == "3"
    assert heard.echoes == ()


@pytest.mark.parametrize("at_", ["", "yesterday", "2026-13-01 00:00:00", "2026-11-23T15:10:00+08:00"])
async def test_a_time_that_is_none_is_now(at_: str) -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    (echo,) = (await hear(at, state(packet(at.wire.calls[0]).text("EBM/EBMID"), "2", at=at_))).echoes
    assert echo.receipt.at is None


# ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_platform_that_only_acknowledges_the_question_reports_later() -> None:
    at = stage()
    at.post.answers_questions = False
    await at.send(PUBLISH, "dlv_1")
    at.now += timedelta(seconds=5)
    assert await at.tend(PUBLISH, "dlv_1") == []
    assert at.rules() == []


@pytest.mark.parametrize(
    ("manner", "reason"),
    [(Manner.DOWN, Reason.BROKEN), (Manner.GARBAGE, Reason.BROKEN), (Manner.STRANGER, Reason.BROKEN)],
)
async def test_no_answer_to_a_question_is_an_error_of_the_wire(manner: Manner, reason: Reason) -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    at.post.manner = manner
    with pytest.raises(WireError) as caught:
        await at.tend(PUBLISH, "dlv_1")
    assert caught.value.reason is reason
    assert "http" not in str(caught.value)


async def test_what_was_never_sent_is_not_asked_for() -> None:
    at = stage()
    assert await at.tend(PUBLISH, "dlv_1") == []
    assert await at.tend(RETRACT, "dlv_2") == []
    assert at.wire.calls == []


async def test_an_answer_about_another_message_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    await at.send(replace(PUBLISH, alert="HJ-2026-000124"), "dlv_2")
    at.now += timedelta(seconds=5)
    other = packet(at.wire.calls[1]).text("EBM/EBMID")
    report = at.post.voice.report
    monkeypatch.setattr(at.post.voice, "report", lambda ebmid, related, now: report(other, related, now))
    assert await at.tend(PUBLISH, "dlv_1") == []


async def test_the_question_is_signed_and_so_must_be_the_answer() -> None:
    at = stage(signed())
    await at.send(PUBLISH, "dlv_1")
    at.now += timedelta(seconds=5)
    assert [receipt.kind for receipt in await at.tend(PUBLISH, "dlv_1")] == ["aired"]
    question = packet(at.wire.calls[1])
    assert question.signature is not None
    assert re.fullmatch(r"10\d{39}", question.ebdid)
    at.platform.who = replace(at.platform.who, keys=None)
    with pytest.raises(WireError):
        await at.tend(PUBLISH, "dlv_1")
