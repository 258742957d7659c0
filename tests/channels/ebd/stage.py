"""A platform of the sandbox to send to, over HTTP but in this process; or over a socket where time or hanging matters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from channels.carriers.ebd.carrier import Ebd
from channels.carriers.ebd.settings import EbdSettings
from channels.contract import Media, Notice, Outcome, Reason, Rendition, Reply, StatedReceipt, WireError
from sandbox.ebd.curve import Keys, generate
from sandbox.ebd.identity import Identity
from sandbox.ebd.platform import Platform, Tempo
from sandbox.ebd.server import Post, create_app
from tests.channels.notices import NOW, PUBLISH, rendered
from tests.channels.wire import Call, FakeWire

OURS = {"2018": "26100000000000103010199", "2016": "010261000000000099"}
THEIRS = {"2018": "36101000000000103010101", "2016": "010261010000000001"}
CALLBACK = "https://huijia.example/in/7/k3yinp4th7Qz/ebd"
OUR_KEYS, THEIR_KEYS = generate(), generate()
AT_ONCE = Tempo(timedelta(0), timedelta(0))

SOUND = Media("audio", "audio/mpeg", "https://huijia.example/media/a.mp3", "a1" * 32, 9, seconds=20.0)
SLATE = Media("slate", "image/png", "https://huijia.example/media/s.png", "b2" * 32, 7, 1920, 1080)
KEPT = {SOUND.sha256: b"ID3 sound", SLATE.sha256: b"\x89PNG..", PUBLISH.photo.sha256: b"\xff\xd8\xff"}  # type: ignore[union-attr]  # it has one


def settings(version: str = "2018", **changes: Any) -> EbdSettings:
    """An unsigned outlet, or whatever ``changes`` make of it."""
    base = {
        "version": version,
        "url": "https://platform.example/linkage/access",
        "source": OURS.get(version, OURS["2018"]),
        "target": THEIRS.get(version, THEIRS["2018"]),
        "callback": CALLBACK,
        "signer": "none",
    }
    return EbdSettings.model_validate({**base, **changes})


def signed(version: str = "2018", **changes: Any) -> EbdSettings:
    """One that signs and wants what comes back signed."""
    keys = {
        "signer": "sm2",
        "signing_key": OUR_KEYS.private_hex,
        "cert_sn": "00000000a363",
        "peer_key": THEIR_KEYS.public,
    }
    return settings(version, **{**keys, **changes})


def identity(version: str = "2018", *, keys: Keys | None = None, peer_key: str = "") -> Identity:
    return Identity(THEIRS[version], OURS[version], "6101", version, keys, peer_key)


class ReachingWire(FakeWire):
    """Really calls. ``lose`` decides of each call whether its answer is lost: ``before`` it arrives, or ``after``."""

    def __init__(self, client: httpx.AsyncClient, media: Mapping[str, bytes] | None = None) -> None:
        super().__init__(media=media or KEPT)
        self._client = client
        self.lose: Callable[[int], str | None] = lambda _: None

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout: timedelta, body: bytes = b""
    ) -> Reply:
        self.calls.append(Call(url, body, dict(headers), timeout, method))
        lost = self.lose(len(self.calls))
        if lost == "before":
            raise WireError(Reason.UNREACHABLE, "无法建立连接")
        try:
            reply = await self._client.request(
                method, "/ebd", content=body, headers=dict(headers), timeout=timeout.total_seconds()
            )
        except httpx.TimeoutException as error:
            raise WireError(Reason.TIMEOUT, "未在时限内完整应答") from error
        except httpx.HTTPError as error:
            raise WireError(Reason.BROKEN, "连接中断") from error
        if lost == "after":
            raise WireError(Reason.TIMEOUT, "未在时限内完整应答")
        return Reply(reply.status_code, dict(reply.headers), reply.content[: 64 * 1024])


@dataclass
class Stage:
    """One outlet and its platform. ``now`` is the clock of both."""

    settings: EbdSettings
    post: Post
    wire: ReachingWire
    now: datetime = NOW
    priors: dict[str, str | None] = field(default_factory=dict)

    @property
    def platform(self) -> Platform:
        return self.post.platform

    async def send(self, notice: Notice, key: str, medium: str = "tv", prior: str | None = None) -> Outcome:
        return await Ebd().send(
            carried(notice, medium), self.settings, key=key, prior=prior, now=self.now, wire=self.wire
        )

    async def tend(self, notice: Notice, key: str, medium: str = "tv") -> list[StatedReceipt]:
        found = await Ebd().tend(
            carried(notice, medium), self.settings, key=key, reference=None, now=self.now, wire=self.wire
        )
        return list(found)

    def on_air(self, seconds: float = 0.0) -> list[str]:
        """The words that the public hears now or ``seconds`` later."""
        return [one.text for one in self.platform.on_air(self.now + timedelta(seconds=seconds))]

    def rules(self) -> list[str]:
        """What the platform found wrong."""
        return [call.rule for call in self.post.calls if call.code > 1]


def carried(notice: Notice, medium: str = "tv") -> Rendition:
    rendition = rendered(notice, medium)
    return replace(rendition, media=(*rendition.media, SOUND, SLATE))


def stage(settings_: EbdSettings | None = None, *, tempo: Tempo = AT_ONCE, blunt: bool = False) -> Stage:
    """In this process. The platform's clock is the stage's."""
    outlet = settings_ or settings()
    version = outlet.version
    who = identity(
        version,
        keys=THEIR_KEYS if outlet.peer_key else None,
        peer_key=OUR_KEYS.public if outlet.signing_key else "",
    )
    post = Post(Platform(who, tempo, blunt=blunt))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=create_app(post)), base_url="http://platform")
    made = Stage(outlet, post, ReachingWire(client))
    post.clock = lambda: made.now
    return made


def der(signature: bytes) -> bytes:
    """r and s as a SEQUENCE of two INTEGERs."""

    def integer(number: bytes) -> bytes:
        number = number.lstrip(b"\0") or b"\0"
        number = b"\0" + number if number[0] & 0x80 else number
        return bytes([2, len(number)]) + number

    inside = integer(signature[:32]) + integer(signature[32:])
    return bytes([0x30, len(inside)]) + inside
