"""Which screen, on which broker, under which topics."""

import hashlib
import ssl
from collections.abc import Hashable
from functools import lru_cache
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from channels.carriers.mqtt.connection import Broker
from channels.contract import Notice, Status

PORTS = {"mqtt": 1883, "mqtts": 8883}


def _checked_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("代理地址的主机或端口不正确") from error
    if parts.scheme not in PORTS or not host or port == 0:
        raise ValueError("代理地址应为 mqtt://主机:端口 或 mqtts://主机:端口")
    if "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment or not value.isprintable():
        raise ValueError("代理地址中只写主机和端口，用户名和口令另填")
    return value


def _checked_ca(value: str) -> str:
    if value:
        try:
            ssl.create_default_context(cadata=value)
        except ssl.SSLError as error:
            raise ValueError("CA 证书应为 PEM 文本") from error
    return value


Level = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class MqttSettings(BaseModel):
    """One screen. Screens that agree in all but ``screen`` share a publish."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_checked_url)] = Field(
        repr=False, max_length=300, title="代理地址", description="mqtts://主机:端口，或仅限内网的 mqtt://主机:端口"
    )
    username: str = Field(default="", max_length=200, repr=False, title="用户名", description="huijia 登录代理的用户名")
    password: SecretStr = Field(default=SecretStr(""), title="口令", description="huijia 登录代理的口令")
    ca: Annotated[str, AfterValidator(_checked_ca)] = Field(
        default="",
        max_length=100_000,
        repr=False,
        title="CA 证书",
        description="代理证书由自建 CA 签发时填写，PEM 文本",
    )
    version: Literal["5", "3.1.1"] = Field(default="5", title="MQTT 版本", description="代理不支持 5 时才用 3.1.1")
    prefix: str = Field(
        default="huijia", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*$", max_length=100, title="主题前缀",
        description="所有主题的开头",
    )  # fmt: skip
    area: Level = Field(title="区域", description="屏幕所属区域，一般为区县代码，如 610113")
    face: Level = Field(default="all", title="版面", description="同一区域内版面不同的屏幕分开，如 1920x1080")
    screen: Level = Field(title="屏幕编号", description="在同一代理和前缀下唯一")

    @model_validator(mode="after")
    def _password_has_its_user(self) -> "MqttSettings":
        if self.password.get_secret_value() and not self.username:
            raise ValueError("填写口令时须同时填写用户名（username）")
        return self


def broker(settings: MqttSettings) -> Broker:
    """Where its broker is."""
    parts = urlsplit(settings.url)
    context = _tls(settings.ca) if parts.scheme == "mqtts" else None
    assert parts.hostname is not None
    return Broker(
        parts.hostname, parts.port or PORTS[parts.scheme], settings.username, settings.password,
        5 if settings.version == "5" else 4, context,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _tls(ca: str) -> ssl.SSLContext:
    """Made once: reading the system's certificates takes milliseconds."""
    return ssl.create_default_context(cadata=ca or None)


def network(settings: MqttSettings) -> tuple[str, ...]:
    """What is one network of screens: one broker, one account, one prefix."""
    return settings.url, settings.username, settings.prefix


def audience(settings: MqttSettings) -> Hashable:
    """Whom one publish reaches, and as whom we make it."""
    return *network(settings), settings.password, settings.version, settings.area, settings.face


def topic(settings: MqttSettings, notice: Notice) -> str:
    """Where the alert's newest notice lies, and nothing else."""
    return f"{settings.prefix}/{notice.status}/{settings.area}/{settings.face}/{notice.alert}"


def listened(settings: MqttSettings) -> tuple[str, ...]:
    """What a listener of the network subscribes to: what screens say, and the notices themselves."""
    notices = (f"{settings.prefix}/{status}/+/+/+" for status in Status)
    return f"{settings.prefix}/receipts/+", f"{settings.prefix}/status/+", *notices


def reference(settings: MqttSettings, screen: str, alert: str, number: int) -> str:
    """What a delivery is called on this wire. Two networks may each have a screen of that name."""
    return f"{fingerprint(settings.url, settings.prefix)}/{screen}/{alert}/{number}"


def fingerprint(*parts: str) -> str:
    """Eighteen characters that stand for these words: a client identifier has 23 at most [3.1.3.1]."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:18]
