"""What the ``code`` of api.dingtalk.com says about a message. It is a word, comes with HTTP 4xx, and outranks the status:
a call that was too fast is answered 403."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from channels.carriers import dingtalk_errors
from channels.carriers.answer import json_object
from channels.carriers.http import failure
from channels.carriers.redact import LONGEST, plain
from channels.contract import Accepted, Reason, Refused, Reply, Retry

# An application may call an interface 20 times in a second; the limit lasts for that second.
AFTER_TOO_MANY = timedelta(seconds=2)

_THROTTLED = ("qpslimit", "throttl", "toofast", "toomany", "flowcontrol", "ratelimit")
_CREDENTIALS = ("invalidauthentication", "accesstoken", "forbidden", "robotcode.auth", "appkey", "permission")
_GONE = ("bot.stopped", "template.stopped", "not.existed", "notexisted", "notexsit", "notexist", "openconversationid")
_CONTENT = ("unsafe", "sensitive", "illegalcontent", "msg.unsupport")
_BUSY = ("serviceunavailable", "systemerror", "internalerror", "unknownerror", "systembusy", "unknown.send.result")


def turned_away(reply: Reply, now: datetime, hide: Iterable[str] = ()) -> Retry | Refused | None:
    """What the answer says when it is no success; ``None`` when nothing in it speaks against one."""
    said = json_object(reply.body)
    if said is not None:
        code = said.get("code")
        if isinstance(code, str) and code.strip() not in ("", "0", "ok", "OK"):
            return _by_code(code, _detail(code, str(said.get("message") or ""), tuple(hide)), reply, now)
        gateway = dingtalk_errors.verdict(said, hide)
        if gateway is not None and not isinstance(gateway, Accepted):
            return gateway
    return failure(reply, now)


def _by_code(code: str, detail: str, reply: Reply, now: datetime) -> Retry | Refused:
    word, stated = code.lower(), failure(reply, now)
    if _any(_THROTTLED, word):
        wait = stated.after if isinstance(stated, Retry) else None
        return Retry(Reason.THROTTLED, detail, wait or AFTER_TOO_MANY)
    if _any(_CREDENTIALS, word):
        return Refused(Reason.BAD_CREDENTIALS, detail)
    if _any(_GONE, word):
        return Refused(Reason.GONE, detail)
    if _any(_CONTENT, word):
        return Refused(Reason.BAD_CONTENT, detail)
    if _any(_BUSY, word):
        return Retry(Reason.SERVER_ERROR, detail)
    if isinstance(stated, Retry):
        return Retry(stated.reason, detail, stated.after)
    if word.startswith(("invalid", "missing", "param")):
        return Refused(Reason.REJECTED, detail)
    return Refused(stated.reason, detail) if stated else Retry(Reason.UNINTELLIGIBLE, detail)


def _detail(code: str, message: str, hide: tuple[str, ...]) -> str:
    """The code whole, although it is as long as a key: it is what the vendor's pages are searched for."""
    is_a_name = re.fullmatch(r"[A-Za-z.]{1,80}", code) and not any(secret and secret in code for secret in hide)
    return f"{code if is_a_name else plain(code, hide)} {plain(message, hide)}"[:LONGEST].strip()


def _any(signs: Iterable[str], word: str) -> bool:
    return any(sign in word for sign in signs)
