"""What ``serve`` adds for a newcomer: the sandbox, a drill to watch, and the lines to go on with."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import typer
from rich.console import Console

from app.commands.children import end
from app.commands.sample import ORGAN, ORGAN_NAME, sample_record
from app.commands.sandbox import SandboxPlan, answers, enrol_sandbox, start_sandbox, write_private
from app.db import keys, people
from app.db.engine import transaction
from app.domain.words import Scope
from app.flows.house import House
from app.flows.people import from_outside
from app.flows.principal import issue_key, recognise
from app.flows.sign_in import one_time_link
from app.settings import Settings

OPERATOR = "值班员"


class Demonstration:
    """Holds the processes it started."""

    def __init__(
        self, settings: Settings, *, sandbox: bool, drill: bool, sandbox_port: int, screens: int | None
    ) -> None:
        self._settings, self._wants_sandbox, self._wants_drill = settings, sandbox, drill
        self._plan = SandboxPlan(settings.data, sandbox_port, screens, huijia=settings.local_url)
        self._screen = Console(highlight=False)
        self._sandbox: subprocess.Popen[bytes] | None = None
        self._drill: asyncio.subprocess.Process | None = None

    def say(self, text: str) -> None:
        self._screen.print(text)

    def greet(self) -> None:
        self.say("[bold]回家 huijia[/]  失踪未成年人紧急寻人发布")
        self.say("启动数据库、接口、投递与定时任务…")

    async def run(self, house: House, stop: asyncio.Event) -> None:
        """Bring up what was asked for, then say how to go on. Ends early when the service is told to stop."""
        count = await self._start_sandbox(house) if self._wants_sandbox else 0
        key = await self._officer_key(house)
        if self._wants_drill and count and not stop.is_set():
            await self._run_drill(house, stop)
        if not stop.is_set():
            await self._how_to_go_on(house, key, count)

    async def end(self) -> None:
        """End what this started."""
        if self._drill is not None and self._drill.returncode is None:
            self._drill.terminate()
            await self._drill.wait()
        if self._sandbox is not None:
            await asyncio.to_thread(end, self._sandbox)

    async def _start_sandbox(self, house: House) -> int:
        count = await enrol_sandbox(house, self._plan)
        self._sandbox = start_sandbox(self._plan)
        if not await answers(f"{self._plan.base}/health"):
            typer.secho(f"沙盒没有启动，见 {self._settings.data / 'sandbox.log'}", err=True, fg="red")
            return 0
        self.say(f"沙盒：{count} 个发布点就绪")
        return count

    async def _officer_key(self, house: House) -> str:
        """A live key of the demonstration organ, the same at every start."""
        return (await self._held(house, "officer.key", Scope.POLICE)).read_text().strip()

    async def _held(self, house: House, name: str, scope: Scope) -> Path:
        """A file in the data folder with a live key, made when it has none that is good."""
        file = self._settings.data / name
        held = file.read_text().strip() if file.exists() else ""
        async with transaction(house.engine) as session:
            if held and await recognise(session, held) is not None:
                return file
            await keys.save_organ(session, ORGAN, ORGAN_NAME, ORGAN[:6])
            organ = ORGAN if scope is Scope.POLICE else None
            held = await issue_key(session, scope, live=True, label="演示", organ_code=organ)
        write_private(file, held)
        return file

    async def _run_drill(self, house: House, stop: asyncio.Event) -> None:
        self.say("演练：发一条演练通告，看它到每一个发布点，再撤下来\n")
        key = await self._held(house, "duty.key", Scope.OPERATOR)
        self._drill = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app.cli", "drill", "--url", self._settings.local_url, "--key-file", str(key),
        )  # fmt: skip
        waits = {asyncio.create_task(self._drill.wait()), asyncio.create_task(stop.wait())}
        _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()

    async def _how_to_go_on(self, house: House, key: str, count: int) -> None:
        record = self._settings.data / "record.json"
        write_private(record, json.dumps(sample_record(), ensure_ascii=False, indent=2))
        async with transaction(house.engine) as session:
            token = await one_time_link(session, OPERATOR)
            me = await people.called(session, OPERATOR)
            if me and not (await people.person(session, me) or {}).get("organ_code"):  # 发布 is open to officers alone
                await from_outside(session, OPERATOR, None, ORGAN, "010233", "029-85250110")
        base = self._settings.local_url
        self._screen.rule("正在运行，Ctrl-C 停止", align="left")
        self._line(f"控制台       {base}/console/")
        self._line(f"一次性登录   {base}/console/enter/{token}")
        if count:
            self._line(f"公众所见     {self._plan.base}/   （沙盒，可让发布点变慢、断线、拒收）")
        self._line(f"接口参考     {base}/docs")
        self._line(f"公安密钥     {key}")
        self._line("\n提交一条记录（样例是演练；把 status 改为 actual 即为实发）：\n")
        self._line(f"curl -sS {base}/v1/alerts -H 'Authorization: Bearer {key}' \\")
        self._line(f"  -H 'Content-Type: application/json' -d @{record}\n")

    def _line(self, text: str) -> None:
        """As it is: nothing wrapped, so that it can be copied."""
        self._screen.print(text, soft_wrap=True, markup=False)
