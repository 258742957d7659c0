"""A notice on a real OBS: on the air over a running programme, in a frame a viewer saw, and gone after the retraction."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from channels.carriers.obs import Obs, ObsSettings
from channels.carriers.obs.layout import Part, input_name
from channels.contract import Accepted, Kind, Notice, ReceiptKind, Rendition, StatedReceipt, Status
from tests.channels.far_ends import pressed
from tests.channels.notices import NOW, PUBLISH, RETRACT, UPDATE
from tests.channels.obs_station import COLOURS
from tests.conftest import ROOT
from tests.field.obs import HEIGHT, PASSWORD, PORT, WIDTH, Desk, Station, Within, clip, frames, missing, station

ARTEFACTS = ROOT / "artefacts" / "tv"
RED, BLUE = (200, 16, 30), (18, 74, 154)
BAND = round(HEIGHT * 0.08)
SLATE_DUE, SLATE_DONE = NOW + timedelta(seconds=5), NOW + timedelta(seconds=90)
OTHER = replace(PUBLISH, alert="YL-2026-000124", status=Status.EXERCISE)

Colour = tuple[int, int, int]


@pytest.fixture(scope="module")
def obs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    if lacking := missing():
        pytest.skip(f"no {', '.join(lacking)} on this machine: make field installs them")
    folder = tmp_path_factory.mktemp("obs")
    clip(folder / "clip.mp4")
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    with station(folder) as found:
        yield found


@pytest_asyncio.fixture
async def desk(obs: Station) -> AsyncIterator[Desk]:
    """Staff with a running programme, and nothing of ours on it."""
    async with aclosing(await Desk.open(obs)) as found:
        await found.do("SetCurrentProgramScene", sceneName="Scene")
        await found.remove(await found.inputs())
        for alert in (PUBLISH.alert, OTHER.alert):
            await found.do(
                "SetPersistentData", realm="OBS_WEBSOCKET_DATA_REALM_GLOBAL", slotName=f"huijia {alert}", slotValue=0
            )
        running = {"local_file": str(obs.folder / "clip.mp4"), "looping": True}
        await found.do(
            "CreateInput", sceneName="Scene", inputName="节目", inputKind="ffmpeg_source", inputSettings=running
        )
        await asyncio.sleep(1)
        yield found


class Huijia:
    """Our side of the line."""

    def __init__(self, at: Station, **more: object) -> None:
        self._carrier = Obs()
        self._wire = Within(at)
        told = {"host": "127.0.0.1", "port": PORT, "password": PASSWORD, **more}
        self._settings = ObsSettings.model_validate(told)

    async def send(self, notice: Notice) -> Accepted:
        outcome = await self._carrier.send(
            _rendition(notice), self._settings, key="dlv_1", prior=None, now=NOW, wire=self._wire
        )
        assert isinstance(outcome, Accepted), outcome
        await asyncio.sleep(0.5)
        return outcome

    async def tend(self, notice: Notice, now: datetime = SLATE_DUE) -> StatedReceipt:
        """The last of up to six receipts, asked for until one proves something."""
        for _ in range(6):
            receipts = await self._carrier.tend(
                _rendition(notice), self._settings, key="dlv_1", reference=NOW.isoformat(), now=now, wire=self._wire
            )
            await asyncio.sleep(0.5)
            if receipts and receipts[0].kind is not ReceiptKind.RECEIVED:
                return receipts[0]
        return receipts[0] if receipts else StatedReceipt(ReceiptKind.RECEIVED, note="nothing")


def _rendition(notice: Notice) -> Rendition:
    rendition = pressed(notice, "tv")[0]
    return rendition if notice.kind is not Kind.RETRACT else replace(rendition, media=())


async def seen(desk: Desk, name: str) -> Image.Image:
    """The programme as OBS shows it now, kept for people to look at."""
    said = await desk.do(
        "GetSourceScreenshot", sourceName="Scene", imageFormat="png", imageWidth=WIDTH, imageHeight=HEIGHT
    )
    body = base64.b64decode(said["imageData"].partition(",")[2])
    (ARTEFACTS / f"{name}.png").write_bytes(body)
    return Image.open(io.BytesIO(body)).convert("RGB")


def near(pixel: bytes, colour: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 40 for a, b in zip(pixel, colour[:3], strict=True))


def share(image: Image.Image, colour: tuple[int, ...], top: int, bottom: int) -> float:
    """How much of a strip of the picture has this colour."""
    small = image.resize((WIDTH // 4, HEIGHT // 4), Image.Resampling.NEAREST)
    strip = small.crop((0, top // 4, WIDTH // 4, bottom // 4)).tobytes()
    pixels = [strip[at : at + 3] for at in range(0, len(strip), 3)]
    return sum(near(pixel, colour) for pixel in pixels) / len(pixels)


def has_crawl(image: Image.Image, colour: Colour, slot: int = 0) -> bool:
    """A band of that colour with white letters on it."""
    bottom = HEIGHT - BAND * slot
    band, letters = (share(image, tone, bottom - BAND, bottom) for tone in (colour, (255, 255, 255)))
    return band > 0.5 and letters > 0.03


def has_slate(image: Image.Image) -> bool:
    return share(image, COLOURS["slate"], 40, HEIGHT - BAND - 40) > 0.8


def has_lower_third(image: Image.Image) -> bool:
    return share(image, COLOURS["lower_third"], HEIGHT - BAND - 100, HEIGHT - BAND - 10) > 0.8


async def test_on_the_air_in_a_frame_and_gone_after_the_retraction(obs: Station, desk: Desk) -> None:
    huijia = Huijia(obs)
    await desk.do("StartRecord")
    await asyncio.sleep(1.5)

    await huijia.send(PUBLISH)
    aired = await huijia.tend(PUBLISH)
    assert aired.kind is ReceiptKind.AIRED, aired.note
    assert aired.proof is not None
    (ARTEFACTS / "0-proof.jpg").write_bytes(aired.proof.body)
    proof = Image.open(io.BytesIO(aired.proof.body)).convert("RGB")
    assert has_crawl(proof, RED)
    assert has_slate(proof)
    first = await seen(desk, "1-slate")
    await asyncio.sleep(0.5)
    second = await seen(desk, "1-slate-later")
    assert has_crawl(first, RED)
    assert has_slate(first)
    strip = (0, HEIGHT - BAND, WIDTH, HEIGHT)
    assert first.crop(strip).tobytes() != second.crop(strip).tobytes(), "a crawl moves"
    await asyncio.sleep(1)

    await huijia.tend(PUBLISH, SLATE_DONE)
    after = await seen(desk, "2-lower-third")
    assert has_crawl(after, RED)
    assert has_lower_third(after)
    assert not has_slate(after)
    await asyncio.sleep(1)

    await huijia.send(RETRACT)
    down = await huijia.tend(RETRACT)
    assert down.kind is ReceiptKind.TAKEN_DOWN
    assert down.proof is not None
    gone = await seen(desk, "3-gone")
    assert not has_crawl(gone, RED)
    assert not has_lower_third(gone)
    await asyncio.sleep(1.5)
    recording = Path((await desk.do("StopRecord"))["outputPath"])
    await asyncio.sleep(2)
    assert viewed(recording) == ["programme", "slate", "lower third", "programme"]
    assert await desk.inputs() == ["节目"]


def viewed(recording: Path) -> list[str]:
    """What a viewer saw, in order; the first frame of each is kept."""
    found: list[str] = []
    for frame in frames(recording, recording.parent / "frames"):
        image = Image.open(frame).convert("RGB")
        look = (has_crawl(image, RED), has_slate(image), has_lower_third(image))
        name = {(True, True, False): "slate", (True, False, True): "lower third", (False,) * 3: "programme"}.get(look)
        if name is not None and found[-1:] != [name]:
            found.append(name)
            image.save(ARTEFACTS / f"viewer-{len(found)}-{name.replace(' ', '-')}.png")
    return found


async def test_two_alerts_lie_above_each_other_and_each_goes_alone(obs: Station, desk: Desk) -> None:
    huijia = Huijia(obs)
    await huijia.send(PUBLISH)
    await huijia.send(OTHER)
    await huijia.tend(OTHER, SLATE_DONE)
    await huijia.tend(PUBLISH, SLATE_DONE)
    both = await seen(desk, "4-two-alerts")
    assert has_crawl(both, RED)
    assert has_crawl(both, BLUE, slot=1)
    await huijia.send(RETRACT)
    await huijia.tend(RETRACT)
    await huijia.tend(OTHER, SLATE_DONE)
    one = await seen(desk, "5-the-other")
    assert has_crawl(one, BLUE, slot=1)
    assert not has_crawl(one, RED)


async def test_what_staff_have_renamed_comes_off_too(obs: Station, desk: Desk) -> None:
    huijia = Huijia(obs)
    await huijia.send(PUBLISH)
    await desk.do("SetInputName", inputName=input_name(PUBLISH.alert, Part.CRAWL), newInputName="字幕 1")
    await desk.remove([input_name(PUBLISH.alert, Part.BAND)])
    await huijia.send(UPDATE)
    await huijia.tend(UPDATE, SLATE_DONE)
    mended = await seen(desk, "6-mended")
    assert has_crawl(mended, RED), "the band is back, and below the crawl"
    await huijia.send(RETRACT)
    assert (await huijia.tend(RETRACT)).kind is ReceiptKind.TAKEN_DOWN
    assert await desk.inputs() == ["节目"]


async def test_five_hundred_characters_are_drawn(obs: Station, desk: Desk) -> None:
    huijia = Huijia(obs, slate_minutes=0, lower_third=False)
    assert PUBLISH.person is not None
    long = replace(PUBLISH, person=replace(PUBLISH.person, clothing="红色短袖蓝色短裤白色球鞋黄色书包，" * 60))
    assert len(str(_rendition(long).texts["crawl"])) > 480
    await huijia.send(long)
    await huijia.tend(long)
    assert has_crawl(await seen(desk, "7-long-crawl"), RED)


async def test_in_studio_mode_only_an_overlay_scene_is_on_the_air(obs: Station, desk: Desk) -> None:
    """OBS shows a copy of the programme's scene: what is put into the scene itself is not seen, and not called aired."""
    direct, nested = Huijia(obs, slate_minutes=0), Huijia(obs, scene="全局叠加", slate_minutes=0)
    await desk.do("CreateScene", sceneName="全局叠加")
    await desk.do("CreateSceneItem", sceneName="Scene", sourceName="全局叠加")
    await desk.do("SetStudioModeEnabled", studioModeEnabled=True)
    try:
        await asyncio.sleep(0.5)
        await direct.send(PUBLISH)
        said = await direct.tend(PUBLISH)
        assert said.kind is ReceiptKind.RECEIVED
        assert "字幕" in said.note
        await direct.send(RETRACT)
        await direct.tend(RETRACT)
        await nested.send(OTHER)
        assert (await nested.tend(OTHER)).kind is ReceiptKind.AIRED
    finally:
        await desk.do("SetStudioModeEnabled", studioModeEnabled=False)
        await desk.do("RemoveScene", sceneName="全局叠加")


async def test_an_obs_that_is_killed_and_started_again(tmp_path: Path) -> None:
    """Its scene collection may or may not have been saved; huijia does not ask."""
    if lacking := missing():
        pytest.skip(f"no {', '.join(lacking)} on this machine: make field installs them")
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    with station(tmp_path) as found:
        await Huijia(found).send(PUBLISH)
        found.process.kill()
        found.process.wait()
    with station(tmp_path) as found:
        huijia = Huijia(found)
        async with aclosing(await Desk.open(found)) as desk:
            await huijia.tend(PUBLISH, SLATE_DONE)
            await huijia.tend(PUBLISH, SLATE_DONE)
            again = await seen(desk, "8-after-a-crash")
            assert has_crawl(again, RED)
            assert has_lower_third(again)
            await huijia.send(RETRACT)
            gone = await huijia.tend(RETRACT)
            assert gone.kind is ReceiptKind.TAKEN_DOWN
            assert not has_crawl(await seen(desk, "9-gone-after-a-crash"), RED)
