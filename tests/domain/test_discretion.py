"""What the public line of a retraction may say."""

import pytest

from app.domain.discretion import LONGEST_LINE, fault_of_line

NAME = "李小明"


@pytest.mark.parametrize("line", ["", "感谢各界关注。", "线索已核实，搜寻结束，感谢热心群众。", "谢" * LONGEST_LINE])
def test_lines_that_say_nothing_of_the_child(line: str) -> None:
    assert fault_of_line(line, NAME) is None


@pytest.mark.parametrize(
    "line",
    [
        "李小明已平安到家。",
        "孩子已在医院救治。",
        "孩子系离家出走。",
        "不幸溺水身亡。",
        "警方已抓获嫌疑人。",
        "孩子已交给母亲。",
        "系家长报假警。",
        "遗体已找到。",
        "曾遭虐待。",
        "谢" * (LONGEST_LINE + 1),
    ],
)
def test_lines_that_tell_too_much(line: str) -> None:
    fault = fault_of_line(line, NAME)
    assert fault is not None
    assert "附言" in fault, "it says in Chinese what is wrong"
    assert NAME not in fault, "a refusal is logged and shown: it repeats no name"


def test_without_a_name_only_the_words_count() -> None:
    assert fault_of_line("感谢关注", "") is None
    assert fault_of_line("孩子受伤", "") is not None
