"""CasparCG Server at a television station, by AMCP: a template of the station, filled by huijia (docs/channels/amcp.md)."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator

from channels.carriers.amcp_line import Amcp, amcp, quoted
from channels.carriers.host import Host, Port
from channels.carriers.line import Ended, answered, concluded
from channels.carriers.redact import unspeakable
from channels.carriers.running import began, is_over
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
    Status,
    Wire,
)
from channels.wording import beijing

SERIALS = 10_000
_RANGES = {Status.ACTUAL: 0, Status.EXERCISE: 1, Status.TEST: 2}
_SEQUENCE = re.compile(r"([0-9]+)$")
_LAYER = re.compile(r"<layer_([0-9]+)>(.*?)</layer_\1>", re.DOTALL)
_PRODUCER = re.compile(r"<foreground>.*?<producer>([^<]*)</producer>.*?</foreground>", re.DOTALL)

# The server hands the data on as a JavaScript string in which it has escaped the quotation marks and nothing else: a
# backslash that JSON needs for a quotation mark ends that string early, and the template gets nothing at all.
_SAFE = str.maketrans({'"': "＂", "\\": "＼", "\u2028": " ", "\u2029": " "})


class AmcpSettings(BaseModel):
    """``layer`` is where the layers of alerts begin: each has one of its own above it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: Host = Field(title="主机", description="CasparCG Server 的主机名或 IP 地址")
    port: Port = Field(default=5250, title="端口", description="AMCP 端口，一般为 5250")
    channel: int = Field(default=1, ge=1, le=99, title="视频通道", description="播出通道的编号，从 1 开始")
    layer: int = Field(
        default=10_000, ge=0, le=900_000, title="起始图层", description="其上 30000 个图层号归回家使用，不得另作他用"
    )
    template: str = Field(
        default="huijia/alert", max_length=200, title="模板", description="模板目录下的 HTML 模板名，不含 .html"
    )

    @field_validator("template")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if not value.strip() or not value.isprintable() or any(char in value for char in '"\\?'):
            raise ValueError("模板名不得为空，也不得含引号、反斜杠和问号")
        return value.strip()


@dataclass(frozen=True, slots=True)
class Record:
    """What the server's own store keeps of a layer: whose it is, the newest notice, and its row on the picture."""

    alert: str
    number: int
    row: int


class CasparCg:
    """``reference`` is the time at which the notice was brought on."""

    name: ClassVar[str] = "amcp"
    title: ClassVar[str] = "CasparCG 播出"
    retracts: ClassVar[Retracts] = Retracts.TAKE_DOWN
    proves: ClassVar[Proves] = Proves.AIRED
    carries: ClassVar[frozenset[str] | None] = frozenset({"tv"})
    where: ClassVar[tuple[str, ...]] = ("host", "port", "channel", "layer")
    timeout: ClassVar[timedelta] = timedelta(seconds=8)
    pace: ClassVar[Pace | None] = None
    tend_every: ClassVar[timedelta] = timedelta(seconds=5)
    # A server that was restarted, or set to another format, has lost all its layers.
    renews_within: ClassVar[timedelta | None] = tend_every
    settings: type[AmcpSettings] = AmcpSettings

    async def send(
        self, rendition: Rendition, settings: AmcpSettings, *, key: str, prior: str | None, now: datetime, wire: Wire
    ) -> Outcome:
        """Bring it on, or take it off. The layer follows from the alert's number: what an answer was lost to is found."""
        if not isinstance(rendition.texts.get("crawl"), str):
            return Refused(Reason.REJECTED, "这一渠道的版式不能在 CasparCG 上播出")
        return await concluded(self._send(rendition, settings, now, wire), unspeakable(rendition, settings.host))

    async def _send(self, rendition: Rendition, settings: AmcpSettings, now: datetime, wire: Wire) -> Outcome:
        notice = rendition.notice
        layer = layer_of(notice, settings)
        async with amcp(wire, settings.host, settings.port, self.timeout) as server:
            if notice.kind is Kind.RETRACT:
                await _take_off(server, settings, layer)
                await _keep(server, layer, Record(notice.alert, notice.number, row=0))
            else:
                record = await _recalled(server, layer)
                if record and record.alert == notice.alert and record.number > notice.number:
                    return Refused(Reason.REJECTED, "CasparCG 上已是这条通告的更新版本")
                await _bring_on(server, rendition, settings, layer, record)
        return Accepted(reference=now.isoformat(timespec="seconds"))

    async def tend(
        self,
        rendition: Rendition,
        settings: AmcpSettings,
        *,
        key: str,
        reference: str | None,
        now: datetime,
        wire: Wire,
    ) -> Sequence[StatedReceipt]:
        """Aired while the server states that the layer plays, taken down once it states that the layer is empty. What has
        gone is brought on again."""
        return await answered(self._tend(rendition, settings, reference, now, wire))

    async def _tend(
        self, rendition: Rendition, settings: AmcpSettings, reference: str | None, now: datetime, wire: Wire
    ) -> Sequence[StatedReceipt]:
        notice = rendition.notice
        layer = layer_of(notice, settings)
        where = f"{settings.channel}-{layer}"
        since = began(reference, notice.issued_at)
        async with amcp(wire, settings.host, settings.port, self.timeout) as server:
            playing = (await _playing(server, settings.channel)).get(layer)
            if notice.kind is Kind.RETRACT:
                if playing is None:
                    return (StatedReceipt(ReceiptKind.TAKEN_DOWN, note=f"图层 {where} 已空"),)
                await _take_off(server, settings, layer)
                return ()
            record = await _recalled(server, layer)
            if record and record.alert == notice.alert and record.number > notice.number:
                return ()
            if is_over(rendition.duty, since=since, now=now):
                if playing is not None:
                    await _take_off(server, settings, layer)
                return ()
            if playing is None:
                await _bring_on(server, rendition, settings, layer, record)
                return ()
        return (StatedReceipt(ReceiptKind.AIRED, since, f"图层 {where} 正在播出（{playing[:20]}）"),)


def layer_of(notice: Notice, settings: AmcpSettings) -> int:
    """The layer of an alert: that of its serial number, exercises and tests in ranges of their own."""
    found = _SEQUENCE.search(notice.alert)
    serial = int(found[1]) if found else zlib.crc32(notice.alert.encode())
    return settings.layer + _RANGES[notice.status] * SERIALS + serial % SERIALS


def template_data(rendition: Rendition, row: int) -> bytes:
    """What the template's ``update`` is handed: JSON without a single backslash."""
    notice = rendition.notice
    pictures = {media.role: media.url for media in rendition.media}
    data: dict[str, Any] = {
        "alert": notice.alert,
        "number": notice.number,
        "kind": notice.kind,
        "status": notice.status,
        "title": rendition.texts["title"],
        "crawl": rendition.texts["crawl"],
        "slate": pictures.get("slate", ""),
        "lower_third": pictures.get("lower_third", ""),
        "photo": pictures.get("photo", ""),
        "expires_at": beijing(notice.expires_at).isoformat(timespec="seconds"),
        "exclusive_minutes": rendition.duty.exclusive_minutes,
        "repeat_every_minutes": rendition.duty.repeat_every_minutes,
        "row": row,
    }
    clean = {name: value.translate(_SAFE) if isinstance(value, str) else value for name, value in data.items()}
    return orjson.dumps(clean)


async def _bring_on(
    server: Amcp, rendition: Rendition, settings: AmcpSettings, layer: int, record: Record | None
) -> None:
    notice = rendition.notice
    playing = await _playing(server, settings.channel)
    mine = record is not None and record.alert == notice.alert
    if layer in playing and record is not None and not mine:
        raise Ended(Refused(Reason.REJECTED, f"图层 {layer} 正被另一条通告占用"))
    row = record.row if record is not None and mine else await _free_row(server, settings, playing, layer)
    await _keep(server, layer, Record(notice.alert, notice.number, row))
    data = quoted(template_data(rendition, row).decode())
    command = f"CG {settings.channel}-{layer}"
    if notice.kind is Kind.UPDATE and layer in playing and (await server.give(f"{command} UPDATE 0 {data}")).done:
        return
    await server.must(f"{command} ADD 0 {quoted(settings.template)} 1 {data}")


async def _take_off(server: Amcp, settings: AmcpSettings, layer: int) -> None:
    """The template is told to stop and to go, if there is one; then the layer, which is ours alone, is emptied."""
    where = f"{settings.channel}-{layer}"
    for command in ("STOP", "REMOVE"):
        await server.give(f"CG {where} {command} 0")
    await server.must(f"CLEAR {where}")


async def _playing(server: Amcp, channel: int) -> dict[int, str]:
    """The layers that play something, and what kind of producer does."""
    said = await server.must(f"INFO {channel}")
    found: dict[int, str] = {}
    for index, inside in _LAYER.findall(said.data):
        producer = _PRODUCER.search(inside)
        if producer and producer[1] not in ("", "empty"):
            found[int(index)] = producer[1]
    return found


async def _free_row(server: Amcp, settings: AmcpSettings, playing: dict[int, str], layer: int) -> int:
    """The lowest row that no other live alert has: their crawls lie above each other."""
    taken: set[int] = set()
    for other in playing:
        if other != layer and 0 <= other - settings.layer < SERIALS * len(_RANGES):
            record = await _recalled(server, other)
            taken |= {record.row} if record else set()
    return next(row for row in range(len(taken) + 1) if row not in taken)


async def _recalled(server: Amcp, layer: int) -> Record | None:
    reply = await server.give(f"DATA RETRIEVE {quoted(_stored_as(layer))}")
    alert, number, row = [*reply.data.lstrip("\ufeff").split(" "), "", "", ""][:3]
    return Record(alert, int(number), int(row)) if reply.done and number.isdecimal() and row.isdecimal() else None


async def _keep(server: Amcp, layer: int, record: Record) -> None:
    """A server whose data folder cannot be written still shows and takes off; only the order is no longer kept there."""
    await server.give(
        f"DATA STORE {quoted(_stored_as(layer))} {quoted(f'{record.alert} {record.number} {record.row}')}"
    )


def _stored_as(layer: int) -> str:
    return f"huijia-{layer}"
