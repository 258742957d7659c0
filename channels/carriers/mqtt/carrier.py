"""One retained publish per area and alert; receipts and presence come back on topics of each screen
(docs/channels/mqtt.md)."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from channels.carriers.http import unanswered
from channels.carriers.mqtt import listener
from channels.carriers.mqtt.codes import outcome
from channels.carriers.mqtt.connection import Answered
from channels.carriers.mqtt.retained import Document, Overtaken, put_once
from channels.carriers.mqtt.settings import MqttSettings, audience, broker, network, reference, topic
from channels.carriers.mqtt.tree import Tree
from channels.carriers.payload import payload
from channels.contract import (
    Accepted,
    Echo,
    Kind,
    Outcome,
    Pace,
    Presence,
    Proves,
    Reason,
    Rendition,
    Retracts,
    Retry,
    Send,
    Standing,
    Wire,
    WireError,
)

KEYS_KEPT = 200_000


class Mqtt:
    """``Accepted`` means that the broker took the notice (PUBACK). That a screen shows it, only the screen says."""

    name: ClassVar[str] = "mqtt"
    title: ClassVar[str] = "消息代理"
    retracts: ClassVar[Retracts] = Retracts.TAKE_DOWN
    proves: ClassVar[Proves] = Proves.AIRED
    carries: ClassVar[frozenset[str] | None] = None
    where: ClassVar[tuple[str, ...]] = ("url", "prefix", "area", "face", "screen")
    timeout: ClassVar[timedelta] = timedelta(seconds=8)
    pace: ClassVar[Pace | None] = None
    settings: type[MqttSettings] = MqttSettings
    most: ClassVar[int] = 10_000
    keep_every: ClassVar[timedelta] = timedelta(minutes=5)

    def group(self, settings: MqttSettings) -> Hashable:
        """Screens of one area and face, reached with one account."""
        return audience(settings)

    def line(self, settings: MqttSettings) -> Hashable:
        """One connection listens to a whole network."""
        return network(settings)

    def place(self, settings: MqttSettings) -> str:
        """The screen's own name."""
        return settings.screen

    async def send(
        self, rendition: Rendition, settings: MqttSettings, *, key: str, prior: str | None, now: datetime, wire: Wire
    ) -> Outcome:
        """As :meth:`send_all`, for one screen."""
        (said,) = await self.send_all(rendition, [Send(settings, key, prior)], now=now, wire=wire)
        return said

    async def send_all(
        self, rendition: Rendition, sends: Sequence[Send], *, now: datetime, wire: Wire
    ) -> Sequence[Outcome]:
        """One publish. What the broker says holds for all of them; each has its own reference."""
        notice = rendition.notice
        names = [reference(send.settings, send.settings.screen, notice.alert, notice.number) for send in sends]
        keys = dict(zip(names, (send.key for send in sends), strict=True))
        refusal = await self._publish(rendition, sends[0].settings, keys, now, wire)
        return [refusal or Accepted(name) for name in names]

    async def listen(
        self, settings: MqttSettings, heard: Callable[[Sequence[Echo | Presence]], Awaitable[None]], *, wire: Wire
    ) -> None:
        """Receipts and presence of a whole network. The broker keeps for a day what is said while nobody listens. One
        listener at a time: a second one takes the session over, and the first is told that its connection is lost."""
        await listener.listen(settings, heard, keys=await _keys(wire), tree=await _tree(settings, wire), wire=wire)

    async def keep(self, settings: MqttSettings, standing: Sequence[Standing], *, now: datetime, wire: Wire) -> None:
        """The listener puts back what the broker has lost, and the end over what came back after it."""
        tree = await _tree(settings, wire)
        for one in standing:
            tree.know(_document(one.rendition, one.settings), one.rendition.notice.kind, now)

    async def _publish(
        self, rendition: Rendition, settings: MqttSettings, keys: Mapping[str, str], now: datetime, wire: Wire
    ) -> Outcome | None:
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                await _remember(wire, keys)  # before the publish: a screen may be quicker than its broker
                await put_once(wire, broker(settings), _document(rendition, settings), now)
        except Overtaken:
            return Retry(Reason.OVERTAKEN, "已有更新的通告，未发布")
        except Answered as said:
            return outcome(said)
        except WireError as error:
            return unanswered(error)
        except TimeoutError:
            return Retry(Reason.TIMEOUT, "代理未在时限内应答")
        return None


async def _remember(wire: Wire, keys: Mapping[str, str]) -> None:
    kept = await _keys(wire)
    kept.update(keys)
    while len(kept) > KEYS_KEPT:
        kept.popitem(last=False)


async def _keys(wire: Wire) -> OrderedDict[str, str]:
    """The delivery of each reference that this process has sent."""
    kept: OrderedDict[str, str] = await wire.held("mqtt keys", _nothing_yet)
    return kept


async def _nothing_yet() -> OrderedDict[str, str]:
    return OrderedDict()


def _document(rendition: Rendition, settings: MqttSettings) -> Document:
    notice = rendition.notice
    return Document(
        topic(settings, notice), notice.alert, notice.number, notice.kind is Kind.RETRACT, payload(rendition),
        notice.expires_at,
    )  # fmt: skip


async def _tree(settings: MqttSettings, wire: Wire) -> Tree:
    tree: Tree = await wire.held(("mqtt tree", *network(settings)), _sapling)
    return tree


async def _sapling() -> Tree:
    return Tree()
