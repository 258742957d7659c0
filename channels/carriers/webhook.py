"""Our POST to the outlet's address, signed as Standard Webhooks 1.0 says."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from channels.carriers import answer
from channels.carriers.address import Address
from channels.carriers.http import failure, unanswered
from channels.carriers.payload import payload
from channels.carriers.redact import unspeakable
from channels.contract import Outcome, Pace, Proves, Rendition, Retracts, Wire, WireError

_PREFIX = "whsec_"


class WebhookSettings(BaseModel):
    """Where to, and the key that signs. While ``previous_secret`` is set both keys sign, so that the far end can change
    over in its own time."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Address = Field(repr=False, title="接收地址", description="接收通告的网址，http 或 https")
    secret: SecretStr = Field(title="签名密钥", description="whsec_ 开头，其后为 24–64 字节的 Base64")
    previous_secret: SecretStr | None = Field(
        default=None, title="原签名密钥", description="更换密钥期间填写，两把密钥同时签名；更换完成后清空"
    )

    @field_validator("secret", "previous_secret")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _key(value)
        return value


class Webhook:
    """``reference`` and ``receipt`` in the answer are optional; a refusal may come with any 2xx."""

    name: ClassVar[str] = "webhook"
    title: ClassVar[str] = "网络回调"
    retracts: ClassVar[Retracts] = Retracts.TAKE_DOWN
    proves: ClassVar[Proves] = Proves.AIRED
    carries: ClassVar[frozenset[str] | None] = None
    timeout: ClassVar[timedelta] = timedelta(seconds=8)
    pace: ClassVar[Pace | None] = None
    settings: type[WebhookSettings] = WebhookSettings

    async def send(
        self, rendition: Rendition, settings: WebhookSettings, *, key: str, prior: str | None, now: datetime, wire: Wire
    ) -> Outcome:
        """POST the payload; ``key`` is the ``webhook-id`` by which the far end drops doubles."""
        body = payload(rendition)
        headers = {
            "content-type": "application/json",
            "user-agent": "huijia",
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": _signatures(settings, key, int(now.timestamp()), body),
        }
        hide = unspeakable(rendition, settings.url, settings.secret, settings.previous_secret)
        try:
            reply = await wire.request("POST", settings.url, body=body, headers=headers, timeout=self.timeout)
        except WireError as error:
            return unanswered(error, hide)
        return failure(reply, now) or answer.read(reply.body, hide)


def _signatures(settings: WebhookSettings, key: str, timestamp: int, body: bytes) -> str:
    """One ``v1`` entry for each secret, the current one first."""
    signed = f"{key}.{timestamp}.".encode() + body
    secrets = filter(None, (settings.secret, settings.previous_secret))
    digests = (hmac.new(_key(secret), signed, hashlib.sha256).digest() for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def _key(secret: SecretStr) -> bytes:
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("签名密钥应为 whsec_ 加 24–64 字节的 Base64")
    return key
