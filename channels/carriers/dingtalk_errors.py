"""What DingTalk's ``errcode`` says about a message. ``errmsg`` may change; it is read only where one code has several
meanings (310000) or the code is not in the published table."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from channels.carriers.redact import plain
from channels.contract import Accepted, Outcome, Reason, Refused, Retry

# A robot may speak 20 times in a minute. One question a minute neither feeds the block nor misses its end by much.
ONE_WINDOW = timedelta(minutes=1)

_SECURITY = 310000
_BUSY = -1
_THROTTLED = frozenset({410100, 130101, 302033})
_REFUSED = {
    40035: Reason.REJECTED,  # a parameter is missing
    43004: Reason.REJECTED,  # content type
    400105: Reason.REJECTED,  # message type
    88: Reason.BAD_CREDENTIALS,  # authentication, see sub_code
    300001: Reason.BAD_CREDENTIALS,  # token is not exist
    300005: Reason.BAD_CREDENTIALS,  # token is not exist
    400101: Reason.BAD_CREDENTIALS,  # access_token 不存在
    400013: Reason.GONE,  # 群已被解散
    400102: Reason.GONE,  # 机器人已停用
    400106: Reason.GONE,  # 机器人不存在（不在群中）
    430101: Reason.BAD_CONTENT,  # 含有不安全的外链
    430102: Reason.BAD_CONTENT,  # 含有不合适的文本
    430103: Reason.BAD_CONTENT,  # 含有不合适的图片
    430104: Reason.BAD_CONTENT,  # 含有不合适的内容
}


def verdict(said: dict[str, Any], hide: Iterable[str] = ()) -> Outcome | None:
    """The outcome that the body states, or ``None`` when it holds no ``errcode``."""
    code, words = said.get("errcode"), str(said.get("errmsg") or "")
    if isinstance(code, str) and code.strip().lstrip("-").isdecimal():
        code = int(code)
    if not isinstance(code, int) or isinstance(code, bool):
        return _blocked(said)
    detail = plain(f"errcode {code} {words}", hide)
    if code == 0:
        return Accepted()
    if code in _THROTTLED:
        return Retry(Reason.THROTTLED, detail, ONE_WINDOW)
    if code == _BUSY:
        return Retry(Reason.SERVER_ERROR, detail)
    if code == _SECURITY:
        return _security(words.lower(), detail)
    if code in _REFUSED:
        return Refused(_REFUSED[code], detail)
    if any(sign in words.lower() for sign in ("too fast", "限流", "exceed 20 times")):
        return Retry(Reason.THROTTLED, detail, ONE_WINDOW)
    return Retry(Reason.UNINTELLIGIBLE, detail)


def _security(words: str, detail: str) -> Outcome:
    if "timestamp" in words:  # the next attempt signs anew; it comes through once the clocks agree
        return Retry(Reason.BAD_CREDENTIALS, detail)
    return Refused(Reason.BAD_CONTENT if "keyword" in words else Reason.BAD_CREDENTIALS, detail)


def _blocked(said: dict[str, Any]) -> Outcome | None:
    """The answer of the gateway before the robot: ``{"status": 1111, "wait": 5, "source": "x5", "punish": "deny"}``."""
    if "punish" not in said and said.get("status") != 1111:
        return None
    return Retry(Reason.THROTTLED, "钉钉网关拦截：发送过快", ONE_WINDOW)
