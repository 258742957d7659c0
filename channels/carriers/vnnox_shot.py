"""The screenshot that VNNOX sends after it was asked for one, as evidence."""

import asyncio
import re
from datetime import timedelta

from channels.carriers.answer import is_evidence, json_object
from channels.carriers.likeness import NoPictureError, alike, is_likeness, likeness
from channels.carriers.vnnox_page import UNKNOWN
from channels.contract import Call, Echo, Heard, Proof, ReceiptKind, Reply, StatedReceipt, Wire, WireError

IN_TIME = timedelta(seconds=2)  # VNNOX waits 3 s for our answer
PART = 64 * 1024  # what the wire reads of one answer
MOST_PARTS = 16

UP, DOWN = "up", "down"

_OK = Reply(200, {"content-type": "text/plain"}, b"ok")  # anything else makes VNNOX call again
_NO = Reply(400, {"content-type": "text/plain"}, b"not a screenshot of this player")

_TAIL = re.compile(rf"(?P<way>{UP}|{DOWN})/(?P<like>[0-9a-f]+|{UNKNOWN})/(?P<key>[A-Za-z0-9_.:~-]{{1,80}})")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


_WORDS = {True: "截屏与海报相符", False: "截屏中已不是海报", None: "截屏未能比对，请核对"}


def tail(way: str, like: str, key: str) -> str:
    """What is put behind the outlet's address so that the screenshot tells what it is to be compared with."""
    return f"{way}/{like}/{key}"


async def shot(player: str, call: Call, wire: Wire) -> Heard:
    """One callback: ``{playerId, playerTime, screenShotUrl}``."""
    meant, said = _TAIL.fullmatch(call.tail), json_object(call.body)
    if meant is None or said is None or said.get("playerId") != player:
        return Heard(_NO, alive=False)
    link, at = said.get("screenShotUrl"), said.get("playerTime")
    if not isinstance(link, str) or not link.startswith(("http://", "https://")):
        return Heard(_NO, alive=False)
    picture = await _fetched(link, wire)
    seen = await _seen(picture, meant["like"])
    kind = _kind(meant["way"], seen)
    if kind is None:
        return Heard(_OK)
    clock = f"，屏幕时间 {at}" if isinstance(at, str) and _TIME.fullmatch(at) else ""
    words = _WORDS[seen]
    proof = Proof(_mime(picture), picture) if picture is not None and seen is not None else None
    receipt = StatedReceipt(kind, note=words + clock, evidence=link if is_evidence(link) else "", proof=proof)
    return Heard(_OK, (Echo(receipt, key=meant["key"]),))


def _kind(way: str, seen: bool | None) -> ReceiptKind | None:
    """A picture that shows something else proves nothing about a publish; one that shows it still disproves the end."""
    if seen is None:
        return ReceiptKind.RECEIVED
    if way == UP:
        return ReceiptKind.AIRED if seen else None
    return None if seen else ReceiptKind.TAKEN_DOWN


async def _seen(picture: bytes | None, like: str) -> bool | None:
    """Whether the poster is on it; ``None`` when that cannot be told."""
    if picture is None or not is_likeness(like):
        return None
    try:
        return alike(await asyncio.to_thread(likeness, picture), like)
    except NoPictureError:
        return None


async def _fetched(link: str, wire: Wire) -> bytes | None:
    """The whole picture, in parts, or ``None``: the link outlives our answer, and VNNOX does not wait."""
    try:
        async with asyncio.timeout(IN_TIME.total_seconds()):
            first = await _part(link, 0, wire)
            total = _total(first)
            if total is None or total > PART * MOST_PARTS:
                return None
            rest = await asyncio.gather(*(_part(link, start, wire) for start in range(PART, total, PART)))
    except (TimeoutError, WireError):
        return None
    whole = b"".join([first.body, *(part.body for part in rest)])
    return whole if len(whole) == total else None


async def _part(link: str, start: int, wire: Wire) -> Reply:
    headers = {"user-agent": "huijia", "range": f"bytes={start}-{start + PART - 1}"}
    return await wire.request("GET", link, headers=headers, timeout=IN_TIME)


def _total(first: Reply) -> int | None:
    """The size of it all (RFC 9110 §14.4), or ``None`` when the first answer does not tell, or was cut."""
    if first.status == 200:
        return len(first.body) if len(first.body) < PART else None
    size = re.fullmatch(r"bytes 0-\d+/(\d+)", first.headers.get("content-range", ""))
    return int(size[1]) if first.status == 206 and size else None


def _mime(picture: bytes) -> str:
    return "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
