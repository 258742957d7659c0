"""Nothing in docs/partners is stale: each page is read to its end against the live service."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.problem_types import TYPES
from tests.conftest import ROOT
from tests.dispatch.far import until
from tests.faults.processes import free_port
from tests.partners.pages import (
    FOLDER,
    Block,
    Reading,
    Shell,
    alike,
    blocks,
    differences,
    furnish,
    needs_a_shell,
    same_http,
    same_xml,
)  # fmt: skip
from tests.partners.stage import SECRET, Service, write_data
from tests.partners.walk import yes_man

PAGES = sorted(page for page in FOLDER.glob("*.md") if page.name != "start.md" and blocks(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_a_page_is_true(made: Service, tmp_path: Path, page: Path) -> None:
    async with reading(made, tmp_path) as reader:
        await reader.read(page, blocks(page))
    if reader.missing:
        pytest.skip(f"NOT ALL OF {page.name.upper()} IS TESTED ON THIS MACHINE: {'; '.join(reader.missing)}")


@asynccontextmanager
async def reading(made: Service, folder: Path) -> AsyncIterator[Reading]:
    """Where start.md leaves its reader: two outlets, one of them at a receiver that runs, a key, and a shell. That page
    itself is read in tests/commands."""
    needs_a_shell()
    heard: list[str] = []
    answers: list[bytes] = []
    port = free_port()
    async with listening_in(f"http://127.0.0.1:{port}", heard, answers) as url:
        await made.hook(f"{url}/huijia")
        await made.outlet(name="示例客户端", channel="partner", carrier="feed")
        write_data(folder, made)
        (folder / ".data" / "partner.key").write_text(made.key)
        (folder / ".data" / "partner.secret").write_text(SECRET)
        furnish(folder)
        shell = await Shell.open(
            folder, {**os.environ, "HUIJIA": made.base, "PORT": str(port), "PYTHONPATH": str(ROOT)}
        )
        try:
            moved = {"http://127.0.0.1:9000": url}
            reader = Reading(shell, moved, partial(receipt_in_the_answer, made, answers), heard)
            await reader.read(START, BEFORE)
            yield reader
        finally:
            await shell.close()


START = FOLDER / "start.md"
BEFORE = [
    Block("sh", text, 0)
    for text in (
        ". examples/try.sh; receive; cat .data/receiver.log | grep listening",
        "issue; sleep 1; retract; sleep 1",  # as that page has left it: something has been, for both outlets
        'curl -sSf "$HUIJIA/v1/feed?outlet=$APP" -H "Authorization: Bearer $KEY"; issue',
        'curl -sSf "$HUIJIA/v1/feed?outlet=$APP" -H "Authorization: Bearer $KEY"; retract; sleep 1',
    )
]


@asynccontextmanager
async def listening_in(onto: str, heard: list[str], answers: list[bytes]) -> AsyncIterator[str]:
    """Keeps every request as it came, and passes it on; or gives an answer of its own, when there is one."""
    async with httpx.AsyncClient(timeout=10) as client:

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().replace("\r", "").rstrip()
            pairs = (line.split(": ", 1) for line in head.splitlines()[1:])
            headers = {name.lower(): value for name, value in pairs if name.lower() != "host"}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            heard.append(f"{head}\n\n{body.decode()}")
            with suppress(httpx.TransportError):  # nobody is there just now: no answer
                writer.write(answers.pop() if answers else await passed_on(headers, body))
                await writer.drain()
            writer.close()

        async def passed_on(headers: dict[str, str], body: bytes) -> bytes:
            said = await client.post(onto, content=body, headers=headers)
            head = f"HTTP/1.0 {said.status_code} {said.reason_phrase}\r\ncontent-length: {len(said.content)}\r\n\r\n"
            return head.encode() + said.content

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()


async def receipt_in_the_answer(made: Service, answers: list[bytes], text: str) -> list[str]:
    """A receiver gives this answer to a notice; what is wrong when huijia does not have the receipt then."""
    head, _, body = text.partition("\n\n")
    stated = json.loads(body)["receipt"]
    stated["at"] = datetime.now(UTC).isoformat()
    said = json.dumps({"receipt": stated}).encode()
    code = await made.issue()
    length = f"content-length: {len(said)}\r\nconnection: close\r\n\r\n"
    answers.append(head.replace("\n", "\r\n").encode() + b"\r\n" + length.encode() + said)
    kept: list[str] = []
    for _ in range(100):
        kept = [f"{r['kind']} {r['note']} {r['evidence']}" for d in await made.deliveries(code) for r in d["receipts"]]
        if f"{stated['kind']} {stated['note']} {stated['evidence']}" in kept:
            return []
        await asyncio.sleep(0.05)
    return [f"not recorded: {stated}; but {kept}"]


@pytest.mark.parametrize("code", TYPES)
def test_every_problem_says_what_to_do(code: str) -> None:
    kind = TYPES[code]
    page = (FOLDER / "errors.md").read_text(encoding="utf-8")
    status = "4xx" if code == "http" else str(kind.status)
    rows = re.findall(rf"^\| `{code}` \| {status} \| .{{10,}} \|$", page, re.MULTILINE)
    assert len(rows) == 1, f"errors.md has {len(rows)} rows for {code} ({status})"


def test_no_problem_is_told_that_there_is_not() -> None:
    page = (FOLDER / "errors.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \| \dxx|^\| `([a-z-]+)` \| \d{3}", page, re.MULTILINE)) <= {
        ("", code) for code in TYPES
    } | {("http", "")}


def test_every_page_is_listed() -> None:
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[[\w-]+\]\(([\w-]+\.md)\)", index, re.MULTILINE)
    assert sorted(listed) == sorted(page.name for page in FOLDER.glob("*.md") if page.name != "index.md")


async def test_the_functions_of_the_wire_s_page_verify_what_comes(made: Service, tmp_path: Path) -> None:
    """Those of docs/channels/webhook.md, for both kinds of signature; and they refuse what was changed."""
    names: dict[str, Any] = {}
    for block in blocks(ROOT / "docs/channels/webhook.md"):
        if block.language == "python":
            exec(block.text, names)
    heard: list[str] = []
    async with yes_man() as onto, listening_in(onto, heard, []) as url:
        await made.hook(f"{url}/huijia", signatures="both")
        code = await made.issue()
        await until(lambda: bool(heard))
    head, _, body = heard[0].partition("\n\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head.splitlines()[1:])}
    (key,) = (await made.client.get("/v1/keys")).json()["webhook"]
    for said, holds in ((body, True), (body.replace(code, "HJ-2026-000001"), False)):
        assert names["verify"](said.encode(), headers, SECRET) is holds
        assert names["verify_v1a"](said.encode(), headers, key["public_key"]) is holds


# ── The reader itself is not blind ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("doc", "real"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": "1"}, {"a": 1}),
        ({"a": None}, {"a": 1}),
        ({"a": True}, {"a": False}),
        ({"a": "recorded"}, {"a": "duplicate"}),
        ([1], [1, 2]),
        ([{"a": 1}, "…"], []),
    ],
)
def test_a_difference_is_seen(doc: object, real: object) -> None:
    assert list(differences(doc, real))


def test_what_is_alike_is_taken() -> None:
    assert not list(differences({"id": "dlv_9", "n": 3, "…": "…"}, {"id": "dlv_1234", "n": 4, "x": 1}))
    assert alike("2026-11-23T15:04:05+08:00", "2027-01-02T03:04:05+08:00")
    assert not alike("2026-11-23T15:04:05+08:00", "2027-01-02T03:04:05Z")
    assert alike("v1a,…", "v1a,AAAA")


def test_headers_and_elements_are_looked_at() -> None:
    assert same_http("HTTP/1.1 200 OK\netag: …", 'HTTP/1.1 200 OK\r\nETag: "a"\r\n\r\n') == []
    assert same_http("HTTP/1.1 200 OK\netag: …", "HTTP/1.1 200 OK\r\ncontent-type: x\r\n\r\n")
    assert same_http("HTTP/1.1 304 …\n", "HTTP/1.1 200 OK\r\n\r\n")
    assert same_http("HTTP/1.1 200 OK\netag: W/…", 'HTTP/1.1 200 OK\r\netag: "a"\r\n\r\n')
    assert not same_xml("<a><c>1</c></a>", "<a><b/><c>22</c></a>")
    assert same_xml("<a><c>1</c><b/></a>", "<a><b/><c>1</c></a>")
