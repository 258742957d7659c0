"""Which syllables a Mandarin speaker reads for Han characters, in pinyin with tone numbers (5 is the neutral tone)."""

import re

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PINYIN_DICT

# Words of these scripts that the dictionary does not know or reads otherwise: places of Shaanxi first.
_LEXICON = {
    "佛坪": "fo2 ping2", "秦都": "qin2 du1", "华阴": "hua4 yin1", "华州": "hua4 zhou1", "华山": "hua4 shan1",
    "华县": "hua4 xian4", "曲江": "qu1 jiang1", "吴堡": "wu2 bu3", "瓦窑堡": "wa3 yao2 bu3", "柞水": "zha4 shui3",
    "洛南": "luo4 nan2", "澄城": "cheng2 cheng2", "浐灞": "chan3 ba4", "宝鸡": "bao3 ji1", "都江堰": "du1 jiang1 yan4",
    "身着": "shen1 zhuo2", "穿着": "chuan1 zhe5", "衣着": "yi1 zhuo2", "着装": "zhuo2 zhuang1", "背着": "bei1 zhe5",
    "扎着": "za1 zhe5", "马尾": "ma3 wei3", "校服": "xiao4 fu2", "藏青": "zang4 qing1", "似的": "shi4 de5",
    "长发": "chang2 fa4", "短发": "duan3 fa4", "头发": "tou2 fa5", "卷发": "juan3 fa4", "背包": "bei1 bao1",
    "还": "hai2", "为": "wei4", "种": "zhong3", "得": "de5", "东西": "dong1 xi5",
}  # fmt: skip
_KNOWN = re.compile("|".join(sorted(map(re.escape, _LEXICON), key=len, reverse=True)))

# Latin letters as a Mandarin newsreader names them: 陕A, B口.
LETTERS = {
    "A": "ei1", "B": "bi4", "C": "sei1", "D": "di4", "E": "yi4", "F": "ai2 fu5", "G": "ji4", "H": "ei2 chi5", "I": "ai4",
    "J": "zhei4", "K": "kei4", "L": "ai2 lou5", "M": "ai2 mu5", "N": "en1", "O": "ou1", "P": "pi4", "Q": "kiu4",
    "R": "a2 er5", "S": "ai2 si5", "T": "ti4", "U": "you1", "V": "wei1", "W": "da2 bu5 liu5", "X": "ai2 ke5 si5",
    "Y": "wai4", "Z": "zei4",
}  # fmt: skip

_FIGURES = set("零一二三四五六七八九十幺点杠第初")
_AFTER_ONE = set("月日号年")


def is_han(char: str) -> bool:
    """True for a character that pinyin is known for."""
    return ord(char) in PINYIN_DICT


def syllables(run: str) -> list[str]:
    """One syllable for each character of ``run``, all of them Han: 李小明 → li3, xiao3, ming2."""
    said: list[str] = []
    at = 0
    for known in _KNOWN.finditer(run):
        said += _looked_up(run[at : known.start()]) + _LEXICON[known[0]].split()
        at = known.end()
    said += _looked_up(run[at:])
    for index, char in enumerate(run):
        if char in "一不":
            said[index] = _bent(run, index, said)
    return said


def _looked_up(run: str) -> list[str]:
    return lazy_pinyin(run, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False) if run else []


def _bent(run: str, index: int, said: list[str]) -> str:
    """一 and 不 take their tone from what follows; 一 does not in figures, dates and ordinals."""
    before, after = run[index - 1] if index else "", run[index + 1] if index + 1 < len(run) else ""
    tone = said[index + 1][-1] if after else ""
    if after == "个":
        tone = "4"
    if run[index] == "不":
        return "bu2" if tone == "4" else "bu4"
    if not after or before in _FIGURES or after in _FIGURES - {"点"} or after in _AFTER_ONE:
        return "yi1"
    return "yi2" if tone == "4" else "yi4"
