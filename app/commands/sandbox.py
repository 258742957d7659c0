"""``huijia sandbox``: enrol the sandbox's outlets and run it beside a huijia that is serving."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer

from app.commands.children import end, spawn
from app.commands.store import with_house
from app.db.engine import transaction
from app.domain.words import Scope
from app.flows.house import House
from app.flows.move import EVERY
from app.flows.principal import issue_key, recognise
from app.flows.roster import enrol_all, read_document
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class SandboxPlan:
    """Where the sandbox keeps its state, and how large it is."""

    folder: Path
    port: int = 8100
    screens: int | None = None
    far: bool = False
    huijia: str = "http://127.0.0.1:8000"

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def state(self) -> Path:
        return self.folder / "sandbox.json"

    @property
    def keys(self) -> Path:
        return self.folder / "sandbox-keys.json"


async def enrol_sandbox(house: House, plan: SandboxPlan) -> int:
    """Enrol what the sandbox says of itself and give its partners keys; how many outlets. Safe to repeat."""
    arguments = [sys.executable, "-m", "sandbox", "roster", "--state", str(plan.state), "--base", plan.base]
    arguments += ["--screens", str(plan.screens)] if plan.screens else []
    arguments += ["--far"] if plan.far else []
    made = await asyncio.to_thread(subprocess.run, arguments, check=True, capture_output=True)
    document = read_document(made.stdout)
    async with transaction(house.engine) as session:
        partners = (await enrol_all(session, document, "cli", wire=house.wire, seal=house.seal, settled=EVERY)).partners
    held = json.loads(plan.keys.read_text()) if plan.keys.exists() else {}
    async with transaction(house.engine) as session:
        for name, id in partners.items():
            known = await recognise(session, held[name]) if name in held else None
            if known is None or known.partner_id != id:
                held[name] = await issue_key(session, Scope.PARTNER, live=True, label=name, partner_id=id)
    write_private(plan.keys, json.dumps(held, ensure_ascii=False))
    return sum(len(p.outlets) for p in document.partners)


def write_private(path: Path, text: str) -> None:
    """A file that only its owner can read, replaced at once."""
    fresh = path.with_suffix(".new")
    with open(fresh, "w", opener=lambda p, flags: os.open(p, flags | os.O_TRUNC, 0o600)) as out:
        out.write(text)
    fresh.replace(path)


def start_sandbox(plan: SandboxPlan) -> subprocess.Popen[bytes]:
    """The sandbox as a process of its own; its log lies in the folder."""
    arguments = [
        sys.executable, "-m", "sandbox", "serve", "--state", str(plan.state), "--keys", str(plan.keys),
        "--huijia", plan.huijia, "--port", str(plan.port),
    ]  # fmt: skip
    return spawn(arguments, plan.folder / "sandbox.log")


async def answers(url: str, patience: float = 20.0) -> bool:
    """True once ``url`` answers 200."""
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(int(patience / 0.05)):
            try:
                if (await client.get(url, timeout=2)).status_code == 200:
                    return True
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
    return False


def sandbox(
    port: Annotated[int, typer.Option(help="沙盒端口")] = 8100,
    screens: Annotated[int | None, typer.Option(help="大屏数量，默认 3")] = None,
    far: Annotated[bool, typer.Option("--far", help="加上汉中、榆林的发布点")] = False,
    huijia: Annotated[str, typer.Option(help="huijia 的地址")] = "http://127.0.0.1:8000",
) -> None:
    """登记沙盒发布点并运行沙盒：在本机扮演电视台、广播、大屏、广告牌、钉钉群和协作应用。"""
    settings = Settings()
    plan = SandboxPlan(settings.data, port, screens, far, huijia)
    count = with_house(lambda house: enrol_sandbox(house, plan))
    process = start_sandbox(plan)
    try:
        if not asyncio.run(answers(f"{plan.base}/health")):
            typer.secho(f"沙盒没有启动，见 {plan.folder / 'sandbox.log'}", err=True, fg="red")
            raise typer.Exit(1)
        typer.echo(f"沙盒 {count} 个发布点：{plan.base}/   Ctrl-C 结束")
        process.wait()
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    finally:
        end(process)
