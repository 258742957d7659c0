"""Screens that a Xibo CMS runs: the poster as an interrupt in the schedule of a display group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, field_validator

from channels.carriers.address import Base, Key
from channels.carriers.answer import json_object
from channels.carriers.http import failure, unanswered
from channels.carriers.redact import plain, unspeakable
from channels.carriers.session import Session, Stopped, Token, as_wire_error
from channels.carriers.xibo_cms import INTERRUPT, Cms, Event, event_name, media_name
from channels.contract import (
    Accepted,
    Kind,
    Notice,
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
    Status,
    Wire,
    WireError,
)
from channels.wording import title

STEP = timedelta(seconds=5)
LAPSES = timedelta(hours=1)
"""How long an event is scheduled ahead: a player that has lost its CMS drops what it keeps after so long."""

RENEWED = timedelta(minutes=19)  # and the look itself: no two renewals are more than 20 minutes apart
GRID = timedelta(minutes=10)  # ends are rounded up to it, so that a call made again is the same call
EARLIER = timedelta(hours=1)  # events begin in the past: a player's clock may be slow


class XiboSettings(BaseModel):
    """The CMS, the application that huijia is there, and the display group of this outlet."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Base = Field(repr=False, title="CMS 地址", description="CMS 首页的网址，不含 /api")
    client_id: str = Field(min_length=1, max_length=200, title="客户端编号", description="CMS“应用”页中的 Client ID")
    client_secret: Key = Field(title="客户端密钥", description="同一应用的 Client Secret")
    group: int = Field(ge=1, title="显示组编号", description="displayGroupId；单块屏用该屏自己的显示组")
    seconds_per_hour: int = Field(
        default=3600, ge=1, le=3600, title="每小时播出秒数", description="插播占每小时多少秒，3600 为独占"
    )
    priority: int = Field(default=9, ge=1, le=100, title="优先级", description="高于该屏其他插播即可；演练和测试低一级")
    utc_offset: int = Field(
        default=8, ge=-12, le=14, title="CMS 时区", description="CMS 设置的时区，与 UTC 相差的小时数"
    )

    @field_validator("url")
    @classmethod
    def _is_the_home(cls, value: str) -> str:
        if value.endswith("/api"):
            raise ValueError("CMS 地址只写到首页，不含 /api")
        return value


@dataclass(frozen=True, slots=True)
class _Placed:
    """What ``reference`` holds of a notice that is up."""

    event: int
    campaign: int
    layout: int

    def __str__(self) -> str:
        return f"{self.event} {self.campaign} {self.layout}"

    @classmethod
    def read(cls, text: str | None) -> "_Placed | None":
        numbers = [int(word) for word in (text or "").split() if word.isdecimal()]
        return cls(*numbers) if len(numbers) == 3 else None


class Xibo:
    """Everything is found again by a name that holds the alert's number, so that the end takes away what is there, and
    not only what was answered for."""

    name: ClassVar[str] = "xibo"
    title: ClassVar[str] = "Xibo 信息发布系统"
    retracts: ClassVar[Retracts] = Retracts.TAKE_DOWN
    proves: ClassVar[Proves] = Proves.AIRED
    carries: ClassVar[frozenset[str] | None] = frozenset({"screen", "billboard"})
    where: ClassVar[tuple[str, ...]] = ("url", "group")
    timeout: ClassVar[timedelta] = 3 * STEP
    pace: ClassVar[Pace | None] = None
    tend_every: ClassVar[timedelta] = timedelta(minutes=1)
    renews_within: ClassVar[timedelta | None] = RENEWED
    settings: type[XiboSettings] = XiboSettings

    async def send(
        self, rendition: Rendition, settings: XiboSettings, *, key: str, prior: str | None, now: datetime, wire: Wire
    ) -> Outcome:
        """Put it up and then take older ones down; or, at the end, take all of them down and their pictures away."""
        hide = unspeakable(rendition, settings.url, settings.client_secret)
        cms, notice = _cms(settings, now, wire, hide), rendition.notice
        try:
            there = await cms.events(notice.alert)
            if notice.kind is Kind.RETRACT:
                return await _ended(cms, notice, there, _Placed.read(prior))
            mine = next((event for event in there if event.number == notice.number), None)
            if mine is None:
                mine = await _put_up(cms, rendition, settings, now, wire)
            await _older_down(cms, [event for event in there if event.number < notice.number])
        except Stopped as stopped:
            return stopped.outcome
        except WireError as error:
            return unanswered(error, hide)
        return Accepted(str(_Placed(mine.event, mine.campaign, mine.layout)))

    async def tend(
        self,
        rendition: Rendition,
        settings: XiboSettings,
        *,
        key: str,
        reference: str | None,
        now: datetime,
        wire: Wire,
    ) -> Sequence[StatedReceipt]:
        """Schedule a live notice for another hour and ask whether it was played; after the end, what the displays show."""
        cms = _cms(settings, now, wire, unspeakable(rendition, settings.url, settings.client_secret))
        try:
            if rendition.notice.kind is Kind.RETRACT:
                return await _gone(cms, reference)
            placed = _Placed.read(reference)
            if placed is None or now >= rendition.notice.expires_at:
                return ()
            return await _live(cms, rendition.notice, settings, placed, now)
        except Stopped as stopped:
            raise as_wire_error(stopped) from stopped


async def _put_up(cms: Cms, rendition: Rendition, settings: XiboSettings, now: datetime, wire: Wire) -> Event:
    notice = rendition.notice
    poster = next((one for one in rendition.media if one.role == "poster" and one.mime.startswith("image/")), None)
    if poster is None:
        raise Stopped(Refused(Reason.REJECTED, "没有海报；请在发布点的屏幕尺寸中填写像素"))
    try:
        picture = await wire.content(poster)
    except LookupError as error:
        raise Stopped(Refused(Reason.BAD_CONTENT, "海报已不再保存")) from error
    name, until = media_name(title(notice), notice.alert, notice.number, settings.group), notice.expires_at
    try:
        media = await cms.upload(name, picture, poster.mime, _clock(until, settings))
    except Stopped:  # the CMS may not want a name twice: it is there already when that answer was lost
        already = [media for media, number in (await cms.pictures(notice.alert)).items() if number == notice.number]
        if not already:
            raise
        media = already[0]
    layout, campaign = await cms.layout(media)
    called = event_name(title(notice), notice.alert, notice.number, layout, media)
    event = await cms.schedule(_form(notice, settings, campaign, called, now))
    return Event(event, campaign, notice.alert, notice.number, layout, media)


async def _older_down(cms: Cms, older: Sequence[Event]) -> None:
    """What the new one replaces. A refusal here is none of the new one, which is up: it must not be taken for that."""
    try:
        for event in older:
            await cms.remove(f"schedule/{event.event}")
            await cms.remove(f"library/{event.media}")
    except Stopped as stopped:
        outcome = stopped.outcome
        raise Stopped(Retry(outcome.reason, f"新通告已排期，旧通告未能删除：{outcome.detail}")) from stopped


async def _ended(cms: Cms, notice: Notice, there: Sequence[Event], placed: _Placed | None) -> Accepted:
    for event in there:
        await cms.remove(f"schedule/{event.event}")
    for media in {event.media for event in there} | set(await cms.pictures(notice.alert)):
        await cms.remove(f"library/{media}")
    layouts = {event.layout for event in there} | ({placed.layout} if placed else set())
    return Accepted(" ".join(map(str, sorted(layouts)[-10:])) or None)


async def _live(
    cms: Cms, notice: Notice, settings: XiboSettings, placed: _Placed, now: datetime
) -> Sequence[StatedReceipt]:
    there = [event for event in await cms.events(notice.alert) if event.event == placed.event]
    if not there:
        return (StatedReceipt(ReceiptKind.REJECTED, note="排期已在 CMS 中被删除"),)
    called = event_name(title(notice), notice.alert, notice.number, there[0].layout, there[0].media)
    await cms.prolong(placed.event, _form(notice, settings, placed.campaign, called, now))
    since, until = _clock(notice.issued_at, settings), _clock(now + GRID, settings)
    plays = await cms.played(placed.campaign, since, until)
    return (StatedReceipt(ReceiptKind.AIRED, note=f"播放记录 {plays} 次"),) if plays else ()


async def _gone(cms: Cms, reference: str | None) -> Sequence[StatedReceipt]:
    """Down when every display is in touch and says that it shows something else."""
    layouts = {int(word) for word in (reference or "").split() if word.isdecimal()}
    screens = await cms.screens() if layouts else []
    if not screens or not all(screen.online and screen.layout not in (None, *layouts) for screen in screens):
        return ()
    return (StatedReceipt(ReceiptKind.TAKEN_DOWN, note=f"{len(screens)} 块屏在线，均已显示其他内容"),)


def _form(notice: Notice, settings: XiboSettings, campaign: int, called: str, now: datetime) -> Mapping[str, object]:
    return {
        "eventTypeId": INTERRUPT,
        "name": called,
        "campaignId": campaign,
        "displayOrder": 0,
        "isPriority": settings.priority - (notice.status is not Status.ACTUAL),  # a real child goes before an exercise
        "shareOfVoice": settings.seconds_per_hour,
        "dayPartId": 0,  # the times below, and no part of the day
        "syncTimezone": 0,
        "fromDt": _clock(notice.issued_at - EARLIER, settings),
        "toDt": _clock(min(_rounded_up(now + LAPSES), notice.expires_at), settings),
    }


def _rounded_up(at: datetime) -> datetime:
    past = (at - datetime(1970, 1, 1, tzinfo=UTC)) % GRID
    return at + (GRID - past) % GRID


def _clock(at: datetime, settings: XiboSettings) -> str:
    """The CMS reads times without an offset, in its own time zone."""
    return f"{at.astimezone(UTC) + timedelta(hours=settings.utc_offset):%Y-%m-%d %H:%M:%S}"


def _cms(settings: XiboSettings, now: datetime, wire: Wire, hide: Sequence[str]) -> Cms:
    async def token() -> Token:
        secret = settings.client_secret.get_secret_value()
        form = {"grant_type": "client_credentials", "client_id": settings.client_id, "client_secret": secret}
        headers = {"content-type": "application/x-www-form-urlencoded", "user-agent": "huijia"}
        url = f"{settings.url}/api/authorize/access_token"
        reply = await wire.request("POST", url, headers=headers, timeout=STEP, body=urlencode(form).encode())
        no, said = failure(reply, now), json_object(reply.body) or {}
        if isinstance(no, Refused):
            raise Stopped(Refused(Reason.BAD_CREDENTIALS, plain(f"{no.detail} {said.get('message') or ''}", hide)))
        if no is not None:
            raise Stopped(no)
        value, seconds = said.get("access_token"), said.get("expires_in")
        if not isinstance(value, str) or not value or not isinstance(seconds, int) or seconds <= 0:
            raise Stopped(Retry(Reason.UNINTELLIGIBLE, "取令牌的答复中没有 access_token"))
        return Token.lasting(value, seconds, now)

    key = ("xibo", settings.url, settings.client_id, settings.client_secret)
    session = Session(wire, key, token, lambda value: {"authorization": f"Bearer {value}"}, now, STEP)
    return Cms(session, settings.url, settings.group, now, hide)
