"""What review said twice became a law."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

ROOMS = ("app", "channels", "sandbox", "examples", "migrations", "bench")
NO_ROOMS = {"utils", "helpers", "common", "core", "services", "managers", "crud"}
LONGEST_FILE = 300
LISTS = {"app/db/tables.py", "channels/contract.py"}  # declarations, as long as what they declare
REFUSES_THE_WORD = {"channels/carriers/dingtalk_robot.py", "app/forms/text.py"}
LONGEST_FUNCTION = 60


def sources() -> list[Path]:
    found = [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py")) if "versions" not in p.parts]
    assert len(found) > 100
    return found


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", sources(), ids=named)
def test_a_file_holds_one_noun(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE or named(path) in LISTS
    assert not NO_ROOMS & {path.stem, *path.relative_to(ROOT).parts}
    tree = ast.parse(text)
    for function in functions(tree):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= LONGEST_FUNCTION, f"{function.name} has {length} lines"
        inner = [n for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom)]
        assert not inner, f"{function.name} imports inside its body"


@pytest.mark.parametrize("path", [p for p in sources() if p.parts[len(ROOT.parts)] in ("app", "channels")], ids=named)
def test_a_public_module_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body


def test_no_word_that_the_law_reserves() -> None:
    """A missing child is never a 预警 (突发事件应对法 §64): the word stands only where it is refused."""
    found = {named(path) for path in sources() if "预警" in path.read_text(encoding="utf-8")}
    assert found <= REFUSES_THE_WORD


def test_nothing_of_the_ledger_is_deleted() -> None:
    """Its rows have no foreign keys (ADR 29): what they refer to stays."""
    deletes = re.compile(
        r"DELETE FROM (?:alert|outlet|delivery|attempt)\b|delete\(t\.(?:alert|outlet|delivery|attempt)\)"
    )
    ours = [path for path in sources() if "bench" not in path.parts]
    assert not [named(path) for path in ours if deletes.search(path.read_text(encoding="utf-8"))]
