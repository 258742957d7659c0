"""A huijia to measure: PostgreSQL that syncs, N webhook outlets at the sink, and real dispatcher processes."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
from sqlalchemy import text

from app.commands.serving import OFTEN, spare_the_collector
from app.commands.store import migrate_to_head
from app.db.embedded import Cluster, start
from app.db.engine import transaction
from app.domain.words import EndReason
from app.flows.end import retract
from app.flows.house import House
from app.main import build_house, close_house
from app.settings import Settings
from bench.beside import process
from bench.hosts import free_port, hook, wait_for_port
from tests.making import make_alert, make_outlet, police

SECRET = "whsec_" + "a" * 43 + "="
EVERYTHING = 100_000
"""More at once than any partner is sent here."""
Server = tuple[int, int]
"""Its process, and the port that it listens on."""


class Ledger:
    """``dispatchers`` real processes; acts are done in this one, through the flows that the API calls."""

    def __init__(self, outlets: int, port: int, dispatchers: int = 1, *, tls: bool = False) -> None:
        self._outlets, self._port, self._count, self._tls = outlets, port, dispatchers, tls
        self._folder = tempfile.TemporaryDirectory(prefix="huijia-bench-")
        self._processes: list[subprocess.Popen[bytes]] = []

    async def __aenter__(self) -> Self:
        data = Path(self._folder.name)
        self._cluster: Cluster = start(data / "pg", settings={"max_connections": "200"})
        await asyncio.to_thread(migrate_to_head, self._cluster.url)
        self._settings = Settings(_env_file=None, data=data, port=free_port())
        self.house: House = build_house(self._settings, self._cluster.url)
        self.house.press.close()  # type: ignore[attr-defined]  # words only: what is measured is the fan-out
        object.__setattr__(self.house.press, "_studio", None)
        await self._enrol()
        spare_the_collector(OFTEN)  # as the API does, whose part this process plays
        self.start_dispatchers(self._count)
        await self.at_work()
        return self

    async def at_work(self) -> None:
        """Returns when each dispatcher has said that it is."""
        async with asyncio.timeout(60):
            while (await self.sql("SELECT count(*) AS n FROM worker"))[0].n < len(self._processes):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    @property
    def env(self) -> Mapping[str, str]:
        """What its processes are given."""
        return {
            "DATABASE_URL": self._cluster.url,
            "HUIJIA_DATA": self._folder.name,
            "HUIJIA_PORT": str(self._settings.port),
            "HUIJIA_MAY_CALL": "127.0.0.0/8",
        }

    @contextmanager
    def api(self) -> Iterator[Server]:
        """A real ``huijia api`` for as long as the block."""
        command = [sys.executable, "-m", "app.cli", "api"]
        with process(command, Path(self._folder.name) / "api.log", self.env) as running:
            wait_for_port(self._settings.port)
            yield running.pid, self._settings.port

    def start_dispatchers(self, count: int) -> None:
        for _ in range(count):
            with self.log.open("ab") as log:
                command = [sys.executable, "-m", "app.cli", "dispatch"]
                self._processes.append(
                    subprocess.Popen(command, env=os.environ | dict(self.env), stdout=log, stderr=log)
                )

    @property
    def log(self) -> Path:
        """What the dispatchers say."""
        return Path(self._folder.name) / "dispatch.log"

    @property
    def url(self) -> str:
        """Of the database."""
        return self._cluster.url

    @property
    def postmaster(self) -> int:
        """Its pid."""
        assert self._cluster.process is not None
        return self._cluster.process.pid

    @property
    def pids(self) -> Sequence[int]:
        return [p.pid for p in self._processes]

    def stop_dispatchers(self) -> None:
        for one in self._processes:
            one.terminate()
        for one in self._processes:
            one.wait(15)
        self._processes.clear()

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop_dispatchers()
        await close_house(self.house)
        self._cluster.stop()
        self._folder.cleanup()

    async def _enrol(self) -> None:
        """One by the flow, the others as copies of its row with an address of their own."""
        first = await make_outlet(self.house, name="o0", channel="partner", settings=self._at(0))
        sealed = [self.house.seal.close(orjson.dumps(self._at(n))) for n in range(1, self._outlets)]
        await self.sql(
            "INSERT INTO outlet (partner_id, name, channel, carrier, lane, retracts, proves, settings_sealed, "
            "settings_shown, lon, lat, codes, panel, duty, profile, takes_exercises, takes_tests) "
            "SELECT o.partner_id, 'o' || u.n, o.channel, o.carrier, o.lane, o.retracts, o.proves, u.sealed, "
            "o.settings_shown, o.lon, o.lat, o.codes, o.panel, o.duty, o.profile, true, true FROM outlet o, "
            "unnest(CAST(:sealed AS bytea[])) WITH ORDINALITY AS u(sealed, n) WHERE o.id = :first",
            sealed=sealed, first=first,
        )  # fmt: skip
        await self.bears(EVERYTHING)  # one partner owns them all here
        await self.sql("ANALYZE")

    async def bears(self, many: int) -> None:
        """From now on the partner takes so many at once from a dispatcher."""
        await self.sql("UPDATE partner SET at_once = :many", many=many)

    def _at(self, n: int) -> dict[str, Any]:
        return {"url": hook(n, self._port, tls=self._tls), "secret": SECRET, "previous_secret": None}

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with transaction(self.house.engine) as session:
            found = await session.execute(text(statement), values)
            return list(found.all()) if found.returns_rows else []

    async def issue(self, **changes: Any) -> tuple[str, float]:
        """A new alert; its code, and the moment of its commit."""
        code = await make_alert(self.house, **changes)
        return code, time.time()

    async def retract(self, code: str) -> tuple[float, float]:
        """The moments before and after the retraction was committed."""
        begun = time.time()
        async with transaction(self.house.engine) as session:
            await retract(session, police(), code, EndReason.FOUND, "", press=self.house.press)
        return begun, time.time()

    async def settled(self, code: str, within: float = 120.0, pause: float = 0.05) -> float:
        """The moment at which no delivery of the alert waits any more."""
        deadline = time.time() + within
        while time.time() < deadline:
            left = await self.sql(
                "SELECT 1 FROM delivery WHERE alert_id = (SELECT id FROM alert WHERE code = :code) "
                "AND number = (SELECT head FROM alert WHERE code = :code) AND state IN ('pending', 'sending') LIMIT 1",
                code=code,
            )  # fmt: skip
            if not left:
                return time.time()
            await asyncio.sleep(pause)
        raise TimeoutError(f"not settled within {within:g} s at {datetime.now(UTC)}")
