"""To tell the person who is told: a message to the address that was set, and whether it was taken."""

import logging
from datetime import timedelta

import orjson

from channels.carriers.answer import json_object
from channels.contract import Wire, WireError

HEADERS = {"content-type": "application/json", "user-agent": "huijia"}

log = logging.getLogger("huijia.watchdog")


async def alarm(wire: Wire, url: str, words: str, timeout: timedelta) -> str | None:
    """``None`` when it was taken; else why not. A DingTalk robot answers 200 as well when it tells nobody: its ``errcode`` says
    that a keyword is missing, the token is dead, or there were too many."""
    body = orjson.dumps({"msgtype": "text", "text": {"content": words}})
    try:
        reply = await wire.request("POST", url, headers=HEADERS, timeout=timeout, body=body)
    except WireError as e:
        return str(e.reason)
    except Exception:
        log.exception("the alarm failed")
        return "a fault of ours"
    if not 200 <= reply.status < 300:
        return f"HTTP {reply.status}"
    code = (json_object(reply.body) or {}).get("errcode")
    return f"errcode {code}" if isinstance(code, int) and code != 0 else None
