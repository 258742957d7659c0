"""The signature, verified by the reference implementation; the settings, as an operator would get them wrong."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from channels.carriers.payload import payload
from channels.carriers.webhook import Webhook, WebhookSettings
from channels.contract import Accepted, Outcome, Pace, Proves, Reason, Refused, Retracts, Retry
from tests.channels.notices import PUBLISH, RETRACT, SECRETS_OF_THE_CHILD, rendered
from tests.channels.recorded import settings_of
from tests.channels.wire import Call, FakeWire, reply

NEW = "whsec_" + base64.b64encode(b"n" * 24).decode()
OLD = "whsec_" + base64.b64encode(b"o" * 64).decode()
OTHER = "whsec_" + base64.b64encode(b"x" * 32).decode()


async def sent(settings: WebhookSettings, key: str = "dlv_9") -> Call:
    wire = FakeWire(reply(204))
    now = datetime.now(UTC)
    outcome = await Webhook().send(rendered(PUBLISH), settings, key=key, prior=None, now=now, wire=wire)
    assert outcome == Accepted()
    return wire.calls[0]


def settings(**changes: Any) -> WebhookSettings:
    return WebhookSettings.model_validate({"url": "https://station.example/hook", "secret": NEW, **changes})


def test_what_the_wire_can_do() -> None:
    assert (Webhook.retracts, Webhook.proves, Webhook.pace) == (Retracts.TAKE_DOWN, Proves.AIRED, None)
    assert Webhook.timeout.total_seconds() == 8
    assert not isinstance(Webhook.pace, Pace)


async def test_the_reference_implementation_accepts_the_signature() -> None:
    call = await sent(settings())
    said = Verifier(NEW).verify(call.body, dict(call.headers))
    assert said["data"]["alert"] == "HJ-2026-000123"
    assert call.headers["webhook-id"] == "dlv_9"
    assert call.headers["content-type"] == "application/json"
    assert call.url == "https://station.example/hook"


async def test_anything_changed_breaks_the_signature() -> None:
    call = await sent(settings())
    with pytest.raises(WebhookVerificationError):
        Verifier(OTHER).verify(call.body, dict(call.headers))
    with pytest.raises(WebhookVerificationError):
        Verifier(NEW).verify(call.body.replace(b"actual", b"test  "), dict(call.headers))
    with pytest.raises(WebhookVerificationError):
        Verifier(NEW).verify(call.body, {**call.headers, "webhook-id": "dlv_8"})


async def test_both_keys_sign_while_a_key_is_changed() -> None:
    call = await sent(settings(previous_secret=OLD))
    assert len(call.headers["webhook-signature"].split(" ")) == 2
    for secret in (NEW, OLD):
        Verifier(secret).verify(call.body, dict(call.headers))
    assert len((await sent(settings())).headers["webhook-signature"].split(" ")) == 1


async def test_the_old_key_signs_until_its_time_is_over() -> None:
    now = datetime.now(UTC)
    for until, signatures in ((now + timedelta(hours=1), 2), (now - timedelta(seconds=1), 1)):
        call = await sent(settings(previous_secret=OLD, previous_until=until.isoformat()))
        assert len(call.headers["webhook-signature"].split(" ")) == signatures
        Verifier(NEW).verify(call.body, dict(call.headers))


def v1a(call: Call, wire: FakeWire) -> list[bool]:
    """Whether each ``v1a`` entry is by each of the wire's keys in turn."""
    signed = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
    entries = [e for e in call.headers["webhook-signature"].split(" ") if e.startswith("v1a,")]
    fits = []
    for entry, key in zip(entries, wire.keys, strict=True):
        try:
            key.public_key().verify(base64.b64decode(entry.removeprefix("v1a,")), signed)
            fits.append(True)
        except InvalidSignature:
            fits.append(False)
    return fits


async def test_anybody_can_check_v1a() -> None:
    wire = FakeWire(reply(204), reply(204))
    wire.keys.append(Ed25519PrivateKey.generate())
    now = datetime.now(UTC)
    for how, entries in (("v1a", ["v1a", "v1a"]), ("both", ["v1", "v1a", "v1a"])):
        given = settings(signatures=how, **({"secret": None} if how == "v1a" else {}))
        assert await Webhook().send(rendered(PUBLISH), given, key="dlv_9", prior=None, now=now, wire=wire) == Accepted()
        call = wire.calls[-1]
        assert [entry.partition(",")[0] for entry in call.headers["webhook-signature"].split(" ")] == entries
        assert v1a(call, wire) == [True, True]
    changed = replace(wire.calls[0], body=wire.calls[0].body.replace(b"actual", b"exercise"))
    assert v1a(changed, wire) == [False, False]


def test_something_must_sign() -> None:
    assert settings(secret=None, signatures="v1a").secret is None
    for how in ("v1", "both"):
        with pytest.raises(ValueError, match="secret"):
            settings(secret=None, signatures=how)


async def test_thin_says_where_the_rest_is_and_nothing_of_the_child() -> None:
    for notice in (PUBLISH, RETRACT):
        wire = FakeWire(reply(204))
        thin = settings(payload="thin")
        await Webhook().send(rendered(notice), thin, key="dlv_9", prior=None, now=datetime.now(UTC), wire=wire)
        said = Verifier(NEW).verify(wire.calls[0].body, dict(wire.calls[0].headers))
        assert set(said) == {"type", "timestamp", "data"}
        assert said["type"] == f"alert.{notice.kind}"
        assert said["data"]["notice_url"] == "https://huijia.example/v1/deliveries/dlv_9/notice"
        assert (said["data"]["status"], said["data"]["number"]) == (notice.status, notice.number)
        assert not [fact for fact in [*SECRETS_OF_THE_CHILD, "李某某"] if fact in wire.calls[0].body.decode()]
        assert len(wire.calls[0].body) < 500


async def test_the_words_of_a_failed_answer_are_kept_and_a_page_is_not() -> None:
    for body, words in (
        (b'{"error": "queue full"}', 'HTTP 503 {"error": "queue full"}'), (b"<html>Bad Gateway</html>", "HTTP 503"),
        (f"李小明 {NEW} https://x.example/y busy".encode(), "HTTP 503 … … … busy"), (b"", "HTTP 503"),
    ):  # fmt: skip
        wire = FakeWire(reply(503, body))
        now = datetime.now(UTC)
        outcome = await Webhook().send(rendered(PUBLISH), settings(), key="k", prior=None, now=now, wire=wire)
        assert isinstance(outcome, Retry)
        assert outcome.detail == words


async def test_the_timestamp_is_that_of_the_attempt() -> None:
    wire = FakeWire(reply(), reply())
    for second in (100, 160):
        now = datetime.fromtimestamp(second + 0.9, UTC)
        await Webhook().send(rendered(PUBLISH), settings(), key="dlv_9", prior=None, now=now, wire=wire)
    assert [call.headers["webhook-timestamp"] for call in wire.calls] == ["100", "160"]
    assert wire.calls[0].body == wire.calls[1].body == payload(rendered(PUBLISH))


async def test_a_refusal_with_http_200_is_a_refusal() -> None:
    wire = FakeWire(reply(200, '{"errcode": 310000, "errmsg": "李小明的照片不合格"}'))
    now = datetime.now(UTC)
    outcome: Outcome = await Webhook().send(rendered(PUBLISH), settings(), key="k", prior=None, now=now, wire=wire)
    assert outcome == Refused(Reason.REJECTED, "errcode 310000 …的照片不合格")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/hook",
        "https://station.example",
        "https://station.example:8443/a/b?key=1",
        "http://[::1]:9/hook",
        "https://电视台.example/钩子",
    ],
)
def test_addresses_that_will_do(url: str) -> None:
    assert settings(url=url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "", "station.example/hook", "ftp://station.example", "https://", "https:///hook", "javascript:alert(1)",
        "https://user@station.example", "https://user:pw@station.example", "https://station.example/#frag",
        "https://station.example/#", "https://station.example:99999", "https://station.example:x", "https://[::1",
        "https://station.example/a b", "https://station.example/\n", "https://station.example\\@evil.example",
        "https://station.example/" + "x" * 2000,
    ],
)  # fmt: skip
def test_addresses_that_will_not(url: str) -> None:
    with pytest.raises(ValueError, match="url") as caught:
        settings(url=url)
    assert "网址" in str(caught.value)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        NEW.removeprefix("whsec_"),
        "whsk_" + NEW.removeprefix("whsec_"),
        "whsec_" + base64.b64encode(b"n" * 23).decode(),
        "whsec_" + base64.b64encode(b"n" * 65).decode(),
        "whsec_" + "!" * 40,
        NEW + "\n",
        NEW + "李",
    ],
)
@pytest.mark.parametrize("field", ["secret", "previous_secret"])
def test_secrets_that_will_not_do(field: str, secret: str) -> None:
    with pytest.raises(ValueError, match=field) as caught:
        settings(**{field: secret})
    assert "whsec_ 加" in str(caught.value)
    assert len(secret) < 12 or secret not in str(caught.value)


def test_the_example_settings_are_complete() -> None:
    assert isinstance(settings_of("webhook"), WebhookSettings)
    assert settings_of("webhook").previous_secret is not None
