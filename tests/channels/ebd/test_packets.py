"""Everything we write, read back by the sandbox's own reader: rules, words, files."""

import re
import string
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.carriers.ebd.carrier import Ebd
from channels.contract import Accepted, Kind, Notice, Rendition, Status
from channels.wording import BEIJING, title
from sandbox.ebd.packet import Packet, opened
from tests.channels.ebd.stage import KEPT, SLATE, SOUND, carried, stage
from tests.channels.ebd.stage import settings as outlet
from tests.channels.notices import NOW, PUBLISH, RETRACT, UPDATE, rendered
from tests.channels.recorded import DOCS
from tests.channels.strategies import SEARCHES
from tests.channels.wire import Call

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def packet(call: Call) -> Packet:
    """What a call carried, by hand and by the sandbox's reader."""
    boundary = call.headers["content-type"].partition("boundary=")[2].encode()
    head, _, rest = call.body.partition(b"\r\n\r\n")
    found = re.search(rb'name="file"; filename="([^"]+)"', head)
    assert found
    assert head.startswith(b"--" + boundary + b"\r\n")
    end = b"\r\n--" + boundary + b"--\r\n"
    assert rest.endswith(end)
    return opened(found[1].decode(), rest[: -len(end)])


@pytest.mark.parametrize("version", ["2016", "2018"])
@pytest.mark.parametrize("medium", ["tv", "radio", "screen", "billboard"])
@quick
@given(notice=SEARCHES)
async def test_every_search_comes_through_and_breaks_no_rule(version: str, medium: str, notice: Notice) -> None:
    at = stage(outlet(version))
    assert isinstance(await at.send(notice, "dlv_1", medium), Accepted), at.rules()
    rendition, came = rendered(notice, medium), packet(at.wire.calls[0])
    said = next(rendition.texts[name] for name in ("crawl", "script", "text", "lines") if name in rendition.texts)
    words = said if isinstance(said, str) else "\n".join(said)
    assert came.text("EBM/MsgContent/MsgDesc") == words.strip()
    assert came.text("EBM/MsgContent/MsgTitle") == title(notice)
    assert (came.text("EBM/MsgBasicInfo/MsgType") == "1") == (notice.status is Status.ACTUAL)
    assert set(came.resources.values()) == {KEPT[SOUND.sha256], KEPT[SLATE.sha256]}


ANYTHING = st.text(
    st.characters(codec=None) | st.sampled_from("]]><![CDATA[&;\x00\x08\x0b\x1f\x7f\ufffe\uffff\ud800😀𬎆\u2028")
)


def legal(text: str) -> str:
    """What XML 1.0 can carry of it, and every parser gives back (§2.11: line ends)."""
    kept = "".join(
        char if char in "\t\n\r" or (char >= " " and char.isascii()) or ord(char) > 127 else " " for char in text
    )
    return re.sub("[\ud800-\udfff\ufffe\uffff]", " ", kept)


@quick
@given(text=ANYTHING, unit=ANYTHING)
async def test_no_text_makes_a_document_that_cannot_be_read(text: str, unit: str) -> None:
    at = stage()
    hostile = Rendition(replace(PUBLISH, unit=unit), "tv", {"crawl": f"紧急寻人{text}。"})
    await Ebd().send(hostile, at.settings, key="dlv_1", prior=None, now=NOW, wire=at.wire)
    root = packet(at.wire.calls[0]).root
    assert (root.findtext("EBM/MsgContent/MsgDesc") or "") == legal(f"紧急寻人{text}。")
    assert {element.tag for element in root.iter()} <= KNOWN


_KNOWN = """EBD EBDVersion EBDID EBDType SRC EBRID URL DEST EBDTime EBM EBMVersion EBMID MsgBasicInfo MsgType SenderName
SenderCode SendTime EventType Severity StartTime EndTime MsgContent LanguageCode MsgTitle MsgDesc AreaCode"""
KNOWN = set(_KNOWN.split())


def leaves(root: ET.Element) -> list[tuple[str, str]]:
    return [(element.tag, (element.text or "").strip()) for element in root.iter() if len(element) == 0]


async def test_the_example_of_the_page() -> None:
    """Element for element."""
    at = stage(outlet(areas=["610103000000", "610104000000"], sender_name="西安市公安局"))
    await at.send(PUBLISH, "dlv_1")
    page = (DOCS / "ebd.md").read_text(encoding="utf-8")
    shown = ET.fromstring(page.partition("```xml\n")[2].partition("```")[0])
    assert leaves(packet(at.wire.calls[0]).root) == leaves(shown)
    assert len(leaves(shown)) == 29


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("notice", [PUBLISH, UPDATE, RETRACT], ids=lambda notice: str(notice.kind))
@pytest.mark.parametrize(("exercise", "test"), [("3", "4"), ("5", "3")])
async def test_a_drill_is_never_1_and_the_real_thing_is_nothing_else(
    status: Status, notice: Notice, exercise: str, test: str
) -> None:
    at = stage(outlet(exercise_type=exercise, test_type=test, correction_minutes=5))
    wanted = {Status.ACTUAL: "1", Status.EXERCISE: exercise, Status.TEST: test}[status]
    if notice.kind is not Kind.PUBLISH:
        await at.send(replace(PUBLISH, status=status), "dlv_1")
    assert isinstance(await at.send(replace(notice, status=status), "dlv_2"), Accepted), at.rules()
    types = [packet(call).text("EBM/MsgBasicInfo/MsgType") for call in at.wire.calls]
    assert types == ([wanted] if notice.kind is Kind.PUBLISH else [wanted, "2", wanted])
    severities = {packet(call).text("EBM/MsgBasicInfo/Severity") for call in at.wire.calls}
    assert severities == ({"2"} if status is Status.ACTUAL else {"15"})


async def test_a_cancel_is_as_complete_as_a_play() -> None:
    """There are platforms that read EndTime and AreaCode of a cancel and fail without, or put aside one that is past."""
    at = stage()
    await at.send(PUBLISH, "dlv_1")
    over = replace(RETRACT, issued_at=NOW + timedelta(days=2), expires_at=NOW + timedelta(days=3))
    at.now = NOW + timedelta(days=2)
    await at.send(over, "dlv_2")
    play, cancel = (packet(call) for call in at.wire.calls)
    assert cancel.text("EBM/RelatedInfo/EBMID") == play.text("EBM/EBMID")
    assert play.root.find("EBM/RelatedInfo") is None
    assert cancel.text("EBM/EBMID") != play.text("EBM/EBMID")
    assert cancel.text("EBM/MsgBasicInfo/EndTime") > f"{at.now.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
    assert cancel.text("EBM/MsgContent/AreaCode") == play.text("EBM/MsgContent/AreaCode")
    assert cancel.text("EBM/MsgContent/MsgDesc").startswith("寻人结束")
    assert cancel.resources == {}, "nothing that could be played"


async def test_the_form_of_2016() -> None:
    at = stage(outlet("2016", areas=["610103"]))
    await at.send(PUBLISH, "dlv_1")
    came = packet(at.wire.calls[0])
    assert (len(came.ebdid), len(came.text("EBM/EBMID")), came.text("EBDVersion")) == (36, 30, "1.0")
    assert came.root.find("EBM/MsgBasicInfo/SentTime") is not None
    assert came.root.find("EBM/MsgBasicInfo/SendTime") is None


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ["mp3", "png"]),
        ({"audio": False}, ["png"]),
        ({"image": False}, ["mp3"]),
        ({"audio": False, "image": False}, []),
    ],
)
async def test_what_goes_along(changes: dict[str, bool], names: list[str]) -> None:
    at = stage(outlet(**changes))  # type: ignore[arg-type]  # booleans only
    assert isinstance(await at.send(PUBLISH, "dlv_1"), Accepted), at.rules()
    assert [name.rpartition(".")[2] for name in packet(at.wire.calls[0]).resources] == names


@pytest.mark.parametrize("digest", ["md5", "sm3", "sha256"])
async def test_the_digest_that_the_platform_wants(digest: str) -> None:
    at = stage(outlet(digest=digest))
    at.post.platform._digest = digest
    assert isinstance(await at.send(PUBLISH, "dlv_1"), Accepted), at.rules()


async def test_what_is_no_longer_kept_stays_away_and_the_words_go() -> None:
    at = stage()
    at.wire._media = {SOUND.sha256: b"ID3 sound"}
    photo = carried(PUBLISH)
    assert photo.media[0].role == "photo"
    assert isinstance(await at.send(PUBLISH, "dlv_1"), Accepted), at.rules()
    assert list(packet(at.wire.calls[0]).resources.values()) == [b"ID3 sound"]


def test_letters_that_xml_cannot_carry_are_blanks() -> None:
    assert legal("a\x00b\ud800c\ufffe") == "a b c "
    assert legal(string.printable.replace("\x0b", "").replace("\x0c", "")) == string.printable[:-2]
    ET.fromstring(f"<a>{legal('你好😀𬎆')}</a>")
