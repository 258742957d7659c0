"""A group chat's custom robot, as open.dingtalk.com describes it: HTTP is always 200, the errcode tells."""

import base64
import hashlib
import hmac
import json
import re
from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

SIGNED_FOR = timedelta(hours=1)
WINDOW = timedelta(minutes=1)
MOST = 20  # messages in a window …
BLOCKED = timedelta(minutes=10)  # … and what exceeding it costs

Answer = tuple[int, str]

OK: Answer = (0, "ok")
NO_TOKEN: Answer = (400101, "access_token不存在")
BAD_TIMESTAMP: Answer = (310000, "invalid timestamp")
BAD_SIGN: Answer = (310000, "sign not match")
BAD_HEADER: Answer = (43004, "无效的HTTP HEADER Content-Type")
NO_JSON: Answer = (40035, "缺少参数 json")
BAD_TYPE: Answer = (400105, "不支持的消息类型")
TOO_FAST: Answer = (130101, "send too fast, exceed 20 times per minute")

# The members that each kind of message must bring, beside the button(s) of an actionCard.
NEEDED = {
    "text": ("content",),
    "markdown": ("title", "text"),
    "link": ("title", "text", "messageUrl"),
    "actionCard": ("title", "text"),
    "feedCard": (),
}
CODE = re.compile(r"(?<![0-9A-Za-z])HJ-[0-9A-Z-]*[0-9A-Z]")  # it may stand right after 编号
MARK = {"【演练】": "exercise", "【测试】": "test"}


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message in the chat. ``links`` are (title, address). ``status`` is read off its words."""

    at: str
    kind: str
    title: str
    text: str
    links: tuple[tuple[str, str], ...]
    everyone: bool
    status: str
    alert: str | None


class Robot:
    """One robot of one group. Nothing said in a chat can be taken back: a correction is one more bubble."""

    def __init__(self, token: str, secret: str) -> None:
        self.token = token
        self._secret = secret
        self._bubbles: deque[Bubble] = deque(maxlen=200)
        self._sent: deque[datetime] = deque()
        self._blocked_until: datetime | None = None

    def hear(self, query: dict[str, str], content_type: str, body: bytes, now: datetime) -> Answer:
        """Take one call of the robot's address; ``query`` holds ``timestamp`` (ms) and ``sign``."""
        refusal = self._unsigned(query, now) or self._too_fast(now)
        if refusal:
            return refusal
        if content_type.split(";")[0].strip().lower() != "application/json":
            return BAD_HEADER
        message = read(body, now)
        if isinstance(message, Bubble):
            self._bubbles.append(message)
            return OK
        return message

    def chat(self) -> list[dict[str, Any]]:
        """The bubbles, oldest first."""
        return [asdict(bubble) for bubble in self._bubbles]

    def latest(self) -> Bubble:
        """The bubble at the bottom. Raises ``IndexError`` in an empty chat."""
        return self._bubbles[-1]

    def forget(self) -> None:
        """An empty chat and a fresh minute."""
        self._bubbles.clear()
        self._sent.clear()
        self._blocked_until = None

    def _unsigned(self, query: dict[str, str], now: datetime) -> Answer | None:
        stamp = query.get("timestamp", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
            return BAD_TIMESTAMP
        if abs(now.timestamp() * 1000 - int(stamp)) > SIGNED_FOR.total_seconds() * 1000:
            return BAD_TIMESTAMP
        digest = hmac.new(self._secret.encode(), f"{stamp}\n{self._secret}".encode(), hashlib.sha256).digest()
        right = hmac.compare_digest(base64.b64encode(digest), query.get("sign", "").encode())
        return None if right else BAD_SIGN

    def _too_fast(self, now: datetime) -> Answer | None:
        if self._blocked_until is not None and now < self._blocked_until:
            return TOO_FAST
        while self._sent and self._sent[0] <= now - WINDOW:
            self._sent.popleft()
        if len(self._sent) >= MOST:
            self._blocked_until = now + BLOCKED
            return TOO_FAST
        self._sent.append(now)
        return None


def read(body: bytes, now: datetime) -> Bubble | Answer:
    """The bubble that a message makes, or the errcode that it earns."""
    try:
        message = json.loads(body)
    except (UnicodeDecodeError, json.JSONDecodeError):
        return NO_JSON
    if not isinstance(message, dict):
        return NO_JSON
    kind = message.get("msgtype")
    if not isinstance(kind, str) or kind not in NEEDED:
        return BAD_TYPE
    part = message.get(kind)
    if not isinstance(part, dict) or not all(_filled(part, name) for name in NEEDED[kind]):
        return NO_JSON
    links = _links(kind, part)
    if kind in ("actionCard", "feedCard") and not links:
        return NO_JSON
    title, text = (part.get("title", ""), part.get("text") or part.get("content", ""))
    words = " ".join([title, text, *(word for link in links for word in link)])
    code = CODE.search(words)
    at = message.get("at")
    return Bubble(
        at=now.isoformat(timespec="milliseconds"),
        kind=kind,
        title=title,
        text=text,
        links=links,
        everyone=isinstance(at, dict) and at.get("isAtAll") is True,
        status=next((status for mark, status in MARK.items() if mark in words), "actual"),
        alert=code.group() if code else None,
    )


def _filled(part: dict[str, Any], name: str) -> bool:
    value = part.get(name)
    return isinstance(value, str) and bool(value.strip())


def _links(kind: str, part: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """link spells ``messageUrl``, feedCard ``messageURL``, an actionCard ``singleURL`` or ``actionURL``."""
    if kind == "link":
        return ((part["title"], part["messageUrl"]),)
    if kind == "actionCard" and _filled(part, "singleTitle") and _filled(part, "singleURL"):
        return ((part["singleTitle"], part["singleURL"]),)
    listed, address = {"actionCard": ("btns", "actionURL"), "feedCard": ("links", "messageURL")}.get(kind, ("", ""))
    found = part.get(listed)
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    return tuple((row["title"], row[address]) for row in rows if _filled(row, "title") and _filled(row, address))
