"""Our POST to the outlet's address, signed as Standard Webhooks 1.0 says."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import ClassVar, Literal, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from channels.carriers import answer
from channels.carriers.address import Address
from channels.carriers.http import failure, unanswered
from channels.carriers.payload import payload, thin_payload
from channels.carriers.redact import plain, unspeakable
from channels.contract import Outcome, Pace, Proves, Rendition, Retracts, Wire, WireError

_PREFIX = "whsec_"
_EXCERPT = 500  # bytes of a failed answer that are looked at


class WebhookSettings(BaseModel):
    """Where to, and what signs. While ``previous_secret`` is set both secrets sign, so that the far end can change over in
    its own time."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Address = Field(repr=False, title="接收地址", description="接收通告的网址，http 或 https")
    signatures: Literal["v1", "v1a", "both"] = Field(
        default="v1",
        title="签名方式",
        description="v1 用双方共有的密钥；v1a 用本平台的 Ed25519 密钥，公钥见 /v1/keys；both 两种都签",
    )
    secret: SecretStr | None = Field(
        default=None, title="签名密钥", description="whsec_ 开头，其后为 24–64 字节的 Base64；只用 v1a 时不填"
    )
    previous_secret: SecretStr | None = Field(
        default=None, title="原签名密钥", description="更换密钥期间填写，两把密钥同时签名；更换完成后清空"
    )
    previous_until: AwareDatetime | None = Field(
        default=None, title="原密钥有效至", description="此后原签名密钥不再签名；不填则直到清空"
    )
    payload: Literal["full", "thin"] = Field(
        default="full", title="内容", description="full 为全文；thin 只有编号、状态和取全文的链接"
    )

    @field_validator("secret", "previous_secret")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _key(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _has_what_signs(self) -> Self:
        if self.secret is None and self.signatures != "v1a":
            raise ValueError("须填写 secret：签名方式 v1 和 both 都要用它")
        return self


class Webhook:
    """``reference`` and ``receipt`` in the answer are optional; a refusal may come with any 2xx."""

    name: ClassVar[str] = "webhook"
    title: ClassVar[str] = "网络回调"
    retracts: ClassVar[Retracts] = Retracts.TAKE_DOWN
    proves: ClassVar[Proves] = Proves.AIRED
    carries: ClassVar[frozenset[str] | None] = None
    where: ClassVar[tuple[str, ...]] = ("url",)
    timeout: ClassVar[timedelta] = timedelta(seconds=8)
    pace: ClassVar[Pace | None] = None
    settings: type[WebhookSettings] = WebhookSettings

    async def send(
        self, rendition: Rendition, settings: WebhookSettings, *, key: str, prior: str | None, now: datetime, wire: Wire
    ) -> Outcome:
        """POST the payload; ``key`` is the ``webhook-id`` by which the far end drops doubles."""
        body = thin_payload(rendition, key) if settings.payload == "thin" else payload(rendition)
        timestamp = int(now.timestamp())
        signed = f"{key}.{timestamp}.".encode() + body
        headers = {
            "content-type": "application/json",
            "user-agent": "huijia",
            "webhook-id": key,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(_signatures(settings, signed, now, wire)),
        }
        try:
            reply = await wire.request("POST", settings.url, body=body, headers=headers, timeout=self.timeout)
        except WireError as error:
            return unanswered(error, _hidden(rendition, settings))
        failed = failure(reply, now)
        if failed is None:
            return answer.read(reply.body, partial(_hidden, rendition, settings))
        return replace(failed, detail=plain(f"{failed.detail} {_excerpt(reply.body)}", _hidden(rendition, settings)))


def _hidden(rendition: Rendition, settings: WebhookSettings) -> list[str]:
    return unspeakable(rendition, settings.url, settings.secret, settings.previous_secret)


def _signatures(settings: WebhookSettings, signed: bytes, now: datetime, wire: Wire) -> Iterator[str]:
    """``v1`` for each secret, the current one first; ``v1a`` for each of huijia's own keys."""
    if settings.signatures != "v1a":
        previous = settings.previous_until is None or now < settings.previous_until
        for secret in (settings.secret, settings.previous_secret if previous else None):
            if secret is None:
                continue
            yield f"v1,{base64.b64encode(_digest(secret.get_secret_value(), signed)).decode()}"
    if settings.signatures != "v1":
        yield from (f"v1a,{base64.b64encode(signature).decode()}" for signature in wire.sign(signed))


def _excerpt(body: bytes) -> str:
    """The first words of an answer, when they are words and not a page."""
    text = body[:_EXCERPT].decode("utf-8", "replace").strip()
    return "" if text.startswith("<") else text


def _digest(secret: str, signed: bytes) -> bytes:
    """HMAC-SHA256, by a library that does not let go of the interpreter's lock meanwhile, as ``hashlib`` does: another thread
    would take it each time, and getting it back takes longer than the digest."""
    state = _keyed(secret).copy()
    state.update(signed)
    return state.finalize()


@lru_cache(maxsize=20_000)
def _keyed(secret: str) -> HMAC:
    return HMAC(_key(secret), SHA256())


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("签名密钥应为 whsec_ 加 24–64 字节的 Base64")
    return key
