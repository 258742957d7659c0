"""On a real station, at the listener's end: the announcement is heard, the retraction cuts it off, the others stay."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from channels.carriers.liquidsoap import Liquidsoap, LiquidsoapSettings
from channels.contract import Accepted, Notice, Outcome, ReceiptKind, Refused, Rendition, Status
from channels.studio.speech import announce
from tests.channels.notices import NOW, PUBLISH, RETRACT, rendered
from tests.channels.wire import FakeWire
from tests.field.radio import ARTEFACTS, STEP, Heard, Listener, Station, missing, station
from tests.studio.listening import alike, decoded, envelope

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no {', '.join(missing())} here: `make field` installs them")

CARRIER = Liquidsoap()
DRILL = replace(PUBLISH, status=Status.EXERCISE)


@pytest.fixture(scope="module")
def on_air() -> Iterator[Station]:
    with station() as here:
        yield here


def spoken(here: Station, notice: Notice, script: str = "") -> Rendition:
    """As the press would hand it out: the radio script, spoken by our studio. ``script``: a shorter one."""
    rendition = rendered(notice, "radio")
    text = rendition.texts["script"]
    assert isinstance(text, str)
    media = here.shelf.put(f"{notice.alert}-{notice.number}.mp3", announce(script or text))
    return replace(rendition, media=(media,))


async def send(here: Station, rendition: Rendition, prior: str | None = None) -> Outcome:
    settings = LiquidsoapSettings(host="127.0.0.1", port=here.port)
    key = f"dlv_{rendition.notice.alert[-3:]}{rendition.notice.number}"
    return await CARRIER.send(rendition, settings, key=key, prior=prior, now=NOW, wire=FakeWire())


async def proof(here: Station, rendition: Rendition, within: float = 15) -> set[ReceiptKind]:
    """What tending brings, asked every 0.2 s until something comes."""
    settings = LiquidsoapSettings(host="127.0.0.1", port=here.port)
    end = time.monotonic() + within
    while time.monotonic() < end:
        receipts = await CARRIER.tend(rendition, settings, key="dlv", reference=None, now=NOW, wire=FakeWire())
        if receipts:
            return {receipt.kind for receipt in receipts}
        await asyncio.sleep(0.2)
    return set()


def ended(notice: Notice) -> Notice:
    return replace(RETRACT, alert=notice.alert, status=notice.status)


def keep(heard: Heard, name: str) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / name).write_bytes(heard.body)


def first(kinds: list[str], kind: str, after: float = 0) -> float:
    """When it is first heard, in seconds of the stream."""
    return kinds.index(kind, round(after / STEP)) * STEP


async def test_heard_and_cut_off(on_air: Station) -> None:
    listener = Listener(on_air.stream)
    await asyncio.sleep(3)
    pushed = time.monotonic()
    outcome = await send(on_air, spoken(on_air, DRILL))
    assert isinstance(outcome, Accepted)
    assert await proof(on_air, rendered(DRILL, "radio")) == {ReceiptKind.AIRED}
    await asyncio.sleep(7)
    assert on_air.title() == "【演练】紧急寻人"
    ending = await send(on_air, spoken(on_air, ended(DRILL)), prior=outcome.reference)
    retracted = time.monotonic()
    assert isinstance(ending, Accepted)
    assert ending.receipt is not None
    assert ending.receipt.kind is ReceiptKind.TAKEN_DOWN
    await asyncio.sleep(6)
    heard = listener.stop()
    keep(heard, "radio-announcement-and-retraction.mp3")

    kinds = heard.kinds()
    begins = first(kinds, "tone")
    assert kinds[10 : round(begins / STEP) - 1].count("programme") > 10, "the programme before it"
    assert heard.came(begins) - pushed < 10
    assert kinds[round(begins / STEP) : round((begins + 2.6) / STEP)].count("tone") >= 18, "two strokes, twice"
    voice = kinds[round((begins + 3.3) / STEP) : round((begins + 8) / STEP)]
    assert voice.count("voice") > 0.6 * len(voice)
    assert "programme" not in voice

    cut = next(at for at in range(len(kinds)) if heard.came(at * STEP) > retracted + 1.0)
    after = kinds[cut:]
    before_correction = after[: after.index("tone")] if "tone" in after else after
    assert "voice" not in before_correction, "a second after the retraction nobody speaks of the child"
    assert "tone" in kinds[round((begins + 4) / STEP) :], "and the correction announces itself"
    last = max(at for at in range(cut) if kinds[at] == "voice")
    print(
        f"push to ear {heard.came(begins) - pushed:.2f} s; retraction to silence {heard.came(last * STEP) - retracted:.2f} s"
    )


async def test_others_survive(on_air: Station) -> None:
    """A on air, B and C wait. B is taken back, A goes on; A is taken back, C comes on, and is heard whole."""
    a, b, c = (replace(DRILL, alert=f"HJ-E-00010{n}") for n in "123")
    await _quiet(on_air)
    assert isinstance(await send(on_air, spoken(on_air, a)), Accepted)
    assert await proof(on_air, rendered(a, "radio")) == {ReceiptKind.AIRED}
    assert isinstance(await send(on_air, spoken(on_air, b)), Accepted)
    words = "演练。寻找张三丰，男，八岁，身穿蓝色校服。请拨打幺幺零。"
    await asyncio.sleep(1)
    assert isinstance(await send(on_air, spoken(on_air, c, words)), Accepted)
    listener = Listener(on_air.stream)
    await asyncio.sleep(2)
    gone = await send(on_air, spoken(on_air, ended(b)))
    assert isinstance(gone, Accepted)
    assert gone.receipt is not None
    await asyncio.sleep(2)
    silent = replace(rendered(ended(a), "radio"), media=())
    await send(on_air, silent, prior="x")
    retracted = time.monotonic()
    assert await proof(on_air, rendered(c, "radio")) == {ReceiptKind.AIRED}
    made = on_air.shelf.kept[f"{c.alert}-1.mp3"]
    await asyncio.sleep((made.seconds or 0) + 2)
    heard = listener.stop()
    keep(heard, "radio-three-alerts.mp3")

    kinds = heard.kinds()
    before = [kind for at, kind in enumerate(kinds) if heard.came(at * STEP) < retracted - 0.5]
    assert "programme" not in before, "A went on while B was taken back"
    begins = first(kinds, "tone", after=2)
    assert heard.came(begins) - retracted < 10
    wanted = envelope(decoded(made.body), 22_050, step=0.05)
    late = [
        heard.part(begins + shift, begins + shift + (made.seconds or 0))
        for shift in (-0.2, -0.15, -0.1, -0.05, 0, 0.05)
    ]
    match = max(alike(envelope(part, 22_050, step=0.05), wanted) for part in late)
    assert match > 0.8, "what is heard is C's announcement"
    assert kinds[round((begins + (made.seconds or 0) + 0.5) / STEP)] == "programme", "and then the programme"
    assert on_air.shelf.asked.count((f"{b.alert}-1.mp3", 200)) == 1
    print(f"C is heard with a likeness of {match:.2f}")


async def test_what_cannot_be_fetched_is_not_aired(on_air: Station) -> None:
    """A push of it is taken all the same: only the air proves anything."""
    late = replace(DRILL, alert="HJ-E-000200")
    rendition = spoken(on_air, late)
    on_air.shelf.gone.add(f"{late.alert}-1.mp3")
    assert isinstance(await send(on_air, rendition), Accepted)
    assert await proof(on_air, rendition, within=2) == set()
    assert (f"{late.alert}-1.mp3", 410) in on_air.shelf.asked


async def test_a_straggler_after_the_end_is_refused(on_air: Station) -> None:
    over = replace(DRILL, alert="HJ-E-000300")
    assert isinstance(await send(on_air, replace(rendered(ended(over), "radio"), media=())), Accepted)
    assert isinstance(await send(on_air, spoken(on_air, over)), Refused)


async def test_the_title_goes_with_the_alert(on_air: Station) -> None:
    await _quiet(on_air)
    brief = replace(DRILL, alert="HJ-E-000400")
    await send(on_air, spoken(on_air, brief, "演练。"))
    assert await proof(on_air, rendered(brief, "radio")) == {ReceiptKind.AIRED}
    await asyncio.sleep(1.5)
    assert on_air.title() == "【演练】紧急寻人"
    assert "李小明" not in on_air.log()
    await _quiet(on_air)
    await asyncio.sleep(2)
    assert on_air.title() == "正在播出"


async def _quiet(here: Station) -> None:
    """Until no alert is on air or waits."""
    settings = LiquidsoapSettings(host="127.0.0.1", port=here.port)
    end = time.monotonic() + 90
    while True:
        reader, writer = await FakeWire().dial(settings.host, settings.port, timeout=CARRIER.timeout)
        writer.write(b"alert.state\nquit\n")
        state = (await reader.read()).decode()
        writer.close()
        if not any(f'"state":"{name}"' in state for name in ("fetching", "waiting", "handed", "playing")):
            return
        assert time.monotonic() < end
        await asyncio.sleep(0.3)
