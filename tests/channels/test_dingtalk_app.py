"""An enterprise's robot: its card, its token, its codes, what a recall leaves, and who has read."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.carriers.dingtalk_app import AppSettings, DingTalkApp
from channels.contract import (
    Accepted,
    Outcome,
    Pace,
    Proves,
    Reason,
    ReceiptKind,
    Refused,
    Reply,
    Retracts,
    Retry,
    StatedReceipt,
    Status,
    Tended,
    WireError,
)
from sandbox.faults import Fault
from tests.channels.clouds import APP_KEY, APP_SECRET, BASE, CONVERSATION, ROBOT, CloudWire
from tests.channels.notices import NOW, PUBLISH, RETRACT, UPDATE, rendered
from tests.channels.wire import FakeWire, reply

ROBOT_APP = DingTalkApp()
TOKEN = reply(200, '{"accessToken":"fw8ef8we8f76e6f7s8d","expireIn":7200}')
SAID = reply(200, '{"processQueryKey":"k1="}')


def settings(**changes: Any) -> AppSettings:
    given = {
        "url": f"{BASE}/dingtalk",
        "app_key": APP_KEY,
        "app_secret": APP_SECRET,
        "robot_code": ROBOT,
        "conversation": CONVERSATION,
    }
    return AppSettings.model_validate(given | changes)


async def sent(wire: FakeWire, notice: Any = PUBLISH, prior: str | None = None, **changes: Any) -> Outcome:
    now = getattr(wire, "now", NOW)
    return await ROBOT_APP.send(
        rendered(notice, "dingtalk"), settings(**changes), key="dlv_9", prior=prior, now=now, wire=wire
    )


async def tended(wire: FakeWire, notice: Any, reference: str | None) -> list[StatedReceipt]:
    now = getattr(wire, "now", NOW)
    return list(
        await ROBOT_APP.tend(
            rendered(notice, "dingtalk"), settings(), key="dlv_9", reference=reference, now=now, wire=wire
        )
    )


async def accepted(wire: FakeWire, notice: Any = PUBLISH, prior: str | None = None) -> Accepted:
    outcome = await sent(wire, notice, prior)
    assert isinstance(outcome, Accepted), outcome
    return outcome


def titles(wire: CloudWire) -> list[str]:
    return [message["title"] for message in wire.chat.chat()]


def test_what_the_wire_can_do() -> None:
    asked: Tended[AppSettings] = ROBOT_APP
    assert asked.tend_every == timedelta(minutes=1)
    assert (ROBOT_APP.retracts, ROBOT_APP.proves) == (Retracts.TAKE_DOWN, Proves.RECEIVED)
    assert ROBOT_APP.pace == Pace(20, timedelta(minutes=1), reserve=2)
    assert ROBOT_APP.renews_within is None


async def test_the_card_is_words_and_a_button_and_never_a_picture() -> None:
    wire = FakeWire(TOKEN, SAID)
    assert await sent(wire, cool_app="COOLAPP-1") == Accepted("k1=")
    token, call = wire.calls
    assert json.loads(token.body) == {"appKey": APP_KEY, "appSecret": APP_SECRET}
    assert call.url == f"{BASE}/dingtalk/v1.0/robot/groupMessages/send"
    assert call.headers["x-acs-dingtalk-access-token"] == "fw8ef8we8f76e6f7s8d"
    said = json.loads(call.body)
    card = json.loads(said.pop("msgParam"))
    assert said == {
        "robotCode": ROBOT,
        "openConversationId": CONVERSATION,
        "msgKey": "sampleActionCard",
        "coolAppCode": "COOLAPP-1",
    }
    assert set(card) == {"title", "text", "singleTitle", "singleURL"}
    assert card["title"] == "紧急寻人：李小明（男，6岁）"
    assert card["singleURL"] == PUBLISH.page_url
    assert "huijia.example/media" not in call.body.decode()
    assert len(call.body) < 15_000


async def test_a_rendition_of_another_medium_is_not_sent() -> None:
    wire = FakeWire()
    outcome = await ROBOT_APP.send(rendered(PUBLISH, "tv"), settings(), key="k", prior=None, now=NOW, wire=wire)
    assert isinstance(outcome, Refused)
    assert wire.calls == []


# ── The token ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_one_token_serves_until_it_runs_out() -> None:
    wire = CloudWire()
    for minutes, tokens in ((0, 1), (60, 1), (110, 1), (116, 2), (200, 2)):
        wire.now = NOW + timedelta(minutes=minutes)
        await accepted(wire)
        assert sum(path.endswith("/accessToken") for path in wire.paths()) == tokens, minutes


async def test_a_token_that_was_taken_back_is_fetched_anew_once() -> None:
    wire = CloudWire()
    await accepted(wire)
    wire.chat.revoke()
    await accepted(wire)
    assert [path.rpartition("/")[2] for path in wire.paths()] == ["accessToken", "send", "send", "accessToken", "send"]
    assert len(titles(wire)) == 2, "what was refused with 401 was not said"


async def test_a_token_that_is_never_good_is_a_matter_of_credentials() -> None:
    no = reply(401, '{"code":"InvalidAuthentication","message":"不合法的access_token"}')
    wire = FakeWire(TOKEN, no, TOKEN, no)
    outcome = await sent(wire)
    assert outcome == Refused(Reason.BAD_CREDENTIALS, "InvalidAuthentication 不合法的access_token")
    assert len(wire.calls) == 4


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (reply(400, '{"code":"invalidClientIdOrSecret","message":"无效的clientId"}'), Refused, Reason.BAD_CREDENTIALS),
        (reply(400), Refused, Reason.BAD_CREDENTIALS),
        (reply(200, "{}"), Retry, Reason.UNINTELLIGIBLE),
        (reply(200, '{"accessToken":"","expireIn":7200}'), Retry, Reason.UNINTELLIGIBLE),
        (reply(200, '{"accessToken":"a","expireIn":"soon"}'), Retry, Reason.UNINTELLIGIBLE),
        (reply(200, '{"accessToken":"a","expireIn":0}'), Retry, Reason.UNINTELLIGIBLE),
        (reply(200, "<html>"), Retry, Reason.UNINTELLIGIBLE),
        (reply(302, location="https://login.example"), Retry, Reason.REDIRECTED),
        (reply(503), Retry, Reason.SERVER_ERROR),
        (WireError(Reason.UNREACHABLE, "TLS"), Retry, Reason.UNREACHABLE),
        (WireError(Reason.TIMEOUT), Retry, Reason.TIMEOUT),
    ],
)
async def test_no_token_no_message(answer: Reply | Exception, kind: type[Outcome], reason: Reason) -> None:
    wire = FakeWire(answer)
    outcome = await sent(wire)
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Accepted)
    assert outcome.reason is reason
    assert len(wire.calls) == 1


# ── Answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        ("bot.stopped", Refused, Reason.GONE),
        ("template.stopped", Refused, Reason.GONE),
        ("template.not.existed", Refused, Reason.GONE),
        ("invalidParameter.robotCode.notExsit", Refused, Reason.GONE),
        ("invalid.openConversationId", Refused, Reason.GONE),
        ("openConversationId.notExisted", Refused, Reason.GONE),
        ("invalidParameter.robotCode.auth", Refused, Reason.BAD_CREDENTIALS),
        ("Forbidden.AccessDenied.AccessTokenPermissionDenied", Refused, Reason.BAD_CREDENTIALS),
        ("invalidParameter.param.invalid", Refused, Reason.REJECTED),
        ("invalidParameter.robotCode.missing", Refused, Reason.REJECTED),
        ("invalidParameter.msgKey.invalid", Refused, Reason.REJECTED),
        ("invalidParameter.msgParam.invalid", Refused, Reason.REJECTED),
        ("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", Retry, Reason.THROTTLED),
        ("Forbidden.AccessDenied.QpsLimitForApi", Retry, Reason.THROTTLED),
        ("Throttling.User", Retry, Reason.THROTTLED),
        ("send.tooFast", Retry, Reason.THROTTLED),
        ("ServiceUnavailable", Retry, Reason.SERVER_ERROR),
        ("unknownError", Retry, Reason.SERVER_ERROR),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 403, 500])
async def test_the_code_outranks_the_status(code: str, kind: type[Outcome], reason: Reason, status: int) -> None:
    wire = FakeWire(TOKEN, reply(status, json.dumps({"code": code, "message": "说明", "requestid": "0"})))
    outcome = await sent(wire)
    if status == 500 and reason is Reason.REJECTED:
        kind, reason = Retry, Reason.SERVER_ERROR  # a server that fails has not judged the message
    assert isinstance(outcome, kind), outcome
    assert not isinstance(outcome, Accepted)
    assert (outcome.reason, outcome.detail) == (reason, f"{code} 说明")
    assert not isinstance(outcome, Retry) or (outcome.after is not None) == (reason is Reason.THROTTLED)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", Reason.UNINTELLIGIBLE),
        ("<html>", Reason.UNINTELLIGIBLE),
        ("{}", Reason.UNINTELLIGIBLE),
        ('{"processQueryKey":""}', Reason.UNINTELLIGIBLE),
        ('{"processQueryKey":["k"]}', Reason.UNINTELLIGIBLE),
        ('{"processQueryKey":"a b"}', Reason.UNINTELLIGIBLE),
        ('{"processQueryKey":"' + "k" * 300 + '"}', Reason.UNINTELLIGIBLE),
        ('{"processQueryKey":"k1', Reason.UNINTELLIGIBLE),
        ('{"errcode":-1,"errmsg":"系统繁忙"}', Reason.SERVER_ERROR),
        ('{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}', Reason.THROTTLED),
        ('{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"24ce64f6"}', Reason.THROTTLED),
        ('{"code":"somethingNew","message":"?"}', Reason.UNINTELLIGIBLE),
    ],
)
async def test_a_200_without_a_key_is_no_success(body: str, reason: Reason) -> None:
    outcome = await sent(FakeWire(TOKEN, reply(200, body)))
    assert isinstance(outcome, Retry), outcome
    assert outcome.reason is reason


async def test_a_refusal_under_a_200() -> None:
    outcome = await sent(FakeWire(TOKEN, reply(200, '{"errcode":310000,"errmsg":"ip not in whitelist"}')))
    assert isinstance(outcome, Refused)


async def test_the_far_end_limits_the_robot_and_says_so() -> None:
    wire = CloudWire()
    for second in range(20):
        wire.now = NOW + timedelta(seconds=second)
        await accepted(wire)
    outcome = await sent(wire)
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.THROTTLED


# ── Taking back ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_retraction_recalls_and_says_that_the_search_has_ended() -> None:
    wire = CloudWire()
    first = await accepted(wire)
    ended = await accepted(wire, RETRACT, first.reference)
    assert titles(wire) == ["寻人结束：李某某"]
    assert ended.receipt == StatedReceipt(ReceiptKind.TAKEN_DOWN, note="已撤回有编号的 1 条消息，并另发结束通知")


@pytest.mark.parametrize("status", [Status.EXERCISE, Status.TEST])
async def test_a_drill_ends_as_a_drill(status: Status) -> None:
    wire = CloudWire()
    first = await accepted(wire, replace(PUBLISH, status=status))
    await accepted(wire, replace(RETRACT, status=status), first.reference)
    assert [message["status"] for message in wire.chat.chat()] == [status]


async def test_an_update_recalls_what_it_replaces_once_it_is_said() -> None:
    wire = CloudWire()
    second = await accepted(wire, UPDATE, (await accepted(wire)).reference)
    assert [title.partition("：")[0] for title in titles(wire)] == ["更新寻人信息"]
    assert [path.rpartition("/")[2] for path in wire.paths()] == ["accessToken", "send", "send", "recall"]
    await accepted(wire, RETRACT, second.reference)
    assert titles(wire) == ["寻人结束：李某某"]


async def test_the_end_is_told_where_the_recall_fails_and_the_recall_is_made_up_for() -> None:
    """The correction waits for nothing; until DingTalk says that the message is gone nobody claims it."""
    for fault in (Fault.DOWN, Fault.LYING, Fault.SERVER_ERROR):
        wire = CloudWire()
        first = await accepted(wire)
        wire.fault = lambda slug, wire=wire, fault=fault: fault if wire.paths()[-1].endswith("/recall") else None  # type: ignore[misc]
        ended = await accepted(wire, RETRACT, first.reference)
        assert ended.receipt is None
        assert titles(wire) == ["紧急寻人：李小明（男，6岁）", "寻人结束：李某某"]
        assert await tended(wire, RETRACT, ended.reference) == []
        wire.fault = lambda slug: None
        (down,) = await tended(wire, RETRACT, ended.reference)
        assert down.kind is ReceiptKind.TAKEN_DOWN
        assert titles(wire) == ["寻人结束：李某某"]


async def test_a_retraction_made_twice_is_one_recall_and_the_second_is_told_that_it_is_gone() -> None:
    wire = CloudWire()
    first = await accepted(wire)
    await accepted(wire, RETRACT, first.reference)
    again = await accepted(wire, RETRACT, first.reference)
    assert again.receipt is None, "the recall says: recalled before"
    (down,) = await tended(wire, RETRACT, again.reference)
    assert down.kind is ReceiptKind.TAKEN_DOWN


@pytest.mark.parametrize(
    "answer",
    [
        '{"successResult":[],"failedResult":{"k1=":"超时"}}',
        "{}",
        '{"successResult":"k1="}',
        "<html>",
        '{"successResult":["k2="]}',
    ],
)
async def test_a_recall_that_does_not_name_the_message_proves_nothing(answer: str) -> None:
    ended = await accepted(FakeWire(TOKEN, reply(200, answer), SAID), RETRACT, "k1=")
    assert ended == Accepted("k1= k1=", None)


async def test_partly_recalled_is_not_taken_down() -> None:
    partly = reply(200, '{"successResult":["k2="],"failedResult":{"k1=":"消息已撤回"}}')
    ended = await accepted(FakeWire(TOKEN, partly, reply(200, '{"processQueryKey":"k3="}')), RETRACT, "k2= k1=")
    assert ended == Accepted("k3= k1=", None)


async def test_what_was_never_answered_for_is_corrected_and_not_claimed_to_be_gone() -> None:
    wire = CloudWire()
    ended = await accepted(wire, RETRACT, None)
    assert titles(wire) == ["寻人结束：李某某"]
    assert ended.receipt is None
    assert await tended(wire, RETRACT, ended.reference) == []
    assert not any(path.endswith("/recall") for path in wire.paths())


async def test_a_reference_never_holds_half_a_key() -> None:
    keys = " ".join(f"{index:043d}=" for index in range(5))
    said = reply(200, json.dumps({"processQueryKey": "n" * 44}))
    outcome = await accepted(FakeWire(TOKEN, said, reply(500)), UPDATE, keys)
    assert outcome.reference == " ".join(["n" * 44, *keys.split()[:3]])
    assert len(outcome.reference) <= 200


# ── Tending ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_readers_are_receipts() -> None:
    wire = CloudWire()
    first = await accepted(wire)
    assert await tended(wire, PUBLISH, first.reference) == []
    wire.chat.read_by("user0101", "user0102")
    assert await tended(wire, PUBLISH, first.reference) == [
        StatedReceipt(ReceiptKind.RECEIVED, note="群内 2 人已读")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"sendStatus":"PROCESSING","readUserIds":[]}', []),
        ('{"sendStatus":"SUCCESS"}', []),
        ('{"sendStatus":"SUCCESS","readUserIds":"u1"}', []),
        ("{}", []),
        ('{"sendStatus":"SUCCESS","readUserIds":["u1"],"hasMore":true}', ["群内 1 人以上已读"]),
        ('{"sendStatus":"RECALLED","readUserIds":["u1"]}', ["消息已在钉钉中被撤回"]),
    ],
)
async def test_what_a_question_brings(body: str, told: list[str]) -> None:
    said = await tended(FakeWire(TOKEN, reply(200, body)), PUBLISH, "k1=")
    assert [one.note for one in said] == told
    assert all((one.kind is ReceiptKind.REJECTED) == ("撤回" in one.note) for one in said)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(400, '{"code":"processQueryKey.expireTime","message":"还未生成"}'), Reason.REJECTED),
        (reply(503), Reason.SERVER_ERROR),
        (WireError(Reason.TIMEOUT), Reason.TIMEOUT),
    ],
)
async def test_a_question_that_is_not_answered_is_asked_again(answer: Any, reason: Reason) -> None:
    with pytest.raises(WireError) as caught:
        await tended(FakeWire(TOKEN, answer), PUBLISH, "k1=")
    assert caught.value.reason is reason


async def test_no_reference_no_question() -> None:
    wire = FakeWire()
    assert await tended(wire, PUBLISH, None) == []
    assert wire.calls == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "api.dingtalk.com"),
        ("url", "https://api.dingtalk.com/?a=1"),
        ("app_key", ""),
        ("app_secret", " "),
        ("app_secret", "密钥"),
        ("robot_code", ""),
        ("conversation", ""),
        ("cool_app", "x" * 101),
    ],
)
def test_settings_that_will_not_do(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=field):
        settings(**{field: value})
