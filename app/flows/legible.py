"""Text that cannot carry what a screen, a script or a database must not be given."""

import unicodedata

from pydantic import AfterValidator

from app.flows.faults import Complaint

# Letters and marks by their category, but nothing is seen of them: fillers, the blank Braille cell, the joiner.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def newer_ideograph(ch: str) -> bool:
    """Planes 2 and 3 hold nothing but ideographs, and names use those that Python's tables do not know yet."""
    return 0x20000 <= ord(ch) <= 0x3FFFD and ord(ch) & 0xFFFE != 0xFFFE


def _unfit(ch: str) -> bool:
    category = unicodedata.category(ch)
    return ch != "\n" and (category in _UNSEEN or ch in _BLANK or (category == "Cn" and not newer_ideograph(ch)))


def legible(value: str) -> str:
    """No control characters (line feeds aside), no bidirectional overrides, nothing invisible, nothing without a
    glyph. Line ends become ``\\n``."""
    value = value.replace("\r\n", "\n")
    for ch in value:
        if ch == "\ufffd":
            raise Complaint(
                "lost_character", "含有“\ufffd”：有文字在转码时丢失。", "Holds U+FFFD: a character was lost in transcoding.",
                "用 UTF-8 编码重新填写此项。", "Send it again in UTF-8.",
            )  # fmt: skip
        if _unfit(ch):
            raise Complaint(
                "illegible_character", f"含有不可见、控制或自造字符 U+{ord(ch):04X}。",
                f"Holds the control, invisible or private character U+{ord(ch):04X}.",
                "删去该字符（可先粘贴到纯文本编辑器再复制）；自造字请改用同音字。", "Remove or replace it.",
            )  # fmt: skip
    return value


def one_line(value: str) -> str:
    if "\n" in value:
        raise Complaint("line_break", "此项不能换行。", "No line breaks here.", "删去换行。", "Remove line breaks.")
    return value


LEGIBLE = AfterValidator(legible)
ONE_LINE = AfterValidator(one_line)
