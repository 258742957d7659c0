"""NovaStar's VNNOX cloud with its players, as its open platform v2 describes it: emergency insertion and screenshots.

``success`` means sent to a player. The player then loads the picture by itself, checks size and MD5, and shows it.
"""

import asyncio
import hashlib
import hmac
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.led_page import Page, Refusal, read, strings
from sandbox.led_shot import photographed

FRESH = timedelta(minutes=10)  # the platform checks CurTime and does not say how closely
MOST = 100
HOUR = timedelta(hours=1)
CALLS_AN_HOUR = 1500

Fetch = Callable[[str], Awaitable[bytes | None]]
Tell = Callable[[str, dict[str, Any]], Awaitable[str]]
Answer = tuple[int, Any]

log = logging.getLogger("sandbox.led")


@dataclass(slots=True)
class Player:
    """One screen. ``page`` is the emergency page that it was last sent; ``picture`` what it loaded for it; ``shot`` the
    name of its last screenshot, and the only one that is kept."""

    name: str
    online: bool = True
    page: Page | None = None
    since: datetime | None = None
    picture: bytes | None = None
    complaint: str = ""
    shot: str = ""

    def showing(self, now: datetime) -> Page | None:
        """The emergency page that the public sees: one with a picture only once that has been loaded."""
        page = self.page
        if page is None or self.since is None or now >= self.since + page.duration:
            return None
        return page if page.url is None or self.picture is not None else None


@dataclass(slots=True)
class LedCloud:
    """One account. ``fetch`` loads a picture, ``tell`` posts to a noticeUrl and gives what was answered."""

    key: str
    secret: str = field(repr=False)
    players: dict[str, Player]
    base: str
    fetch: Fetch
    tell: Tell
    clock: Callable[[], datetime]
    shots: dict[str, bytes] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    heard: list[datetime] = field(default_factory=list)

    def call(self, path: str, headers: dict[str, str], body: Any) -> Answer:
        """One POST; the path after /v2/player/."""
        now = self.clock()
        refusal = self._unsigned(headers, now) or self._too_many(now)
        if refusal is not None:
            return refusal
        if headers.get("content-type", "").split(";")[0].strip() != "application/json" or not isinstance(body, dict):
            return 400, {"message": "application/json expected"}
        verbs = {
            "emergency-program/page": self._insert,
            "emergency-program/cancel": self._cancel,
            "real-time-control/screen-capture": self._capture,
        }
        if path not in verbs:
            return 404, {"message": "no such interface"}
        try:
            players = strings(body.get("playerIds"), "playerIds", MOST)
            return 200, verbs[path](players, body, now)
        except Refusal as refused:
            return 406, {"message": str(refused)}

    def showing(self, player: str) -> dict[str, Any] | None:
        """What the public sees on that screen now, or ``None`` for its usual programme."""
        one, now = self.players[player], self.clock()
        page = one.showing(now)
        if page is None or one.since is None:
            return None
        return {
            "name": page.name,
            "url": page.url,
            "lines": page.lines,
            "since": one.since,
            "until": one.since + page.duration,
        }

    async def settle(self) -> None:
        """Until every picture is loaded and every screenshot sent."""
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)

    def forget(self) -> None:
        """As on the first day."""
        for player in self.players.values():
            player.page = player.picture = player.since = None
            player.online, player.complaint = True, ""
        self.shots.clear()
        self.heard.clear()

    def _unsigned(self, headers: dict[str, str], now: datetime) -> Answer | None:
        nonce, at = headers.get("nonce", ""), headers.get("curtime", "")
        if not (nonce and nonce.isascii() and 8 <= len(nonce) <= 64 and re.fullmatch(r"\d{10}", at)):
            return 401, {"message": "Nonce or CurTime is missing"}
        if abs(now.timestamp() - int(at)) > FRESH.total_seconds():
            return 401, {"message": "CurTime is out of range"}
        right = hashlib.sha256((self.secret + nonce + at).encode()).hexdigest()
        signed = hmac.compare_digest(right, headers.get("checksum", "")) and headers.get("appkey") == self.key
        return None if signed else (401, {"message": "CheckSum does not match"})

    def _too_many(self, now: datetime) -> Answer | None:
        self.heard[:] = [at for at in self.heard if at > now - HOUR]
        if len(self.heard) >= CALLS_AN_HOUR:
            return 429, {"message": "too many requests"}
        self.heard.append(now)
        return None

    def _reached(self, players: list[str]) -> tuple[list[str], list[str]]:
        success = [one for one in players if one in self.players and self.players[one].online]
        return success, [one for one in players if one not in success]

    def _insert(self, players: list[str], body: dict[str, Any], now: datetime) -> dict[str, list[str]]:
        page = read(body)
        success, fail = self._reached(players)
        for one in success:
            player = self.players[one]
            player.page, player.since, player.complaint = page, now, ""
            if page.url is not None:
                self._start(self._load(player, page))
        return {"success": success, "fail": fail}

    def _cancel(self, players: list[str], body: dict[str, Any], now: datetime) -> dict[str, list[str]]:
        success, fail = self._reached(players)
        for one in success:
            self.players[one].page = self.players[one].since = self.players[one].picture = None
        return {"success": success, "fail": fail}

    def _capture(self, players: list[str], body: dict[str, Any], now: datetime) -> dict[str, list[str]]:
        notice = body.get("noticeUrl")
        if not isinstance(notice, str) or not re.match(r"https?://", notice):
            raise Refusal("noticeUrl")
        success, fail = self._reached(players)
        for one in success:
            self._start(self._photograph(one, notice))
        return {"success": success, "fail": fail}

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _load(self, player: Player, page: Page) -> None:
        picture = await self.fetch(page.url or "")
        if player.page is not page:
            return
        if picture is None:
            player.complaint = "the picture could not be loaded"
        elif len(picture) != page.size or hashlib.md5(picture, usedforsecurity=False).hexdigest() != page.md5:
            player.complaint = "the picture is not the one that was announced"
        else:
            player.picture = picture
            return
        player.picture = None
        log.warning("player %s: %s", player.name, player.complaint)

    async def _photograph(self, one: str, notice: str) -> None:
        player, now = self.players[one], self.clock()
        page = player.showing(now)
        shot = await asyncio.to_thread(photographed, player.picture if page is not None else None)
        name = f"{hashlib.sha256(f'{one}{now.isoformat()}'.encode()).hexdigest()[:32]}.jpg"
        self.shots.pop(player.shot, None)
        self.shots[name], player.shot = shot, name
        said = {
            "playerId": one,
            "playerTime": f"{now:%Y-%m-%d %H:%M:%S}",
            "screenShotUrl": f"{self.base}/shots/{name}?Expires=7200&Signature=c2FuZGJveA%3D%3D",
        }
        for _ in range(3):
            if await self.tell(notice, said) == "ok":
                return
        player.complaint = "the screenshot was not taken"
