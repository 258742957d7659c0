"""A whole huijia in its parts, as docs/running.md runs them: real processes, a PostgreSQL that really syncs, and a
sandbox of outlets that outlives all of it and remembers what it heard."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.commands.sandbox import SandboxPlan, answers, enrol_sandbox
from app.db import keys
from app.db.embedded import Cluster, start
from app.db.engine import connect, transaction
from app.dispatch.wiring import wire
from app.domain.words import Scope
from app.flows.house import House
from app.flows.move import EVERY
from app.flows.ports import Seal
from app.flows.principal import issue_key
from app.flows.roster import check_document, enrol_all
from app.main import build_house, close_house
from app.settings import Settings
from sandbox import roster
from sandbox.state import load
from tests.conftest import migrate
from tests.faults.processes import HUIJIA, NO_SETTINGS, Processes, environment, free_port, kill_all, offspring

ORGAN, ORGAN_NAME = "610000000000", "陕西省公安厅"
POSTGRES = {"max_connections": "200"}  # and nothing else: fsync and synchronous_commit stay on

T = TypeVar("T")


async def until(look: Callable[[], Awaitable[T | None]], seconds: float, what: str, pause: float = 0.05) -> T:
    """The first thing that ``look`` finds; fails when it finds nothing in time."""
    deadline = time.monotonic() + seconds
    while True:
        if (found := await look()) is not None:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(pause)


class Rig:
    """``key`` is a province's police key. The sandbox stands at ``far``, the API at ``near``."""

    def __init__(self, folder: Path, processes: Processes, screens: int) -> None:
        self.folder, self.processes = folder, processes
        self.settings = Settings(_env_file=None, data=folder / "data", host="127.0.0.1", port=free_port())
        self.near = self.settings.local_url
        self._plan = SandboxPlan(self.settings.data, free_port(), screens, huijia=self.near)
        self.far = self._plan.base
        self.key, self.cases = "", count(1)
        self.outlets, self.spare = 0, 0  # how many are told, and how many screens are paused
        self.chats = 1  # of those that are told: they can state nothing
        self.cluster: Cluster | None = None
        self.api: subprocess.Popen[bytes] | None = None
        self.dispatchers: list[subprocess.Popen[bytes]] = []

    # ── The store ───────────────────────────────────────────────────────────────────────────────────────────────────

    def start_store(self) -> None:
        self.cluster = start(self.settings.data / "pg", settings=POSTGRES)

    def stop_store(self) -> None:
        """In order, as before an update of PostgreSQL: every session is closed."""
        assert self.cluster is not None
        self.cluster.stop()

    async def end_store(self) -> None:
        """The same, while what the test has begun goes on. It can be started from the main thread only."""
        await asyncio.to_thread(self.stop_store)

    @property
    def sockets(self) -> Path:
        assert self.cluster is not None
        return Path(str(make_url(self.cluster.url).query["host"]))

    @asynccontextmanager
    async def session(self, name: str = "test") -> AsyncIterator[asyncpg.Connection]:
        """One of the test's own."""
        made = await asyncpg.connect(
            user="huijia", database="postgres", host=str(self.sockets), port=5432, server_settings={"application_name": name}
        )  # fmt: skip
        try:
            yield made
        finally:
            await made.close()

    async def ask(self, statement: str, *arguments: Any) -> list[asyncpg.Record]:
        """Rows, by a session of its own."""
        async with self.session() as session:
            rows: list[asyncpg.Record] = await session.fetch(statement, *arguments)
            return rows

    async def count(self, what: str, *arguments: Any) -> int:
        return int((await self.ask(f"SELECT count(*) FROM {what}", *arguments))[0][0])

    async def organs(self, many: int) -> Mapping[str, str]:
        """So many police organs of the capital, each with a key of its own."""
        assert self.cluster is not None
        codes = [f"610100{n:06d}" for n in range(1, many + 1)]
        engine = connect(self.cluster.url, pool=1)
        async with transaction(engine) as session:
            for code in codes:
                await keys.save_organ(session, code, f"西安市公安局{code[-2:]}分局", code[:6])
            found = {c: await issue_key(session, Scope.POLICE, live=True, label="test", organ_code=c) for c in codes}
        await engine.dispose()
        return found

    def partner_key(self, partner: str) -> str:
        """What a partner of the sandbox reads the feed with."""
        return str(json.loads(self._plan.keys.read_text())[partner])

    # ── Ours ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def furnish(self) -> None:
        """The schema, the outlets, the officer's key."""
        assert self.cluster is not None
        migrate(self.cluster.url)
        asyncio.run(self._enrol(self.cluster.url))

    def start_sandbox(self) -> None:
        """Last of all: its app that asks for news grows patient while nobody answers."""
        arguments = [
            sys.executable, "-m", "sandbox", "serve", "--state", str(self._plan.state), "--keys", str(self._plan.keys),
            "--huijia", self.near, "--port", str(self._plan.port), "--delay-min", "0", "--delay-max", "0.05",
        ]  # fmt: skip
        self.processes.start("sandbox", *arguments, env=environment(self.settings.data))

    async def _enrol(self, url: str) -> None:
        house: House = build_house(self.settings, url)
        await enrol_sandbox(house, self._plan)
        async with transaction(house.engine) as session:
            # Those that remember every call they heard; the others have far ends of their own, which their tests look at.
            await session.execute(text("DELETE FROM outlet WHERE carrier NOT IN ('webhook', 'feed', 'dingtalk_robot')"))
            self.outlets = (await session.execute(text("SELECT count(*) FROM outlet"))).scalar_one()
            await keys.save_organ(session, ORGAN, ORGAN_NAME, ORGAN[:6])
            self.key = await issue_key(session, Scope.POLICE, live=True, label="test", organ_code=ORGAN)
        await close_house(house)

    async def move(self, bases: Mapping[str, str]) -> None:
        """Give webhook outlets, by their slugs in the sandbox, another address before the path: an operator edits them."""
        assert self.cluster is not None
        state = load(self._plan.state)
        partners: dict[str, list[dict[str, Any]]] = {}
        for outlet in (one for one in roster.outlets(state) if one.slug in bases):
            entry = roster.entry(outlet, state)
            entry["settings"]["url"] = entry["settings"]["url"].replace(state.base, bases[outlet.slug])
            partners.setdefault(outlet.partner, []).append(entry)
        said = {"partners": [{"name": name, "outlets": entries} for name, entries in partners.items()]}
        engine, seal = connect(self.cluster.url, pool=1), Seal(*self.settings.sealing_keys())
        async with transaction(engine) as session:
            await enrol_all(session, check_document(said), "test", wire=wire, seal=seal, settled=EVERY)
        await engine.dispose()

    def _huijia(
        self, name: str, *arguments: str, surroundings: Mapping[str, str] = NO_SETTINGS
    ) -> subprocess.Popen[bytes]:
        assert self.cluster is not None
        given = {
            "DATABASE_URL": self.cluster.url,
            "HUIJIA_PORT": str(self.settings.port),
            "HUIJIA_MAY_CALL": "127.0.0.1",
        }
        return self.processes.start(
            name, *HUIJIA, *arguments, env=environment(self.settings.data, {**given, **surroundings})
        )

    def start_api(self, name: str = "api", surroundings: Mapping[str, str] = NO_SETTINGS) -> None:
        self.api = self._huijia(name, "api", surroundings=surroundings)

    def kill_api(self) -> None:
        assert self.api is not None
        self.processes.kill(self.api)

    def start_dispatcher(self, name: str = "dispatch", surroundings: Mapping[str, str] = NO_SETTINGS) -> None:
        self.dispatchers.append(self._huijia(name, "dispatch", surroundings=surroundings))

    def pids(self) -> list[int]:
        """Of the API and every dispatcher. Nothing needs a restart: they are the same afterwards."""
        assert self.api is not None
        running = [self.api, *self.dispatchers]
        assert all(one.poll() is None for one in running), "a process of ours has ended"
        return [one.pid for one in running]

    def kill(self, dispatcher: subprocess.Popen[bytes]) -> None:
        self.processes.kill(dispatcher)
        self.dispatchers.remove(dispatcher)

    def power_cut(self) -> None:
        """Everything of ours and PostgreSQL, its every process, at one stroke. The sandbox is elsewhere."""
        assert self.cluster is not None
        assert self.cluster.process is not None
        assert self.api is not None
        ours = [self.cluster.process, self.api, *self.dispatchers]
        kill_all([pid for one in ours for pid in (one.pid, *offspring(one.pid))])
        for process in ours:
            process.wait()
        self.dispatchers.clear()

    def mend(self, dispatchers: int) -> None:
        """Start whatever does not run."""
        assert self.cluster is not None
        assert self.cluster.process is not None
        if self.cluster.process.poll() is not None:
            self.start_store()
        if self.api is None or self.api.poll() is not None:
            self.start_api()
        self.dispatchers = [one for one in self.dispatchers if one.poll() is None]
        while len(self.dispatchers) < dispatchers:
            self.start_dispatcher()

    async def busiest(self, alert: str) -> subprocess.Popen[bytes]:
        """The dispatcher that has the most sends of this alert under way."""

        async def look() -> subprocess.Popen[bytes] | None:
            rows = await self.ask(
                "SELECT split_part(worker, ':', 2)::int AS pid FROM delivery JOIN alert ON alert.id = alert_id "
                "WHERE delivery.state = 'sending' AND code = $1 GROUP BY worker ORDER BY count(*) DESC LIMIT 1",
                alert,
            )
            return next((d for d in self.dispatchers if rows and d.pid == rows[0]["pid"]), None)

        return await until(look, 5, "a dispatcher is sending", pause=0.005)

    @asynccontextmanager
    async def only(self, outlets: int, *, group: bool = True) -> AsyncIterator[None]:
        """The other screens, and without ``group`` the chat group, are paused, as an operator may do."""
        before, self.outlets = self.outlets, min(outlets, self.outlets)
        self.spare = before - self.outlets
        await self.ask(
            "UPDATE outlet SET paused = true WHERE id IN (SELECT id FROM outlet WHERE name LIKE '沙盒·大屏%' "
            "ORDER BY id DESC LIMIT $1)",
            self.spare,
        )
        if not group:
            self.outlets, self.chats = self.outlets - 1, 0
            await self.ask("UPDATE outlet SET paused = true WHERE carrier = 'dingtalk_robot'")
        try:
            yield
        finally:
            await self.ask("UPDATE outlet SET paused = false")
            self.outlets, self.spare, self.chats = before, 0, 1

    async def listening(self, channel: str, sessions: int, seconds: float = 90) -> None:
        """Wait until so many sessions hear the channel: those that were to start have started, or have come back."""

        async def look() -> bool | None:
            heard = await self.count("pg_stat_activity WHERE query = $1", f'LISTEN "{channel}"')
            return True if heard == sessions else None

        await until(look, seconds, f"{sessions} sessions listen to {channel}")

    async def up(self) -> None:
        """Wait until the API and every dispatcher work."""
        await self.listening("huijia_due", len(self.dispatchers) + 1)  # the API tells screens that play of what is due
        assert await answers(f"{self.near}/health/ready")


@contextmanager
def running(folder: Path, *, screens: int, dispatchers: int) -> Iterator[Rig]:
    """A rig that is up; nothing of it is left afterwards."""
    with Processes(folder) as processes:
        rig = Rig(folder, processes, screens)
        rig.start_store()
        try:
            rig.furnish()
            rig.start_api()
            for _ in range(dispatchers):
                rig.start_dispatcher()
            asyncio.run(rig.up())
            rig.start_sandbox()
            assert asyncio.run(answers(f"{rig.far}/health"))
            yield rig
        finally:
            for process in (rig.api, *rig.dispatchers):
                if process is not None:
                    processes.kill(process)
            rig.stop_store()
            rig.sockets.rmdir()
