"""Nobody reads an empty box: what a face lacks another draws, and what no face draws is described."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pypinyin.constants import PINYIN_DICT

from channels.studio.faces import BOLD, PIXEL, REGULAR, THIN, Face, file_for, font, held, runs
from channels.studio.spelling import FOREIGN, UNREAD, spell
from tests.channels.notices import PERSON, PUBLISH
from tests.channels.strategies import FACT
from tests.studio.pictures import RARE, laid, made, texts

FACES = [REGULAR, BOLD, PIXEL]
faces = pytest.mark.parametrize("face", FACES, ids=["regular", "bold", "pixel"])

NOWHERE = "\U0010fffd"
"""A code point for private use that no file of ours has a glyph for."""


def ink(face: Face, file: str, char: str) -> bytes:
    image = Image.new("L", (64, 64))
    ImageDraw.Draw(image).text((8, 48), char, font=font(file, face.size(file, 36)), fill=255, anchor="ls")
    return image.tobytes()


def boxes(face: Face, text: str) -> list[str]:
    """The characters that would come out as the empty box of their file."""
    return [
        char for file, run in runs(face, text) for char in run
        if file is not None and ink(face, file, char) == ink(face, file, NOWHERE)
    ]  # fmt: skip


@faces
def test_this_test_sees_a_box(face: Face) -> None:
    assert NOWHERE not in "".join(map(chr, held(face.files[0])))
    assert boxes(face, NOWHERE) == [NOWHERE]
    assert boxes(face, "李小明110") == []


@faces
@pytest.mark.parametrize("char", [*RARE, *"玘珝㛃𠮷龴𤇾"])
def test_rare_characters_of_names_are_drawn(face: Face, char: str) -> None:
    assert spell(char, face) == char
    assert boxes(face, char) == []


def gb2312() -> str:
    rows = range(0xB0, 0xF8)
    return "".join(bytes((row, cell)).decode("gb2312", "ignore") for row in rows for cell in range(0xA1, 0xFF))


@faces
def test_every_ordinary_character_is_drawn(face: Face) -> None:
    assert len(gb2312()) == 6763
    assert not [char for char in gb2312() if file_for(face, char) is None]
    assert sum(ord(char) in held(face.files[0]) for char in gb2312()) > 6400


def test_bold_draws_whatever_regular_draws() -> None:
    """Text is spelled once, and written in both."""
    for regular, bold in zip(REGULAR.files, BOLD.files, strict=True):
        assert held(regular) == held(bold)


@faces
@settings(max_examples=150, deadline=None)
@given(text=st.text(FACT | st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30))
def test_whatever_is_written_no_box(face: Face, text: str) -> None:
    spelled = spell(text, face)
    assert all(char in (" ", THIN) or file_for(face, char) for char in spelled)
    assert boxes(face, spelled.replace(" ", "")) == []


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("李\ue863明", "李䶮明"),  # as GBK systems store 䶮
        ("\ue816\ue855", "𠂇𤇾"),
        ("王𰻞", "王𰻞"),
        ("李𡙪明", "李(bié)明"),
        ("李\U0002a6f3", f"李{UNREAD}"),
        ("李\ue000明", f"李{UNREAD}明"),
        ("李\U0003fffd", f"李{UNREAD}"),
        ("قاسم", FOREIGN),
        ("བཀྲ་ཤིས། བདེ་ལེགས", FOREIGN),
        ("葛\U000e0100", "葛"),
        ("红帽子🧢，蓝裤", "红帽子，蓝裤"),
        ("e\u0301", "é"),
        ("明\u0301", "明"),
        ("Ábel", "Abel"),
    ],
)
def test_what_no_face_holds_is_described(text: str, spelled: str) -> None:
    for face in FACES:
        assert spell(text, face) == spelled


def test_the_reading_stands_for_a_character_as_at_a_bank() -> None:
    lacked = [chr(code) for code in PINYIN_DICT if code >= 0x20000 and file_for(REGULAR, chr(code)) is None]
    assert len(lacked) > 10_000
    for face in FACES:
        assert all(re.fullmatch(r"\([^()]+\)", spell(char, face)) for char in lacked[::50])
        assert boxes(face, spell("".join(lacked[::500]), face)) == []


def test_room_between_chinese_and_figures() -> None:
    assert spell("约118厘米，穿T恤", REGULAR) == f"约{THIN}118{THIN}厘米，穿{THIN}T{THIN}恤"
    assert spell(spell("约118厘米", REGULAR), REGULAR) == f"约{THIN}118{THIN}厘米"
    assert spell("约118厘米", PIXEL) == "约118厘米"


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (192, 64), (64, 32)], ids=str)
@pytest.mark.parametrize("name", [RARE, "李\ue863明", "王\U0002a6f3", "古丽·قاسم"])
def test_a_poster_with_such_a_name(size: tuple[int, int], name: str) -> None:
    notice = replace(PUBLISH, person=replace(PERSON, name=name))
    face = PIXEL if size[1] < 200 else REGULAR
    written = next(thing.text for thing in laid(size, notice).drawn if thing.name == "name")
    assert written
    assert boxes(face, texts(laid(size, notice)).replace(" ", "")) == []
    assert made(size, notice).tobytes() != made(size, PUBLISH).tobytes()
