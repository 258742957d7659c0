"""``huijia drill``: send an exercise, watch it air, retract, watch it come down; over HTTP, as anybody outside would."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.live import Live

from app.commands.course import Drill
from app.commands.drill_view import live_view, summary
from app.commands.store import fail
from app.flows.rehearsal import face

PATIENCE_SECONDS = 45.0
LOOK_SECONDS = 0.15
ON_AIR_SECONDS = 2.0


def _read(record: Path) -> dict[str, Any]:
    try:
        body = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise typer.Exit(fail(f"{record} 读不出来，或不是合法的 JSON：{e}")) from e
    if not isinstance(body, dict):
        raise typer.Exit(fail(f"{record} 应为一个 JSON 对象。"))
    return body


async def _deliveries(client: httpx.AsyncClient, code: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = (await client.get(f"/v1/alerts/{code}/deliveries", params={"after": after, "limit": 500})).json()
        found += page["deliveries"]
        after = page["next"]
    return found


async def _watch(client: httpx.AsyncClient, run: Drill, live: Live) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        run.learn(await _deliveries(client, run.code))
        live.update(live_view(run), refresh=True)
        if run.done():
            return
        await asyncio.sleep(LOOK_SECONDS)


@dataclass(frozen=True, slots=True)
class Ask:
    """A drill of these outlets and channels, as operators start it; or a record of one's own, as the police submit it."""

    outlets: Sequence[str]
    channels: Sequence[str]
    record: Mapping[str, Any] | None = None

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        if self.record is None:
            return await client.post("/v1/drills", json={"outlets": self.outlets, "channels": self.channels})
        body = json.dumps({**self.record, "status": "exercise"}).encode()
        files = {
            "record": ("record.json", body, "application/json"),
            "photo": ("photo.jpg", (await asyncio.to_thread(face)).body, "image/jpeg"),
        }
        return await client.post("/v1/alerts", files=files)


def _refusal(answer: httpx.Response) -> Sequence[str]:
    """Everything that was said, in Chinese."""
    try:
        said = answer.json()
        faults = [f"{f['detail']}{f['remedy']}" for f in said.get("errors", ())]
        return [f"演练没有开始（{answer.status_code}）：{said['detail']}", *faults]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [f"演练没有开始（{answer.status_code}）：{answer.text[:500]}"]


async def _drill(client: httpx.AsyncClient, ask: Ask, screen: Console) -> Drill:
    run, begun = Drill(), time.monotonic()
    answer = await ask.send(client)
    if answer.status_code != 201:
        raise typer.Exit(fail(*_refusal(answer)))
    run.submitted_ms, run.code = (time.monotonic() - begun) * 1000, answer.json()["id"]
    with Live(live_view(run), console=screen, auto_refresh=False) as live:
        await _watch(client, run, live)
        await asyncio.sleep(ON_AIR_SECONDS)
        run.retracting = True
        (await client.post(f"/v1/alerts/{run.code}/retract", json={"reason": "found"})).raise_for_status()
        await _watch(client, run, live)
    return run


def drill(
    url: Annotated[str, typer.Option(help="huijia 的地址")] = "http://127.0.0.1:8000",
    key: Annotated[str | None, typer.Option(envvar="HUIJIA_KEY", help="值班或管理密钥")] = None,
    key_file: Annotated[Path | None, typer.Option(help="存有密钥的文件")] = None,
    outlet: Annotated[list[str] | None, typer.Option(help="发布点的名称或编号，可多次；须已同意参加演练")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="渠道，可多次：其中参加演练的发布点")] = None,
    record: Annotated[Path | None, typer.Option(help="改为像公安系统一样提交这份记录（JSON，用公安密钥）")] = None,
) -> None:
    """跑一次端到端演练：发布、播出、撤回、撤下，逐个发布点计时。只发演练，绝不实发；默认发给所有参加演练的发布点。"""
    bearer = key or (key_file.read_text().strip() if key_file else None)
    if not bearer:
        raise typer.Exit(fail("需要密钥：--key、--key-file 或环境变量 HUIJIA_KEY。用 huijia key issue operator 签发。"))
    if record and (outlet or channel):
        raise typer.Exit(fail("--record 按记录的地点决定发给谁，不能同时用 --outlet 或 --channel。"))
    ask = Ask(outlet or (), channel or (), _read(record) if record else None)
    screen = Console(highlight=False)

    async def run() -> Drill:
        headers = {"authorization": f"Bearer {bearer}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=15, trust_env=False) as client:
            return await _drill(client, ask, screen)

    try:
        done = asyncio.run(run())
    except httpx.TransportError as e:
        raise typer.Exit(fail(f"连不上 {url}：{e}")) from e
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    screen.print(summary(done))
    if not done.done():
        raise typer.Exit(fail("演练未通过：有发布点没有播出或没有撤下，见上表。"))
