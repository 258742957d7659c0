"""OBS Studio at a station or a stream: the crawl, the slate and the lower third, on and off again."""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from channels.carriers.host import Host, Port
from channels.carriers.line import Ended, answered, concluded
from channels.carriers.obs.acts import Scene, bring_on, frame, prove, remember, take_off, unseen
from channels.carriers.obs.layout import Part, is_on, items
from channels.carriers.obs.session import Session, session
from channels.carriers.obs.survey import Survey, alone, canvas, placed, survey
from channels.carriers.redact import unspeakable
from channels.carriers.running import began, complaint_at, is_over, is_slate
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
    StatedReceipt,
    Wire,
)

_SEEN = "播出画面中已看到字条，画面留存"
_OFF = "OBS 中已没有这条寻人，画面留存"
_ROLES = {"slate": Part.SLATE, "lower_third": Part.LOWER_THIRD}


class ObsSettings(BaseModel):
    """``scene`` is one that the station has put into each of its scenes; without it the scene on air is used."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: Host = Field(title="主机", description="运行 OBS 的电脑的主机名或 IP 地址")
    port: Port = Field(default=4455, title="端口", description="OBS“工具 → WebSocket 服务器设置”中的端口")
    password: SecretStr | None = Field(
        default=None, title="口令", description="同一处的服务器密码；未启用身份认证时留空"
    )
    scene: str = Field(
        default="", max_length=200, title="叠加场景", description="已嵌入各播出场景的叠加场景名；留空则用当前播出场景"
    )
    slate_minutes: int = Field(
        default=1, ge=0, le=60, title="整屏分钟数", description="每次整屏播出的分钟数，独占时段另计；0 表示不播整屏"
    )
    lower_third: bool = Field(default=True, title="图文条", description="不播整屏时，在字幕上方显示带照片的图文条")
    font: str = Field(default="", max_length=100, title="字幕字体", description="该电脑上的中文字体名；留空用默认字体")


class Obs:
    """``reference`` is the time at which the notice was brought on; slate and repetition count from it."""

    name: ClassVar[str] = "obs"
    title: ClassVar[str] = "OBS 播出"
    retracts: ClassVar[Retracts] = Retracts.TAKE_DOWN
    proves: ClassVar[Proves] = Proves.AIRED
    carries: ClassVar[frozenset[str] | None] = frozenset({"tv"})
    where: ClassVar[tuple[str, ...]] = ("host", "port")
    timeout: ClassVar[timedelta] = timedelta(seconds=10)
    pace: ClassVar[Pace | None] = None
    tend_every: ClassVar[timedelta] = timedelta(seconds=5)
    # Staff change scenes, delete items and restart OBS; the slate comes and goes.
    renews_within: ClassVar[timedelta | None] = tend_every
    settings: type[ObsSettings] = ObsSettings

    async def send(
        self, rendition: Rendition, settings: ObsSettings, *, key: str, prior: str | None, now: datetime, wire: Wire
    ) -> Outcome:
        """Bring it on, or take it off. Names and marks are those of the alert: what an answer was lost to is found."""
        if not isinstance(rendition.texts.get("crawl"), str):
            return Refused(Reason.REJECTED, "这一渠道的版式不能在 OBS 上播出")
        hide = unspeakable(rendition, "", settings.password)
        return await concluded(self._send(rendition, settings, now, wire, hide), hide)

    async def _send(
        self, rendition: Rendition, settings: ObsSettings, now: datetime, wire: Wire, hide: list[str]
    ) -> Outcome:
        notice = rendition.notice
        async with session(wire, settings.host, settings.port, settings.password, self.timeout, hide) as obs:
            found = await survey(obs, notice.alert)
            if notice.kind is Kind.RETRACT:
                await take_off(obs, found)
                await remember(obs, notice)
            elif found.newest > notice.number:
                return Refused(Reason.REJECTED, "OBS 上已是这条通告的更新版本")
            else:
                await remember(obs, notice)
                await _show(obs, rendition, settings, found, since=now, now=now, wire=wire)
        return Accepted(reference=now.isoformat(timespec="seconds"))

    async def tend(
        self,
        rendition: Rendition,
        settings: ObsSettings,
        *,
        key: str,
        reference: str | None,
        now: datetime,
        wire: Wire,
    ) -> Sequence[StatedReceipt]:
        """Put it right where it has gone, and look: aired once every part is seen in the programme, taken down once nothing
        of the alert is left; each with a frame."""
        hide = unspeakable(rendition, "", settings.password)
        return await answered(self._tend(rendition, settings, reference, now, wire, hide))

    async def _tend(
        self,
        rendition: Rendition,
        settings: ObsSettings,
        reference: str | None,
        now: datetime,
        wire: Wire,
        hide: list[str],
    ) -> Sequence[StatedReceipt]:
        notice = rendition.notice
        since = began(reference, notice.issued_at)
        async with session(wire, settings.host, settings.port, settings.password, self.timeout, hide) as obs:
            found = await survey(obs, notice.alert)
            if notice.kind is Kind.RETRACT:
                if found.inputs or found.doubles:
                    await take_off(obs, found)
                    return ()
                return (StatedReceipt(ReceiptKind.TAKEN_DOWN, note=_OFF, proof=await frame(obs, found)),)
            if found.newest > notice.number:
                return ()
            scene, seen = await _show(obs, rendition, settings, found, since=since, now=now, wire=wire)
            if not seen:
                return ()
            return (await _seen(obs, notice, found, scene, seen, since=since, now=now),)


async def _seen(
    obs: Session, notice: Notice, found: Survey, scene: str, wanted: set[Part], *, since: datetime, now: datetime
) -> StatedReceipt:
    """Aired, with the moment at which it was first seen so; or which parts are not seen."""
    lacking = await unseen(obs, found, scene, wanted, notice.alert)
    first = found.aired_at(notice.number)
    if not lacking and first is not None:
        return StatedReceipt(ReceiptKind.AIRED, first)
    proof = await prove(obs, found, notice, now) if not lacking else None
    if proof is None:
        note = f"播出画面中看不到{'、'.join(lacking or (Part.BAND,))}"
        return StatedReceipt(ReceiptKind.RECEIVED, complaint_at(since=since, now=now), note)
    return StatedReceipt(ReceiptKind.AIRED, now, _SEEN, proof=proof)


async def _show(
    obs: Session,
    rendition: Rendition,
    settings: ObsSettings,
    found: Survey,
    *,
    since: datetime,
    now: datetime,
    wire: Wire,
) -> tuple[str, set[Part]]:
    """Bring on what is due at this moment. The scene it is in, and the parts that should be seen."""
    notice = rendition.notice
    if settings.scene and settings.scene not in found.scenes:
        raise Ended(Refused(Reason.GONE, f"OBS 中没有名为“{settings.scene}”的叠加场景"))
    scene = settings.scene or found.program
    standing = await placed(obs, scene)
    face = canvas(found, standing)
    pictures = await _pictures(rendition, settings, found, wire)
    laid = items(rendition, pictures, face, found.text_kind, settings.font)
    slate = Part.SLATE in pictures and is_slate(
        rendition.duty, timedelta(minutes=settings.slate_minutes), since=since, now=now
    )
    over = is_over(rendition.duty, since=since, now=now)
    single = alone(notice.alert, standing)
    seen = {item.part for item in laid if is_on(item.part, slate=slate, alone=single) and not over}
    await bring_on(obs, notice, found, Scene(scene, standing, face), laid, seen)
    return scene, seen


async def _pictures(rendition: Rendition, settings: ObsSettings, found: Survey, wire: Wire) -> dict[Part, str]:
    """The pictures themselves as ``data:`` addresses, which OBS opens like files: the station's machine need not reach
    huijia. Those that stand there already are not fetched again."""
    pictures: dict[Part, str] = {}
    for media in rendition.media:
        part = _ROLES.get(media.role)
        if part is None or (part is Part.SLATE and not settings.slate_minutes):
            continue
        if part is Part.LOWER_THIRD and not settings.lower_third:
            continue
        if part in found.inputs and found.shows(rendition.notice.number):
            pictures[part] = ""
            continue
        try:
            body = await wire.content(media)
        except LookupError:
            continue
        pictures[part] = f"data:{media.mime};base64,{base64.b64encode(body).decode()}"
    return pictures
