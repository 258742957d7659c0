"""What the public line of a retraction may not say: what happened to the child, or who the child is.

未成年人保护法 §103: once the search has ended, the exception that allows publication has ended too.
"""

LONGEST_LINE = 60

_FATES = [
    "死亡",
    "身亡",
    "遇难",
    "遇害",
    "溺水",
    "溺亡",
    "死",
    "亡故",
    "尸",
    "遗体",
    "受伤",
    "重伤",
    "轻伤",
    "伤势",
    "自杀",
    "自残",
    "轻生",
    "坠楼",
    "性侵",
    "猥亵",
    "强奸",
    "侵害",
    "殴打",
    "虐待",
    "被拐",
    "拐卖",
    "拐走",
    "拐骗",
    "绑架",
    "离家出走",
    "出走",
    "怀孕",
    "吸毒",
    "抢救",
    "住院",
    "医院",
    "救治",
    "嫌疑",
    "犯罪",
    "抓获",
    "家暴",
    "父亲",
    "母亲",
    "爸",
    "妈",
    "学校",
    "虚假",
    "报假警",
    "谎报",
]


def fault_of_line(line: str, name: str) -> str | None:
    """A Chinese sentence that says why this line may not be published, or ``None`` when it may."""
    if len(line) > LONGEST_LINE:
        return f"附言最多 {LONGEST_LINE} 字，现为 {len(line)} 字。"
    plain = "".join(line.split())
    if any(part in plain for part in _names(name)):
        return "附言不得写孩子的姓名：搜寻结束后不得再公开孩子的身份。"
    told = next((word for word in _FATES if word in plain), None)
    if told is not None:
        return f"附言含“{told}”。撤回只说搜寻已结束并致谢，不得说明孩子的遭遇、去向或原因。"
    return None


def _names(name: str) -> list[str]:
    """The whole name, and the given name where it is long enough to name anyone."""
    whole = "".join(name.split())
    return [part for part in (whole, whole[1:] if len(whole) > 2 else "") if part]
