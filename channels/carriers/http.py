"""What an HTTP status says about a notice. One table for every wire."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from channels.carriers.redact import plain
from channels.contract import Reason, Refused, Reply, Retry, WireError

LONGEST_WAIT = timedelta(hours=1)

# 4xx that say "not now" instead of "no": timeout, conflict, misdirected, locked, too early, too many.
_NOT_NOW = {
    408: Reason.TIMEOUT,
    409: Reason.SERVER_ERROR,
    421: Reason.SERVER_ERROR,
    423: Reason.SERVER_ERROR,
    425: Reason.SERVER_ERROR,
    429: Reason.THROTTLED,
}
_NO = {
    401: Reason.BAD_CREDENTIALS,
    403: Reason.BAD_CREDENTIALS,
    407: Reason.BAD_CREDENTIALS,
    404: Reason.GONE,
    410: Reason.GONE,
}
_UNANSWERED = {
    Reason.UNREACHABLE: "连不上对方",
    Reason.TIMEOUT: "对方没有在时限内答复",
    Reason.BROKEN: "连接在答复途中断开",
    Reason.NO_FILE: "本机可打开的文件数用尽，未发出",
}


def failure(reply: Reply, now: datetime) -> Retry | Refused | None:
    """What the status says when it is not 2xx; ``None`` when it is, and the body has the last word."""
    status = reply.status
    if 200 <= status < 300:
        return None
    if status in _NO or (400 <= status < 500 and status not in _NOT_NOW):
        return Refused(_NO.get(status, Reason.REJECTED), f"HTTP {status}")
    wait = retry_after(reply.headers.get("retry-after", ""), now)
    if 300 <= status < 400:
        return Retry(Reason.REDIRECTED, f"HTTP {status}，不跟随跳转", wait)
    if 500 <= status < 600:
        return Retry(Reason.SERVER_ERROR, f"HTTP {status}", wait)
    return Retry(_NOT_NOW.get(status, Reason.UNINTELLIGIBLE), f"HTTP {status}", wait)


def unanswered(error: WireError, hide: Iterable[str] = ()) -> Retry:
    """Nobody knows whether it aired."""
    said = _UNANSWERED.get(error.reason, "没有得到可用的答复")
    return Retry(error.reason, plain(f"{said}：{error.detail}" if error.detail else said, hide))


def retry_after(value: str, now: datetime) -> timedelta | None:
    """RFC 9110 §10.2.3: seconds or a date, here between nothing and one hour. ``None`` when it says neither."""
    value = value.strip()
    if re.fullmatch(r"[0-9]+", value):
        return min(timedelta(seconds=int(value[:6])), LONGEST_WAIT) if len(value) <= 6 else LONGEST_WAIT
    try:
        at = parsedate_to_datetime(value)
        wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)
