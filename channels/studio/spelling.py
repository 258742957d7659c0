"""Text in characters that a face can draw: what no face holds is described, so that nobody reads an empty box.

Banks and airlines of the country write the pinyin of a character that their systems lack in its place; so does this.
"""

import re
import unicodedata

from pypinyin.constants import PINYIN_DICT

from channels.studio.faces import THIN, Face, file_for

UNREAD = "(生僻字)"
FOREIGN = "(见网页)"

# GBK writes 80 characters as FE50–FEA0 and had no code points for them: systems of that time show them as U+E815–E864.
# Python's GB 18030 is that of 2000; what it still leaves in the private area is put right as GB 18030-2022 has it.
_GBK = [bytes((0xFE, trail)).decode("gb18030") for trail in (*range(0x50, 0x7F), *range(0x80, 0xA1))]
_OF_2022 = {
    0xE816: "𠂇", 0xE817: "𠂉", 0xE818: "𠃌", 0xE81E: "龴", 0xE826: "龵", 0xE82B: "龶", 0xE82C: "龷", 0xE831: "𡗗",
    0xE832: "龸", 0xE83B: "𢦏", 0xE843: "龹", 0xE854: "龺", 0xE855: "𤇾", 0xE864: "龻",
}  # fmt: skip
_PRIVATE = {0xE815 + at: char for at, char in enumerate(_GBK)} | _OF_2022

_CLUSTER = re.compile(r".[\u0300-\u036f]+", re.DOTALL)
_HAN = r"[\u2e80-\u2fdf\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_SEAM = re.compile(rf"(?<={_HAN})(?=[0-9A-Za-z])|(?<=[0-9A-Za-z])(?={_HAN})")
_SAID_TWICE = re.compile(rf"(?:{re.escape(FOREIGN)} ?){{2,}}")


def spell(text: str, face: Face) -> str:
    """The text as ``face`` can draw it, with thin spaces between Chinese and Latin where the face is not a pixel face."""
    composed = _CLUSTER.sub(lambda found: unicodedata.normalize("NFC", found.group()), text.translate(_PRIVATE))
    drawn = _SAID_TWICE.sub(FOREIGN, "".join(_drawable(char, face) for char in composed))
    return drawn if face.grid > 1 else _SEAM.sub(THIN, drawn)


def _drawable(char: str, face: Face) -> str:
    category = unicodedata.category(char)
    if category in ("Mn", "Me"):  # what could not be composed; the basic engine would set it beside its letter
        return ""
    if category == "Lu":  # lines of Chinese have no room for an accent over a capital
        char = unicodedata.normalize("NFD", char)[0]
    if char in (" ", THIN) or file_for(face, char):
        return char
    match category:
        case "Mc" | "Cf":
            return ""
        case "Lo" | "Co" | "Cn" if _is_han(char):
            return _described(char)
        case "Zs":
            return " "
        case _:
            return FOREIGN if category[0] in "LN" else ""


def _is_han(char: str) -> bool:
    return ord(char) >= 0x20000 or unicodedata.category(char) in ("Co", "Cn") or "CJK" in unicodedata.name(char, "")


def _described(char: str) -> str:
    readings = PINYIN_DICT.get(ord(char))
    return f"({readings.split(',')[0]})" if readings else UNREAD
