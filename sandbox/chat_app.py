"""An enterprise's own robot in a group chat, as api.dingtalk.com describes it: send, recall, and who has read."""

import json
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sandbox.robot import CODE, MARK, Bubble

TOKEN_SECONDS = 7200
LONGEST_PARAM = 15_000  # bytes of msgParam
A_SECOND, A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)
CALLS_A_SECOND, MESSAGES_A_MINUTE = 20, 20

NEEDED = {
    "sampleText": ("content",),
    "sampleMarkdown": ("title", "text"),
    "sampleActionCard": ("title", "text", "singleTitle", "singleURL"),
}

Answer = tuple[int, dict[str, Any]]


@dataclass(slots=True)
class Message:
    """One message: it stays known after it was recalled, without its words."""

    bubble: Bubble
    recalled: bool = False
    readers: list[str] = field(default_factory=list)


class ChatApp:
    """One application with its robot in one group."""

    def __init__(self, key: str, secret: str, robot: str, conversation: str, clock: Callable[[], datetime]) -> None:
        self._key, self._secret, self._robot, self._conversation, self._clock = key, secret, robot, conversation, clock
        self.messages: dict[str, Message] = {}
        self.members: list[str] = ["manager4220", "user0101", "user0102"]
        self._tokens: dict[str, datetime] = {}
        self._calls: deque[datetime] = deque()
        self._said: deque[datetime] = deque()

    def token(self, body: Any) -> Answer:
        """``POST /v1.0/oauth2/accessToken``."""
        if not isinstance(body, dict) or (body.get("appKey"), body.get("appSecret")) != (self._key, self._secret):
            return _no(400, "invalidClientIdOrSecret", "无效的clientId或者clientSecret")
        now = self._clock()
        live = [value for value, until in self._tokens.items() if now < until]
        value = live[-1] if live else secrets.token_hex(16)  # the same one again as long as it lasts
        self._tokens[value] = now + timedelta(seconds=TOKEN_SECONDS)
        return 200, {"accessToken": value, "expireIn": TOKEN_SECONDS}

    def revoke(self) -> None:
        """Every token is taken back before its time."""
        self._tokens.clear()

    def call(self, verb: str, token: str, body: Any) -> Answer:
        """``POST /v1.0/robot/groupMessages/{send,recall,query}``."""
        now = self._clock()
        if now >= self._tokens.get(token, now):
            return _no(401, "InvalidAuthentication", "不合法的access_token")
        if _full(self._calls, now, A_SECOND, CALLS_A_SECOND):
            return _no(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", "请求过于频繁，请稍后重试")
        if not isinstance(body, dict):
            return _no(400, "invalidParameter.param.invalid", "参数不合法")
        if body.get("robotCode") != self._robot:
            return _no(400, "invalidParameter.robotCode.notExsit", "机器人不存在")
        if body.get("openConversationId") != self._conversation:
            return _no(400, "invalid.openConversationId", "无效的openConversationId")
        verbs = {"send": self._send, "recall": self._recall, "query": self._query}
        return verbs[verb](body, now) if verb in verbs else _no(404, "InvalidAction.NotFound", "接口不存在")

    def chat(self) -> list[dict[str, Any]]:
        """The messages that are in the chat now, oldest first."""
        return [asdict(one.bubble) for one in self.messages.values() if not one.recalled]

    def read_by(self, *members: str) -> None:
        """These people look into the chat."""
        for message in self.messages.values():
            if not message.recalled:
                message.readers.extend(member for member in members if member not in message.readers)

    def forget(self) -> None:
        """An empty chat and a fresh minute."""
        self.messages.clear()
        self._calls.clear()
        self._said.clear()

    def _send(self, body: dict[str, Any], now: datetime) -> Answer:
        kind, text = body.get("msgKey"), body.get("msgParam")
        if kind not in NEEDED:
            return _no(400, "invalidParameter.msgKey.invalid", "无效的msgKey")
        if not isinstance(text, str) or len(text.encode()) > LONGEST_PARAM:
            return _no(400, "invalidParameter.msgParam.invalid", "msgParam须为JSON格式的字符串")
        try:
            param = json.loads(text)
        except ValueError:
            return _no(400, "invalidParameter.msgParam.invalid", "msgParam须为JSON格式")
        if not isinstance(param, dict) or not all(
            isinstance(param.get(name), str) and param[name] for name in NEEDED[kind]
        ):
            return _no(400, "invalidParameter.msgParam.invalid", "msgParam缺少参数")
        if _full(self._said, now, A_MINUTE, MESSAGES_A_MINUTE):
            return _no(400, "send.tooFast", "发送速度太快而限流")
        key = secrets.token_urlsafe(32) + "="
        self.messages[key] = Message(_bubble(kind, param, now))
        return 200, {"processQueryKey": key}

    def _recall(self, body: dict[str, Any], now: datetime) -> Answer:
        keys = body.get("processQueryKeys")
        if not isinstance(keys, list) or not keys:
            return _no(400, "invalidParameter.processQueryKey.missing", "缺少processQueryKey")
        success: list[str] = []
        failed: dict[str, str] = {}
        for key in keys:
            message = self.messages.get(key)
            if message is None or message.recalled:
                failed[key] = "消息不存在" if message is None else "消息已撤回"
            else:
                message.recalled, message.bubble = True, replace(message.bubble, title="", text="", links=())
                success.append(key)
        return 200, {"successResult": success, "failedResult": failed}

    def _query(self, body: dict[str, Any], now: datetime) -> Answer:
        most, message = body.get("maxResults", 200), self.messages.get(str(body.get("processQueryKey")))
        if not isinstance(most, int) or not 1 <= most <= 200:
            return _no(400, "invalidParameter.pageSize.invalid", "maxResults超出上限200")
        if message is None:
            return _no(400, "invalid.processQueryKey", "无效的processQueryKey")
        state = "RECALLED" if message.recalled else "SUCCESS"
        return 200, {"sendStatus": state, "readUserIds": message.readers[:most], "hasMore": len(message.readers) > most}


def _bubble(kind: str, param: dict[str, str], now: datetime) -> Bubble:
    links = ((param["singleTitle"], param["singleURL"]),) if kind == "sampleActionCard" else ()
    title, text = param.get("title", ""), param.get("text") or param.get("content", "")
    words = f"{title} {text}"
    code = CODE.search(words)
    status = next((status for mark, status in MARK.items() if mark in words), "actual")
    at = now.isoformat(timespec="milliseconds")
    return Bubble(at, kind, title, text, links, everyone=False, status=status, alert=code.group() if code else None)


def _full(heard: deque[datetime], now: datetime, window: timedelta, most: int) -> bool:
    """Whether one more is too many; counts it when it is not."""
    while heard and heard[0] <= now - window:
        heard.popleft()
    if len(heard) >= most:
        return True
    heard.append(now)
    return False


def _no(status: int, code: str, message: str) -> Answer:
    return status, {"code": code, "message": message, "requestid": secrets.token_hex(8).upper()}
