"""A radio station that plays with Liquidsoap: the announcement cuts into its programme.

The far end is our station script (docs/channels/liquidsoap/alerts.liq) on Liquidsoap's own command server: lines of text
over TCP. The station fetches the audio itself, by its signed address. That it took a push proves nothing: only what its
``alert.state`` calls playing, or played, was on the air.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from channels.carriers.address import Host
from channels.carriers.http import unanswered
from channels.carriers.liquidsoap_server import Item, ScriptError, Server, State, UnintelligibleError, annotated
from channels.contract import (
    Accepted,
    Kind,
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
    Wire,
    WireError,
)
from channels.wording import BEIJING, title

_ANSWERS = {"over": "电台已经收到过更新的通告", "malformed": "电台脚本读不懂这条通告"}
_UNKNOWN = "电台没有装入 alerts.liq，不认识 alert 指令"
_FAILED = "电台脚本执行出错"
_UNREADABLE = "电台的答复无法识别"


class LiquidsoapSettings(BaseModel):
    """Liquidsoap's server knows no password: the address is one that only huijia reaches."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: Host = Field(title="主机", description="Liquidsoap 指令端口所在的主机，一般是加密隧道在本机的一端")
    port: int = Field(default=1234, ge=1, le=65535, title="端口", description="settings.server.telnet.port，默认 1234")


class Liquidsoap:
    """``reference``: alert and number, as the station lists them."""

    name: ClassVar[str] = "liquidsoap"
    title: ClassVar[str] = "Liquidsoap 电台播出"
    retracts: ClassVar[Retracts] = Retracts.TAKE_DOWN
    proves: ClassVar[Proves] = Proves.AIRED
    carries: ClassVar[frozenset[str] | None] = frozenset({"radio"})
    where: ClassVar[tuple[str, ...]] = ("host", "port")
    timeout: ClassVar[timedelta] = timedelta(seconds=8)
    pace: ClassVar[Pace | None] = None
    tend_every: ClassVar[timedelta] = timedelta(seconds=5)
    renews_within: ClassVar[timedelta | None] = tend_every
    settings: type[LiquidsoapSettings] = LiquidsoapSettings

    async def send(
        self,
        rendition: Rendition,
        settings: LiquidsoapSettings,
        *,
        key: str,
        prior: str | None,
        now: datetime,
        wire: Wire,
    ) -> Outcome:
        """Push the announcement; or take the alert back, and push the correction where it may have been heard."""
        retracts = rendition.notice.kind is Kind.RETRACT
        try:
            async with self._server(settings, wire) as server:
                if retracts:
                    return await _retract(server, rendition, key, prior, now)
                return await _publish(server, rendition, key, now)
        except WireError as error:
            return unanswered(error, [settings.host])
        except UnintelligibleError:
            return Retry(Reason.UNINTELLIGIBLE, _UNREADABLE)
        except ScriptError as error:
            if not error.unknown:
                return Retry(Reason.SERVER_ERROR, _FAILED)
            # Nothing can have aired there; but whatever did come off has to come off, so a retraction keeps asking.
            return Retry(Reason.REJECTED, _UNKNOWN) if retracts else Refused(Reason.REJECTED, _UNKNOWN)

    async def tend(
        self,
        rendition: Rendition,
        settings: LiquidsoapSettings,
        *,
        key: str,
        reference: str | None,
        now: datetime,
        wire: Wire,
    ) -> Sequence[StatedReceipt]:
        """Ask what became of it. Pushed again: what the station has lost (it was restarted, or could not fetch it), and
        what the outlet's duty says is due again."""
        notice = rendition.notice
        try:
            async with self._server(settings, wire) as server:
                state = await server.state()
                if notice.kind is Kind.RETRACT:
                    return _taken_down(state, rendition, now)
                told = annotated(rendition, key, title(notice))
                if told and _is_due(state, rendition, now):
                    await server.push(told)
                return _aired(state, state.find(notice.alert, notice.number), now)
        except (UnintelligibleError, ScriptError) as error:
            raise WireError(Reason.BROKEN, str(error)) from error

    @asynccontextmanager
    async def _server(self, settings: LiquidsoapSettings, wire: Wire) -> AsyncIterator[Server]:
        """One connection for all that is to be said, within the deadline."""
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                server = Server(*await wire.dial(settings.host, settings.port, timeout=self.timeout))
                try:
                    yield server
                finally:
                    server.leave()
        except TimeoutError as error:
            raise WireError(Reason.TIMEOUT) from error
        except OSError as error:
            raise WireError(Reason.BROKEN) from error


async def _publish(server: Server, rendition: Rendition, key: str, now: datetime) -> Outcome:
    notice = rendition.notice
    told = annotated(rendition, key, title(notice))
    if told is None:
        return Refused(Reason.BAD_CONTENT, "这条通告没有音频")
    state = await server.state()
    before = state.find(notice.alert, notice.number)
    if before is None or not (before.live or before.heard):  # a double is not said twice
        refusal = await server.push(told)
        if refusal is not None:
            return Refused(Reason.REJECTED, _ANSWERS.get(refusal, "电台脚本不接受这条通告"))
    return Accepted(_reference(rendition), next(iter(_aired(state, before, now)), None))


async def _retract(server: Server, rendition: Rendition, key: str, prior: str | None, now: datetime) -> Outcome:
    notice = rendition.notice
    heard = await server.retract(notice.alert, notice.number)
    state = await server.state()
    # A station that was restarted has forgotten what it aired.
    heard = heard or (prior is not None and not state.below(notice.alert, notice.number))
    told = annotated(rendition, key, title(notice))
    if told and heard and state.find(notice.alert, notice.number) is None:
        await server.push(told)
    return Accepted(_reference(rendition), next(iter(_taken_down(state, rendition, now)), None))


def _reference(rendition: Rendition) -> str:
    return f"{rendition.notice.alert}/{rendition.notice.number}"


def _is_due(state: State, rendition: Rendition, now: datetime) -> bool:
    notice, duty = rendition.notice, rendition.duty
    ends = notice.expires_at
    if duty.until_minutes is not None:
        ends = min(ends, notice.issued_at + timedelta(minutes=duty.until_minutes))
    if now >= ends:
        return False
    item = state.find(notice.alert, notice.number)
    if item is None or item.state == "failed":
        return True
    rests = duty.repeat_every_minutes
    return item.state == "played" and rests is not None and state.time - item.ended >= rests * 60


def _aired(state: State, item: Item | None, now: datetime) -> tuple[StatedReceipt, ...]:
    """The same at every look: ``at`` is what the station's clock said, and put right by whole minutes if that is wrong."""
    if item is None or not item.heard:
        return ()
    wrong = timedelta(minutes=round((now.timestamp() - state.time) / 60))
    length = f"，共播出 {item.ended - item.started:.0f} 秒" if item.ended > item.started else ""
    at = datetime.fromtimestamp(item.started, BEIJING) + wrong
    return (StatedReceipt(ReceiptKind.AIRED, at, f"电台报告已播出{length}"),)


def _taken_down(state: State, rendition: Rendition, now: datetime) -> tuple[StatedReceipt, ...]:
    notice = rendition.notice
    if any(item.live for item in state.below(notice.alert, notice.number)):
        return ()
    return (StatedReceipt(ReceiptKind.TAKEN_DOWN, now, "电台报告已不在播出，也不在待播队列"),)
