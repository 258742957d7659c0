"""``huijia drill``: submit, watch it air, retract, watch it come down; over HTTP, as a police system would."""

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.live import Live

from app.commands.course import Drill
from app.commands.drill_view import live_view, summary
from app.commands.sample import sample_photo, sample_record
from app.commands.store import fail

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


async def _drill(client: httpx.AsyncClient, record: Mapping[str, Any], screen: Console) -> Drill:
    run, begun = Drill(), time.monotonic()
    answer = await client.post(
        "/v1/alerts",
        files={
            "record": ("record.json", json.dumps(record).encode(), "application/json"),
            "photo": ("photo.jpg", sample_photo(), "image/jpeg"),
        },
    )
    if answer.status_code != 201:
        raise typer.Exit(fail(f"提交未被接受（{answer.status_code}）：{answer.text}"))
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
    key: Annotated[str | None, typer.Option(envvar="HUIJIA_KEY", help="公安密钥")] = None,
    key_file: Annotated[Path | None, typer.Option(help="存有公安密钥的文件")] = None,
    record: Annotated[Path | None, typer.Option(help="要提交的记录（JSON）；默认是样例")] = None,
) -> None:
    """跑一次端到端演练：提交、播出、撤回、撤下，逐个发布点计时。只发演练，绝不实发。"""
    bearer = key or (key_file.read_text().strip() if key_file else None)
    if not bearer:
        raise typer.Exit(fail("需要公安密钥：--key、--key-file 或环境变量 HUIJIA_KEY。"))
    body = _read(record) if record else sample_record()
    body["status"] = "exercise"
    screen = Console(highlight=False)

    async def run() -> Drill:
        headers = {"authorization": f"Bearer {bearer}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=15, trust_env=False) as client:
            return await _drill(client, body, screen)

    try:
        done = asyncio.run(run())
    except httpx.TransportError as e:
        raise typer.Exit(fail(f"连不上 {url}：{e}")) from e
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    screen.print(summary(done))
    if not done.done():
        raise typer.Exit(fail("演练未通过：有发布点没有播出或没有撤下，见上表。"))
