"""A page of docs/partners read as its reader reads it: every command is run, every answer is held against the real one."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "partners"
MORE = "…"


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. ``line`` is where it begins."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    found: list[Block] = []
    for match in re.finditer(r"^```([\w ]*)\n(.*?)^```$", text := page.read_text(encoding="utf-8"), re.M | re.S):
        found.append(Block(match[1], match[2], text.count("\n", 0, match.start()) + 1))
    assert text.count("\n```") == 2 * len(found), f"{page.name} has a fence that does not close"
    return found


# ── Is it what the page says? ──────────────────────────────────────────────────────────────────────────────────────────


def alike(doc: str, real: str, number: str = r"\d+") -> bool:
    """``…`` stands for anything, a number for any number; the rest is literal. On the hour the minutes are not said."""
    doc, real = (re.sub(r"(?<=时)\d+分", "", text) for text in (doc, real))
    pattern = "".join(
        ".*" if part == MORE else (number or part) if part.isdigit() else re.escape(part)
        for part in re.split(rf"({MORE}|[0-9]+)", doc)
    )
    return re.fullmatch(pattern, real, re.S) is not None


def differences(doc: Any, real: Any, at: str = "") -> Iterator[str]:
    """Where the real JSON is not of the documented form. ``"…"`` as a member, or as the last of a list, stands for more."""
    if isinstance(doc, dict) and isinstance(real, dict):
        for name in doc.keys() - {MORE} - real.keys():
            yield f"{at}/{name} is documented and not there"
        for name in real.keys() - doc.keys() if MORE not in doc else ():
            yield f"{at}/{name} is there and not documented"
        for name in doc.keys() & real.keys():
            yield from differences(doc[name], real[name], f"{at}/{name}")
    elif isinstance(doc, list) and isinstance(real, list):
        told = doc[:-1] if doc and doc[-1] == MORE else doc
        if len(told) > len(real) or (told == doc and len(doc) != len(real)):
            yield f"{at} has {len(real)} entries"
        for i, (one, other) in enumerate(zip(told, real, strict=False)):
            yield from differences(one, other, f"{at}/{i}")
    elif isinstance(doc, str) and isinstance(real, str):
        if not alike(doc, real):
            yield f"{at} is {real!r} and not {doc!r}"
    elif type(doc) is not type(real) or ((isinstance(doc, bool) or at.endswith("/status")) and doc != real):
        yield f"{at} is {real!r} and not {doc!r}"


def same_json(doc: str, real: str) -> list[str]:
    try:
        return list(differences(json.loads(doc), json.loads(real)))
    except json.JSONDecodeError as error:
        return [f"{error}: {real[:300]}"]


def same_http(doc: str, real: str) -> list[str]:
    """The first line, each header that is documented, and the body (of an answer of ours: JSON)."""
    (head, _, body), (real_head, _, real_body) = doc.partition("\n\n"), real.replace("\r", "").partition("\n\n")
    first, *headers = head.splitlines()
    real_first, *real_headers = real_head.splitlines()
    found = {name.lower(): value for name, _, value in (line.partition(": ") for line in real_headers)}
    wrong = [] if alike(first.strip(), real_first.strip(), number="") else [f"{real_first!r} and not {first!r}"]
    for name, _, value in (line.partition(": ") for line in headers):
        real_value = found.get(name.lower())
        if real_value is None or not alike(value, real_value):
            wrong.append(f"{name} is {real_value!r} and not {value!r}")
    return wrong + (same_json(body, real_body) if body.strip() else [])


def same_text(doc: str, real: str) -> list[str]:
    """Line by line, without what a terminal does not show; a line of ``…`` alone stands for any number of lines."""
    return [] if alike(doc.strip(), real.replace("\r", "").strip("\ufeff \n")) else [f"it said:\n{real}"]


def same_xml(doc: str, real: str) -> list[str]:
    """Each element of the page is in the real message, in this order, with this text."""
    return list(_unlike(etree.fromstring(doc.encode()), etree.fromstring(real.encode())))


def _unlike(doc: etree._Element, real: etree._Element) -> Iterator[str]:
    left = iter(real)
    for child in doc:
        if not any(_fits(child, other) for other in left):
            yield f"no {etree.tostring(child, encoding='unicode').strip()} at its place in {real.tag}"


def _fits(doc: etree._Element, real: etree._Element) -> bool:
    words = (doc.text or "").strip()
    return (
        doc.tag == real.tag and (not words or alike(words, (real.text or "").strip())) and not list(_unlike(doc, real))
    )


SAME = {"json": same_json, "http": same_http, "text": same_text, "xml": same_xml}


def needs_a_shell() -> None:
    """What the pages' commands are run with."""
    if missing := [name for name in ("bash", "curl", "openssl", "python3") if shutil.which(name) is None]:
        pytest.skip(f"NO {' AND NO '.join(missing)} ON THIS MACHINE: DOCS/PARTNERS IS NOT TESTED")


def furnish(folder: Path) -> None:
    """What a reader has in the repository's root. The examples are a copy: packages are installed beside them."""
    (folder / "docs").symlink_to(ROOT / "docs")
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("node_modules"))
    (folder / ".venv/bin").mkdir(parents=True)
    for name, command in (("python", f"exec {sys.executable}"), ("huijia", f"exec {sys.executable} -m app.cli")):
        (folder / ".venv/bin" / name).write_text(f'#!/bin/sh\n{command} "$@"\n')
        (folder / ".venv/bin" / name).chmod(0o755)


# ── A shell ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Shell:
    """One bash for a whole page: what a block sets, the next one has."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def open(cls, folder: Path, env: Mapping[str, str]) -> "Shell":
        process = await asyncio.create_subprocess_exec(
            "bash", "--norc", cwd=folder, env=dict(env), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, limit=2**22, start_new_session=True,
        )  # fmt: skip
        return cls(process)

    async def run(self, block: str) -> tuple[int, str]:
        """The status of the last command, and what was said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{block}\nprintf '\\n\\001%d\\n' $?\n".encode())
        await self._process.stdin.drain()
        said = (await asyncio.wait_for(self._process.stdout.readuntil(b"\n\x01"), 60))[:-2]
        status = int(await self._process.stdout.readline())
        return status, said.decode()

    async def close(self) -> None:
        """It, and what it has left running."""
        os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


@dataclass
class Reading:
    """A reader at work on a page. ``moved`` are addresses of the page that are elsewhere here; ``answer`` tries an answer to a
    webhook; ``heard`` are the raw requests that came; ``missing`` is what this machine lacks, and the block that wants it."""

    shell: Shell
    moved: Mapping[str, str]
    answer: Callable[[str], Awaitable[list[str]]] | None = None
    heard: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    said: str = ""

    async def read(self, page: Path, steps: Sequence[Block]) -> None:
        passed = False
        for block in steps:
            language, *programs = block.language.split()
            passed = passed and language != "sh"  # and the answer to what was not asked
            if language == "sh" and (lacks := self._lacks(programs)):
                self.missing.append(f"{lacks} for {page.name}:{block.line}")
                passed = True
            if passed:
                continue
            try:
                wrong = await self.turn(replace(block, text=self._here(block.text)))
            except Exception as error:
                wrong = [f"{type(error).__name__}: {error}"]
            assert not wrong, f"{page.name}:{block.line} ({block.language})\n" + "\n".join(wrong)

    async def turn(self, block: Block) -> list[str]:
        """What is wrong with this block."""
        if block.language.split()[0] == "sh":
            status, self.said = await self.shell.run(block.text)
            timed = "--max-time" in block.text and status == 28  # curl's word for "its time was over"
            return [] if status == 0 or timed else [f"status {status}: {self.said}"]
        if block.language == "http" and block.text.startswith("POST"):
            return [] if any(not same_http(block.text, one) for one in self.heard) else self._nearest(block.text)
        if block.language == "http answer" and self.answer is not None:
            return await self.answer(block.text)
        if block.language in SAME:
            return SAME[block.language](block.text, self.said)
        return [f"nobody knows how to try a block of {block.language or 'no language'}"]

    def _lacks(self, programs: Sequence[str]) -> str:
        """A block that begins with ``sh npm`` wants what not every machine has: npm, and a way to its packages."""
        if missing := [name for name in programs if shutil.which(name) is None]:
            return f"no {' and no '.join(missing)}"
        return "no way to npm's packages" if "npm" in programs and not npm_reaches_its_packages() else ""

    def _here(self, text: str) -> str:
        for there, here in self.moved.items():
            text = text.replace(there, here)
        return text

    def _nearest(self, doc: str) -> list[str]:
        return min((same_http(doc, one) for one in self.heard), key=len, default=["nothing was sent"])


@cache
def npm_reaches_its_packages() -> bool:
    asked = ["npm", "view", "standardwebhooks", "version"]
    return subprocess.run(asked, capture_output=True, timeout=60, check=False).returncode == 0
