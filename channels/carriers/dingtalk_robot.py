"""A custom robot in a DingTalk group, in the security mode 加签."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from channels.carriers.address import Address
from channels.carriers.answer import json_object
from channels.carriers.dingtalk_errors import verdict
from channels.carriers.http import failure, unanswered
from channels.carriers.redact import unspeakable
from channels.contract import (
    Outcome,
    Pace,
    Proves,
    Reason,
    Refused,
    Rendition,
    Reply,
    Retracts,
    Retry,
    Wire,
    WireError,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RobotSettings(BaseModel):
    """``url`` without the token; the two secrets are shown once, when the robot is made."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Address = Field(
        default="https://oapi.dingtalk.com/robot/send",
        repr=False,
        title="机器人接口",
        description="一般不用改；不含 access_token",
    )
    access_token: SecretStr = Field(title="access_token", description="机器人 Webhook 地址里 access_token= 之后的部分")
    secret: SecretStr = Field(title="加签密钥", description="机器人安全设置“加签”一栏中 SEC 开头的密钥")
    keyword: str = Field(
        default="", max_length=20, title="自定义关键词", description="机器人设了关键词时填写其中一个，消息中会带上它"
    )

    @field_validator("url")
    @classmethod
    def _has_no_query(cls, value: str) -> str:
        if urlsplit(value).query or "?" in value:
            raise ValueError("机器人接口只写到 /robot/send，access_token 另填")
        return value

    @field_validator("access_token", "secret")
    @classmethod
    def _is_a_word(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text or not text.isascii() or not text.isprintable() or " " in text or "=" in text:
            raise ValueError("请只填密钥本身，不含空格、网址或等号")
        return value

    @field_validator("keyword")
    @classmethod
    def _says_nothing_of_a_drill(cls, value: str) -> str:
        value = value.strip()
        if any(word in value for word in ("演练", "测试", "预警")):
            raise ValueError("关键词不得含“演练”“测试”“预警”：实发通告也会带上它")
        return value


class DingTalkRobot:
    """The chat keeps what it was sent: a retraction is a second message. Nothing comes back but ``errcode``."""

    name: ClassVar[str] = "dingtalk_robot"
    title: ClassVar[str] = "钉钉群机器人"
    retracts: ClassVar[Retracts] = Retracts.FOLLOW_UP
    proves: ClassVar[Proves] = Proves.NOTHING
    carries: ClassVar[frozenset[str] | None] = frozenset({"dingtalk"})
    where: ClassVar[tuple[str, ...]] = ("url", "access_token")
    timeout: ClassVar[timedelta] = timedelta(seconds=8)
    pace: ClassVar[Pace | None] = Pace(count=20, per=timedelta(minutes=1), reserve=2)
    settings: type[RobotSettings] = RobotSettings

    async def send(
        self, rendition: Rendition, settings: RobotSettings, *, key: str, prior: str | None, now: datetime, wire: Wire
    ) -> Outcome:
        """One card. DingTalk knows no key, so a retry after a lost answer may show twice."""
        card = _card(rendition, settings.keyword)
        if card is None:
            return Refused(Reason.REJECTED, "这一渠道的版式不能发到钉钉群机器人")
        url = f"{settings.url}?{_query(settings, now)}"
        hide = unspeakable(rendition, url, settings.access_token, settings.secret)
        headers = {"content-type": "application/json", "user-agent": "huijia"}
        try:
            reply = await wire.request("POST", url, body=orjson.dumps(card), headers=headers, timeout=self.timeout)
        except WireError as error:
            return unanswered(error, hide)
        return _judge(reply, hide, now)


def _card(rendition: Rendition, keyword: str) -> dict[str, Any] | None:
    title, markdown, button = (rendition.texts.get(name) for name in ("title", "markdown", "button"))
    if not isinstance(title, str) or not isinstance(markdown, str) or not isinstance(button, str):
        return None
    if keyword and keyword not in markdown:
        markdown = f"{markdown}\n\n{keyword}"
    card = {"title": title, "text": markdown, "singleTitle": button, "singleURL": rendition.notice.page_url}
    return {"msgtype": "actionCard", "actionCard": card}


def _query(settings: RobotSettings, now: datetime) -> str:
    """``sign`` is base64(HMAC-SHA256(secret, timestamp + newline + secret)); the timestamp is in milliseconds."""
    timestamp = (now - _EPOCH) // timedelta(milliseconds=1)
    secret = settings.secret.get_secret_value()
    digest = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    token = settings.access_token.get_secret_value()
    return urlencode({"access_token": token, "timestamp": timestamp, "sign": base64.b64encode(digest)})


def _judge(reply: Reply, hide: list[str], now: datetime) -> Outcome:
    """``errcode`` alone decides; DingTalk answers HTTP 200 to a refusal too."""
    said = json_object(reply.body)
    stated = verdict(said, hide) if said is not None else None
    if stated is not None:
        return stated
    return failure(reply, now) or Retry(Reason.UNINTELLIGIBLE, f"HTTP {reply.status}，答复中没有 errcode")
