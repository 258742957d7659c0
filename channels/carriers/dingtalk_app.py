"""An enterprise's own robot in a DingTalk group: it can recall what it said, and knows who has read it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import orjson
from pydantic import BaseModel, ConfigDict, Field

from channels.carriers.address import Base, Key
from channels.carriers.answer import LONGEST_REFERENCE, json_object
from channels.carriers.dingtalk_app_errors import turned_away
from channels.carriers.http import unanswered
from channels.carriers.redact import unspeakable
from channels.carriers.session import Session, Stopped, Token, as_wire_error
from channels.contract import (
    Accepted,
    Kind,
    Outcome,
    Pace,
    Proves,
    Reason,
    ReceiptKind,
    Refused,
    Rendition,
    Retracts,
    Retry,
    StatedReceipt,
    Wire,
    WireError,
)

JSON = {"content-type": "application/json"}
READERS = 200  # how many the far end names at a time, and as many as are counted
STEP = timedelta(seconds=4)


class AppSettings(BaseModel):
    """The application that the robot belongs to, and the group it speaks in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Base = Field(default="https://api.dingtalk.com", repr=False, title="接口地址", description="一般不用改")
    app_key: str = Field(
        min_length=1, max_length=100, title="AppKey", description="应用的“凭证与基础信息”页中的 Client ID（原 AppKey）"
    )
    app_secret: Key = Field(title="AppSecret", description="同一页中的 Client Secret（原 AppSecret）")
    robot_code: str = Field(min_length=1, max_length=100, title="机器人编码", description="应用的机器人的 robotCode")
    conversation: str = Field(
        min_length=1, max_length=200, title="群会话编号", description="机器人所在群的 openConversationId"
    )
    cool_app: str = Field(
        default="", max_length=100, title="酷应用编码", description="机器人由群聊酷应用安装时填写 coolAppCode，否则留空"
    )


class DingTalkApp:
    """``reference`` holds the key of the message and, after it, those of older ones that are still in the chat. A
    retraction recalls them and says in a message of its own that the search has ended: a recall leaves no trace, and who
    has read and passed on the first message must learn of the end."""

    name: ClassVar[str] = "dingtalk_app"
    title: ClassVar[str] = "钉钉企业机器人"
    retracts: ClassVar[Retracts] = Retracts.TAKE_DOWN
    proves: ClassVar[Proves] = Proves.RECEIVED
    carries: ClassVar[frozenset[str] | None] = frozenset({"dingtalk"})
    where: ClassVar[tuple[str, ...]] = ("url", "robot_code", "conversation")
    timeout: ClassVar[timedelta] = 3 * STEP
    pace: ClassVar[Pace | None] = Pace(count=20, per=timedelta(minutes=1), reserve=2)
    tend_every: ClassVar[timedelta] = timedelta(minutes=1)
    renews_within: ClassVar[timedelta | None] = None
    settings: type[AppSettings] = AppSettings

    async def send(
        self, rendition: Rendition, settings: AppSettings, *, key: str, prior: str | None, now: datetime, wire: Wire
    ) -> Outcome:
        """One card; what it replaces is recalled. DingTalk knows no key, so a retry after a lost answer may show twice."""
        card = _card(rendition)
        if card is None:
            return Refused(Reason.REJECTED, "这一渠道的版式不能发到钉钉群")
        hide = unspeakable(rendition, settings.url, settings.app_secret)
        group, before, ends = _Group(settings, now, wire, hide), _keys(prior), rendition.notice.kind is Kind.RETRACT
        try:
            # The end must not wait for what can fail, nor the new words for the old ones to go.
            left = await group.recalled(before) if ends else before
            said = await group.said(card)
            left = left if ends else await group.recalled(before)
        except Stopped as stopped:
            return stopped.outcome
        except WireError as error:
            return unanswered(error, hide)
        gone = ends and bool(before) and not left
        return Accepted(_reference(said, left), _recalled(len(before)) if gone else None)

    async def tend(
        self, rendition: Rendition, settings: AppSettings, *, key: str, reference: str | None, now: datetime, wire: Wire
    ) -> Sequence[StatedReceipt]:
        """Who has read it; after the end, what is left to be recalled."""
        keys = _keys(reference)
        if not keys:
            return ()
        group = _Group(settings, now, wire, unspeakable(rendition, settings.url, settings.app_secret))
        try:
            if rendition.notice.kind is Kind.RETRACT:
                older = keys[1:]
                left = [one for one in await group.recalled(older) if await group.status(one) != "RECALLED"]
                return (_recalled(len(older)),) if older and not left else ()
            return await group.read(keys[0])
        except Stopped as stopped:
            raise as_wire_error(stopped) from stopped


class _Group:
    """The robot in its group, for the length of one send."""

    def __init__(self, settings: AppSettings, now: datetime, wire: Wire, hide: Sequence[str]) -> None:
        self._settings, self._now, self._hide, self._wire = settings, now, hide, wire
        token = ("dingtalk_app", settings.url, settings.app_key, settings.app_secret)
        self._session = Session(wire, token, self._token, _header, now, STEP)

    async def said(self, card: Mapping[str, str]) -> str:
        """Sends the card; its key. Raises Stopped or WireError."""
        body = {"msgKey": "sampleActionCard", "msgParam": orjson.dumps(card).decode()}
        if self._settings.cool_app:
            body["coolAppCode"] = self._settings.cool_app
        said = await self._ask("send", body)
        key = said.get("processQueryKey")
        if not isinstance(key, str) or not key or " " in key or len(key) > LONGEST_REFERENCE:
            raise Stopped(Retry(Reason.UNINTELLIGIBLE, "答复中没有 processQueryKey"))
        return key

    async def recalled(self, keys: Sequence[str]) -> list[str]:
        """Takes messages out of the chat; those of ``keys`` that the far end did not say are gone."""
        if not keys:
            return []
        try:
            said = await self._ask("recall", {"processQueryKeys": list(keys)})
        except (Stopped, WireError):
            return list(keys)
        gone = said.get("successResult")
        return [key for key in keys if not isinstance(gone, list) or key not in gone]

    async def status(self, key: str) -> str:
        return str((await self._ask("query", {"processQueryKey": key, "maxResults": READERS})).get("sendStatus"))

    async def read(self, key: str) -> Sequence[StatedReceipt]:
        said = await self._ask("query", {"processQueryKey": key, "maxResults": READERS})
        if said.get("sendStatus") == "RECALLED":
            return (StatedReceipt(ReceiptKind.REJECTED, note="消息已在钉钉中被撤回"),)
        readers = said.get("readUserIds")
        if not isinstance(readers, list) or not readers:
            return ()
        more = "以上" if said.get("hasMore") is True else ""
        return (StatedReceipt(ReceiptKind.RECEIVED, note=f"群内 {len(readers)} 人{more}已读"),)

    async def _ask(self, what: str, more: Mapping[str, Any]) -> dict[str, Any]:
        whom = {"robotCode": self._settings.robot_code, "openConversationId": self._settings.conversation}
        url = f"{self._settings.url}/v1.0/robot/groupMessages/{what}"
        reply = await self._session.call("POST", url, JSON, orjson.dumps({**whom, **more}))
        no = turned_away(reply, self._now, self._hide)
        if no is not None:
            raise Stopped(no)
        return json_object(reply.body) or {}

    async def _token(self) -> Token:
        body = {"appKey": self._settings.app_key, "appSecret": self._settings.app_secret.get_secret_value()}
        url = f"{self._settings.url}/v1.0/oauth2/accessToken"
        headers = {**JSON, "user-agent": "huijia"}
        reply = await self._wire.request("POST", url, headers=headers, timeout=STEP, body=orjson.dumps(body))
        no = turned_away(reply, self._now, self._hide)
        if no is not None:
            raise Stopped(Refused(Reason.BAD_CREDENTIALS, no.detail) if isinstance(no, Refused) else no)
        said = json_object(reply.body) or {}
        value, seconds = said.get("accessToken"), said.get("expireIn")
        if not isinstance(value, str) or not value or not isinstance(seconds, int) or seconds <= 0:
            raise Stopped(Retry(Reason.UNINTELLIGIBLE, "取令牌的答复中没有 accessToken"))
        return Token.lasting(value, seconds, self._now)


def _header(token: str) -> Mapping[str, str]:
    return {"x-acs-dingtalk-access-token": token}


def _card(rendition: Rendition) -> Mapping[str, str] | None:
    title, markdown, button = (rendition.texts.get(name) for name in ("title", "markdown", "button"))
    if not isinstance(title, str) or not isinstance(markdown, str) or not isinstance(button, str):
        return None
    return {"title": title, "text": markdown, "singleTitle": button, "singleURL": rendition.notice.page_url}


def _keys(reference: str | None) -> list[str]:
    return reference.split() if reference else []


def _reference(said: str, left: Iterable[str]) -> str:
    """The newest of what is left where not all fit: a cut key recalls nothing."""
    text = said
    for key in left:
        if len(text) + 1 + len(key) > LONGEST_REFERENCE:
            break
        text += f" {key}"
    return text


def _recalled(count: int) -> StatedReceipt:
    return StatedReceipt(ReceiptKind.TAKEN_DOWN, note=f"已撤回有编号的 {count} 条消息，并另发结束通知")
