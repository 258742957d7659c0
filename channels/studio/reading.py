"""A script as a voice is given it: no figure, sign or bracket is left that a speech engine would skip or spell out."""

import re
import unicodedata

from channels.spoken import speak

UNREADABLE = "生僻字"
"""Said where a character of a name cannot be: a listener must hear that something is missing."""

_WORDS = {
    "+": "加", "＋": "加", "=": "等于", "＝": "等于", "&": "和", "＆": "和", "@": "艾特", "＠": "艾特", "#": "井号",
    "％": "百分号", "%": "百分号", "℃": "摄氏度", "°": "度", "×": "乘", "÷": "除以", "±": "正负", "¥": "元", "￥": "元",
    "$": "美元", "〇": "零", "½": "二分之一", "→": "到", "~": "到", "～": "到", "№": "编号",
}  # fmt: skip
_PAUSE = set("、（）()【】[]〔〕「」『』《》〈〉{}｛｝…—–―;；:：,，/／\\|｜")
_LIGHT = set("·・•‧")  # no more than a word's end
_STOP = set("。.！!？?\n\r\v\f\x85\u2028\u2029")

# A surname that is read otherwise than the same character elsewhere, put as another that has only that reading.
_SURNAMES = {
    "单": "善", "曾": "增", "解": "谢", "仇": "求", "区": "欧", "盖": "舸", "葛": "舸", "查": "渣", "任": "仁", "华": "话",
    "朴": "瓢", "冼": "显", "洗": "显", "员": "韵", "缪": "妙", "乐": "月", "折": "蛇", "召": "哨", "薄": "博", "翟": "宅",
    "秘": "必", "燕": "烟", "应": "英", "过": "锅", "种": "虫", "褚": "楚", "卜": "补", "柏": "百", "贲": "奔", "角": "决",
    "纪": "己", "尉迟": "玉迟", "万俟": "末奇", "长孙": "掌孙", "澹台": "谈台", "令狐": "灵狐",
}  # fmt: skip
_SURNAME = re.compile(
    # Where the radio script names somebody: 李小明，男，六岁 and 寻找李某某，寻人已经结束.
    rf"(?:(?<=^)|(?<=[。，]))(?P<of>{'|'.join(sorted(_SURNAMES, key=len, reverse=True))})"
    r"(?=[^，。]{1,6}，[男女](?:，|。))"
    rf"|(?<=寻找)(?P<gone>{'|'.join(sorted(_SURNAMES, key=len, reverse=True))})(?=[^，。]{{1,6}}，寻人)"
)
_INITIALS = re.compile(r"(?<![A-Za-z])(?:[A-Z]{2,3}|[B-DF-HJ-NP-TV-Z]{4,6})(?![A-Za-z])")  # NBA, but not NIKE
_INNER_DOT = re.compile(r"(?<=[0-9A-Za-z])\.(?=[0-9A-Za-z])")
_PAUSES = re.compile(r"[，\s]*，[，\s]*")
_STOPS = re.compile(r"[，。\s]*。[，。\s]*")


def read(script: str) -> str:
    """``script`` in Han characters, Latin and other letters, spaces, ， and 。; empty when nothing in it can be said."""
    text = speak("".join(map(_plain, unicodedata.normalize("NFC", script))))
    text = "".join(map(_sayable, _INNER_DOT.sub("点", text)))
    text = _STOPS.sub("。", _PAUSES.sub("，", re.sub(r"\s+", " ", text))).strip("， ")
    text = _SURNAME.sub(lambda found: _SURNAMES[found["of"] or found["gone"]], text)
    text = _INITIALS.sub(lambda found: " ".join(found[0]), text).lstrip("。，")
    return text if any(map(str.isalpha, text)) else ""


def _plain(char: str) -> str:
    """① as 1, Ⅳ as IV, ㎝ as cm, ⼈ as 人. Punctuation stays as it is: it means other things when it is narrow."""
    folded = unicodedata.normalize("NFKC", char)
    return folded if folded != char and all(map(str.isalnum, folded)) else char


def _sayable(char: str) -> str:
    if char in _WORDS:
        return _WORDS[char]
    if char in _STOP:
        return "。"
    if char in _PAUSE:
        return "，"
    if char in _LIGHT or char.isspace():
        return " "
    match unicodedata.category(char):
        case "Co" | "Cn" | "Cs":  # names in old police systems; a character newer than this table; half a character
            return f"，{UNREADABLE}，"
        case "Lu" | "Ll" | "Lt" | "Lm" | "Lo":
            return char
        case "Mn" | "Mc":
            return char if unicodedata.combining(char) or ord(char) > 0x900 else ""
        case _:
            return f"，{UNREADABLE}，" if char == "□" else " "
