"""LED screens on NovaStar's VNNOX cloud: emergency insertion, up to a hundred players a call."""

import hashlib
import secrets
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import orjson
from pydantic import BaseModel, ConfigDict, Field

from channels.carriers.address import Base, Key
from channels.carriers.answer import json_object
from channels.carriers.http import failure, unanswered
from channels.carriers.likeness import is_likeness
from channels.carriers.redact import plain, unspeakable
from channels.carriers.session import Stopped, as_wire_error
from channels.carriers.vnnox_page import UNKNOWN, page
from channels.carriers.vnnox_shot import DOWN, UP, shot, tail
from channels.contract import (
    Accepted,
    Call,
    Cleared,
    Heard,
    Kind,
    Outcome,
    Pace,
    Proves,
    Reason,
    Refused,
    Rendition,
    Retracts,
    Retry,
    Send,
    StatedReceipt,
    Wire,
    WireError,
)

INSERT = "/v2/player/emergency-program/page"
CANCEL = "/v2/player/emergency-program/cancel"
CAPTURE = "/v2/player/real-time-control/screen-capture"

RENEWED = timedelta(minutes=19)  # and the look itself: no two renewals are more than 20 minutes apart
LOOKED_AT = timedelta(minutes=15)  # how long after an insertion or a cancellation the screen is photographed
AGAIN = timedelta(minutes=2.5)  # how long after a cancellation it is repeated: at three looks


class VnnoxSettings(BaseModel):
    """The account, and the player of this one screen."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Base = Field(
        default="https://open-cn.vnnox.com", repr=False, title="接口地址", description="账号所在区域的主机，一般不用改"
    )
    app_key: str = Field(pattern=r"^[!-~]{1,200}$", title="AppKey", description="诺瓦云开放平台应用的 AppKey")
    app_secret: Key = Field(title="AppSecret", description="同一应用的 AppSecret")
    player: str = Field(pattern=r"^[!-~]{1,100}$", title="播放器编号", description="该屏的 playerId")
    notice_url: Base | None = Field(
        default=None,
        repr=False,
        title="截屏回调地址",
        description="本发布点的回调地址，诺瓦云须能访问；留空即由平台填写",
    )
    font_size: int = Field(
        default=32, ge=8, le=400, title="文字字号", description="没有海报、只发文字时的字号，单位为像素"
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """What ``reference`` holds: when it was inserted (or cancelled), and the likeness of what was inserted."""

    at: datetime
    like: str

    def __str__(self) -> str:
        return f"{int(self.at.timestamp())} {self.like}"

    @classmethod
    def read(cls, text: str | None) -> "_Shown | None":
        at, _, like = (text or "").partition(" ")
        known = like if is_likeness(like) else UNKNOWN  # an outlet may have been on another wire before
        return cls(datetime.fromtimestamp(int(at), UTC), known) if at.isdecimal() and len(at) < 12 else None


class Vnnox:
    """``success`` in the answer means sent to the player, not seen: a screenshot proves that. A cancellation names players
    and no programme, so that it clears whatever else of ours is on the screen: that comes back when it is next tended."""

    name: ClassVar[str] = "vnnox"
    title: ClassVar[str] = "诺瓦云（LED 屏）"
    retracts: ClassVar[Retracts] = Retracts.BY_TARGET_ONLY
    proves: ClassVar[Proves] = Proves.AIRED
    carries: ClassVar[frozenset[str] | None] = frozenset({"screen", "billboard"})
    where: ClassVar[tuple[str, ...]] = ("url", "player")
    timeout: ClassVar[timedelta] = timedelta(seconds=8)
    pace: ClassVar[Pace | None] = None
    most: ClassVar[int] = 100
    tend_every: ClassVar[timedelta] = timedelta(minutes=1)
    renews_within: ClassVar[timedelta | None] = RENEWED
    address: ClassVar[str] = "notice_url"
    settings: type[VnnoxSettings] = VnnoxSettings

    def group(self, settings: VnnoxSettings) -> Hashable:
        """Players of one account share a call, where words would be of one size."""
        return settings.url, settings.app_key, settings.app_secret, settings.font_size

    async def send(
        self, rendition: Rendition, settings: VnnoxSettings, *, key: str, prior: str | None, now: datetime, wire: Wire
    ) -> Outcome:
        """Insert the page, or cancel whatever is inserted."""
        (outcome,) = await self.send_all(rendition, (Send(settings, key, prior),), now=now, wire=wire)
        return outcome

    async def send_all(
        self, rendition: Rendition, sends: Sequence[Send], *, now: datetime, wire: Wire
    ) -> Sequence[Outcome]:
        """The same for up to a hundred players; each has been reached or not."""
        first: VnnoxSettings = sends[0].settings
        players = list(dict.fromkeys(send.settings.player for send in sends))
        account = _Account(first, now, wire, unspeakable(rendition, first.url, first.app_secret), self.timeout)
        likes = [shown.like if (shown := _Shown.read(send.prior)) else UNKNOWN for send in sends]
        try:
            if rendition.notice.kind is Kind.RETRACT:
                reached = await account.post(CANCEL, {"playerIds": players})
            else:
                made = await page(rendition, first.font_size, now, wire)
                if made is None:
                    return [Refused(Reason.REJECTED, "没有海报，也没有文字，无法上屏")] * len(sends)
                reached, likes = await account.post(INSERT, {"playerIds": players, **made[0]}), [made[1]] * len(sends)
        except Stopped as stopped:
            return [stopped.outcome] * len(sends)
        except WireError as error:
            return [unanswered(error, account.hide)] * len(sends)
        return [
            _outcome(reached.get(send.settings.player), _Shown(now, like))
            for send, like in zip(sends, likes, strict=True)
        ]

    async def tend(
        self,
        rendition: Rendition,
        settings: VnnoxSettings,
        *,
        key: str,
        reference: str | None,
        now: datetime,
        wire: Wire,
    ) -> Sequence[StatedReceipt | Cleared]:
        """Ask for a screenshot, which comes by itself; then insert a live notice anew, for another hour, and where
        something else has cleared it."""
        hide = unspeakable(rendition, settings.url, settings.app_secret)
        account, shown = _Account(settings, now, wire, hide, self.timeout / 2), _Shown.read(reference)
        if rendition.notice.kind is Kind.RETRACT:
            return await _over(account, shown, key) if shown else ()
        with suppress(Stopped, WireError):
            await account.photograph(UP, shown, key)
        if now >= rendition.notice.expires_at:
            return ()
        made = await page(rendition, settings.font_size, now, wire)
        try:
            reached = await account.post(INSERT, {**account.one, **made[0]}) if made else {}
        except Stopped as stopped:
            raise as_wire_error(stopped) from stopped
        if reached.get(settings.player) is False:
            raise WireError(Reason.UNREACHABLE, "诺瓦云未能送达播放器")
        return ()

    async def hear(self, settings: VnnoxSettings, call: Call, *, now: datetime, wire: Wire) -> Heard:
        """The screenshot."""
        return await shot(settings.player, call, wire)


@dataclass(frozen=True, slots=True)
class _Account:
    """Calls in the name of one account."""

    settings: VnnoxSettings
    now: datetime
    wire: Wire
    hide: list[str]
    timeout: timedelta

    @property
    def one(self) -> dict[str, Any]:
        """The player of these settings."""
        return {"playerIds": [self.settings.player]}

    async def photograph(self, way: str, shown: _Shown | None, key: str) -> None:
        """Ask for a screenshot, as long as it proves something. Raises Stopped or WireError."""
        if self.settings.notice_url and shown and self.now - shown.at < LOOKED_AT:
            back = f"{self.settings.notice_url}/{tail(way, shown.like, key)}"
            await self.post(CAPTURE, {**self.one, "noticeUrl": back})

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, bool]:
        """Which players were reached, by id. Raises Stopped or WireError."""
        url = self.settings.url + path
        sent = orjson.dumps(body)
        reply = await self.wire.request("POST", url, headers=self._headers(), timeout=self.timeout, body=sent)
        no = failure(reply, self.now)
        said = json_object(reply.body) or {}
        if no is not None:
            words = next((said[name] for name in ("message", "msg", "error") if isinstance(said.get(name), str)), "")
            detail = plain(f"{no.detail} {words}", self.hide)
            raise Stopped(Refused(no.reason, detail) if isinstance(no, Refused) else Retry(no.reason, detail, no.after))
        if not isinstance(said.get("success"), list) and not isinstance(said.get("fail"), list):
            raise Stopped(Retry(Reason.UNINTELLIGIBLE, "答复中没有 success 和 fail"))
        reached = {one: True for one in said.get("success") or () if isinstance(one, str)}
        return reached | {one: False for one in said.get("fail") or () if isinstance(one, str)}

    def _headers(self) -> Mapping[str, str]:
        """``CheckSum`` is SHA-256 of secret, nonce and Unix seconds, in hexadecimal digits."""
        nonce, at = secrets.token_hex(8), str(int(self.now.timestamp()))
        signed = f"{self.settings.app_secret.get_secret_value()}{nonce}{at}"
        return {
            "content-type": "application/json",
            "user-agent": "huijia",
            "AppKey": self.settings.app_key,
            "Nonce": nonce,
            "CurTime": at,
            "CheckSum": hashlib.sha256(signed.encode()).hexdigest(),
        }


async def _over(account: _Account, shown: _Shown, key: str) -> Sequence[Cleared]:
    """Photograph what is there, and soon after the end cancel it once more: VNNOX knows no numbers of notices, and an
    insertion that was under way when the alert ended may have come in later. Whatever is answered, it may have cleared."""
    soon = account.now - shown.at < AGAIN
    try:
        await account.photograph(DOWN, shown, key)
    except (Stopped, WireError) as error:
        if not soon:
            raise as_wire_error(error) from error
    if not soon:
        return ()
    with suppress(Stopped, WireError):
        await account.post(CANCEL, account.one)
    return (Cleared(),)


def _outcome(reached: bool | None, shown: _Shown) -> Outcome:
    if reached is None:
        return Retry(Reason.UNINTELLIGIBLE, "答复中没有提到这个播放器")
    if not reached:
        return Retry(Reason.UNREACHABLE, "诺瓦云未能送达播放器，可能离线")
    return Accepted(str(shown))
