"""Try one outlet: a signed test notice and its answer, outside any alert."""

import secrets
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.db.outlets import Enrolled
from app.dispatch.wire import HttpWire
from app.dispatch.wiring import Settings, lane_of, pushed
from app.domain.errors import Conflict
from app.domain.words import Lane
from app.flows.house import House
from channels import contract as c
from channels.registry import channel

EXAMPLE_AREA = "610113"


@dataclass(frozen=True, slots=True)
class Trial:
    """What the outlet answered, to the test notice or to its retraction. ``outcome`` is accepted, retry or refused."""

    outcome: str
    reason: str
    detail: str
    milliseconds: float


def example(base_url: str, now: datetime) -> c.Notice:
    """A test notice about nobody."""
    return c.Notice(
        alert=f"CS-{now.year}-TRIAL-{secrets.token_hex(3)}", number=1, kind=c.Kind.PUBLISH, status=c.Status.TEST,
        issued_at=now, expires_at=now + timedelta(minutes=5), unit="回家平台", phone="110", page_url=f"{base_url}/",
        masked_name="测某某", person=c.Person("测试", "female", 8, 125, "测试信息，查无此人", "测试"),
        loss=c.Loss(now, "测试地点", EXAMPLE_AREA, "陕西省西安市雁塔区", "这是一条连通测试"),
    )  # fmt: skip


async def try_outlet(house: House, outlet: Enrolled) -> Trial:
    """Publish and retract a test notice by the outlet's own carrier; what may have aired is retracted, whatever was
    answered. Raises Conflict for an outlet that takes no tests, or that polls: there is nothing to call."""
    if not outlet.takes_tests:
        raise Conflict("该发布点未同意接收测试（takes_tests）。", "This outlet has not agreed to take tests.")
    if lane_of(outlet.carrier) is Lane.POLLED:
        raise Conflict("该发布点自行拉取（feed），没有可测试的地址。", "This outlet polls; there is nothing to call.")
    notice = example(house.base_url, datetime.now(UTC))
    end = replace(notice, number=2, kind=c.Kind.RETRACT, person=None, loss=None, ends=(1,))
    wire = HttpWire()
    try:
        trial = await _send(house, outlet, notice, wire)
        if trial.outcome == "refused":
            return trial
        ended = await _send(house, outlet, end, wire, trial.milliseconds)
        return ended if trial.outcome == "accepted" else trial
    finally:
        await wire.close()


async def _send(house: House, outlet: Enrolled, notice: c.Notice, wire: HttpWire, before: float = 0.0) -> Trial:
    carrier = pushed(outlet.carrier)
    settings = Settings(house.seal).of(outlet.carrier, outlet.sealed)
    profile = c.Profile(c.Panel(**outlet.panel), c.Duty(**outlet.duty))
    rendition = channel(outlet.channel).render(notice, profile)
    begun = time.monotonic()
    said = await carrier.send(
        rendition, settings, key=f"trial_{secrets.token_hex(8)}", prior=None, now=notice.issued_at, wire=wire
    )
    took = before + (time.monotonic() - begun) * 1000
    match said:
        case c.Accepted():
            return Trial("accepted", "", "", took)
        case c.Retry(reason, detail):
            return Trial("retry", reason, detail, took)
        case c.Refused(reason, detail):
            return Trial("refused", reason, detail, took)
