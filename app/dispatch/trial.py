"""Try one outlet: a signed test notice, its take-down, and what the far end answered to each, outside any alert."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import media, outlets, trials, windows
from app.db.engine import transaction
from app.db.outlets import Enrolled
from app.dispatch.press import HousePress
from app.dispatch.send import CRASHED, longest
from app.dispatch.wiring import Settings, lane_of, pushed
from app.domain.breaker import sign
from app.domain.errors import Conflict, NotFound
from app.domain.words import Lane, Outcome
from app.flows.ports import Seal, Step, Trial
from app.flows.quarantine import Seen, note
from channels import contract as c
from channels.carriers.redact import plain, unspeakable
from channels.registry import channel

EXAMPLE_AREA = "610113"
REST = timedelta(seconds=5)
MESSAGES = 2  # the test notice and its end
LONGEST_ANSWER = 2000  # bytes that are looked at; what is kept of them is one line

log = logging.getLogger("huijia.trial")


def example(base_url: str, now: datetime) -> c.Notice:
    """A test notice about nobody."""
    return c.Notice(
        alert=f"CS-{now.year}-TRIAL-{secrets.token_hex(3)}", number=1, kind=c.Kind.PUBLISH, status=c.Status.TEST,
        issued_at=now, expires_at=now + timedelta(minutes=5), unit="回家平台", phone="110", page_url=f"{base_url}/",
        masked_name="测某某", person=c.Person("测试", "female", 8, 125, "测试信息，查无此人", "测试"),
        loss=c.Loss(now, "测试地点", EXAMPLE_AREA, "陕西省西安市雁塔区", "这是一条连通测试"),
    )  # fmt: skip


class Trials:
    """Makes them and keeps what came of them."""

    def __init__(self, engine: AsyncEngine, seal: Seal, press: HousePress, wire: c.Wire) -> None:
        self._engine, self._press, self._wire = engine, press, wire
        self._settings = Settings(seal, press.inbound)
        self._drawing = asyncio.Lock()  # what is real never waits behind the pictures of many trials

    async def try_out(self, outlet_id: int, by: str) -> Trial:
        """Publish and retract a test notice by the outlet's own carrier; what may have aired is retracted, whatever was
        answered. Raises NotFound; Conflict for an outlet that takes no tests, that polls (there is nothing to call), that
        was tried a moment ago, or whose minute is full."""
        async with transaction(self._engine) as session:
            outlet = _checked((await outlets.enrolled(session, [outlet_id])).get(outlet_id))
            began = await trials.begin(session, outlet.id, by, REST)
            if began is None:
                raise Conflict(
                    "该发布点刚刚测试过，请稍候几秒再试。", "This outlet was tried a moment ago; wait a few seconds."
                )
            pace = pushed(outlet.carrier).pace
            if pace and not await windows.use(session, outlet.id, MESSAGES, of=pace.count - pace.reserve, per=pace.per):
                raise Conflict(
                    "这一分钟发给它的消息已到上限，请过一分钟再试。",
                    "It has been sent as many messages as it takes in a minute; wait for a minute.",
                )
        trial = _summed(await self._steps(outlet))
        async with transaction(self._engine) as session:
            await trials.finish(session, began, **asdict(trial))
            await note(session, [Seen(outlet.id, sign(Outcome(trial.outcome), trial.reason), trial.reason)])
        log.info(
            "trial outlet=%d carrier=%s outcome=%s reason=%s ms=%d", outlet.id, outlet.carrier, trial.outcome,
            trial.reason or "-", trial.milliseconds,
        )  # fmt: skip
        return trial

    async def _steps(self, outlet: Enrolled) -> list[Step]:
        notice = example(self._press.base_url, datetime.now(UTC))
        end = replace(notice, number=2, kind=c.Kind.RETRACT, person=None, loss=None, ends=(1,))
        async with self._drawing:
            first, last = await self._rendered(outlet, notice), await self._rendered(outlet, end)
        shown, reference = await self._step(outlet, first, None)
        if shown.outcome == "refused":
            return [shown]
        return [shown, (await self._step(outlet, last, reference))[0]]

    async def _rendered(self, outlet: Enrolled, notice: c.Notice) -> c.Rendition:
        """With the pictures and sounds that the outlet's medium needs: a carrier that shows nothing else refuses words."""
        profile = outlet.channel, outlet.panel, outlet.duty
        made = channel(outlet.channel).render(notice, c.Profile(c.Panel(**outlet.panel), c.Duty(**outlet.duty)))
        plates = (await self._press.drawn(notice, {"": profile}, None)).get("", ())
        async with transaction(self._engine) as session:
            kept = ({"sha256": p.sha256, "mime": p.mime, "body": p.body} for p in plates)
            await media.keep_trial(session, notice.alert, kept)
        return replace(made, media=(*made.media, *(self._press.listed(notice, plate) for plate in plates)))

    async def _step(self, outlet: Enrolled, rendition: c.Rendition, prior: str | None) -> tuple[Step, str | None]:
        carrier, settings = pushed(outlet.carrier), self._settings.of(outlet.carrier, outlet.sealed, outlet.id)
        notice = rendition.notice
        wire, begun = _Watched(self._wire), time.monotonic()
        try:
            async with asyncio.timeout(longest(carrier.timeout)):
                said: c.Outcome = await carrier.send(
                    rendition,
                    settings,
                    key=f"trial_{secrets.token_hex(8)}",
                    prior=prior,
                    now=notice.issued_at,
                    wire=wire,
                )
        except TimeoutError:
            said = c.Retry(c.Reason.TIMEOUT, "未在时限内完整应答")
        except Exception:
            log.exception("carrier %s crashed on a trial of outlet %d", outlet.carrier, outlet.id)
            said = c.Retry(c.Reason.CRASH, CRASHED)
        took = (time.monotonic() - begun) * 1000
        reply = wire.reply
        answer = plain(_text(reply.body), _hidden(rendition, settings)) if reply else ""
        reference = said.reference if isinstance(said, c.Accepted) else None
        return Step(notice.kind, *_stated(said), reply.status if reply else None, answer, took), reference


def _checked(outlet: Enrolled | None) -> Enrolled:
    if outlet is None:
        raise NotFound("没有这个发布点。", "There is no such outlet.")
    if not outlet.takes_tests:
        raise Conflict("该发布点未同意接收测试（takes_tests）。", "This outlet has not agreed to take tests.")
    if lane_of(outlet.carrier) in (Lane.POLLED, Lane.PLAYED):
        raise Conflict("该发布点自行取用，没有可测试的地址。", "This outlet polls; there is nothing to call.")
    return outlet


def _summed(steps: list[Step]) -> Trial:
    """The first step that did not go well speaks for all; else the last."""
    told = next((step for step in steps if step.outcome != "accepted"), steps[-1])
    return Trial(told.outcome, told.reason, told.detail, sum(step.milliseconds for step in steps), tuple(steps))


def _stated(said: c.Outcome) -> tuple[str, str, str]:
    match said:
        case c.Accepted():
            return "accepted", "", ""
        case c.Retry(reason, detail):
            return "retry", reason, detail
        case c.Refused(reason, detail):
            return "refused", reason, detail


def _text(body: bytes) -> str:
    return body[:LONGEST_ANSWER].decode("utf-8", "replace")


def _hidden(rendition: c.Rendition, settings: BaseModel) -> Iterable[str]:
    values = [value for _, value in settings]
    keys = [value for value in values if isinstance(value, SecretStr)]
    urls = [value for value in values if isinstance(value, str) and "://" in value]
    return [part for url in urls or [""] for part in unspeakable(rendition, url, *keys)]


@dataclass(slots=True)
class _Watched:
    """The wire, and the last answer that came over it."""

    wire: c.Wire
    reply: c.Reply | None = None

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout: timedelta, body: bytes = b""
    ) -> c.Reply:
        self.reply = await self.wire.request(method, url, headers=headers, timeout=timeout, body=body)
        return self.reply

    async def dial(self, host: str, port: int, *, timeout: timedelta) -> c.Line:
        return await self.wire.dial(host, port, timeout=timeout)

    async def held(self, key: Hashable, start: Callable[[], Awaitable[Any]]) -> Any:
        return await self.wire.held(key, start)

    async def drop(self, key: Hashable) -> None:
        await self.wire.drop(key)

    async def content(self, media: c.Media) -> bytes:
        return await self.wire.content(media)

    async def count(self, name: str) -> int:
        return await self.wire.count(name)

    async def note(self, name: str, value: str) -> str:
        return await self.wire.note(name, value)

    async def noted(self, name: str) -> str | None:
        return await self.wire.noted(name)

    async def head(self, alert: str) -> int:
        return await self.wire.head(alert)

    def sign(self, message: bytes) -> Sequence[bytes]:
        return self.wire.sign(message)
