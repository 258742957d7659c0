"""The launcher of the embedded PostgreSQL, with real servers that are really killed."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.db.embedded import Cluster, ClusterError, start

OWNER = """
import sys
from pathlib import Path
from app.db.embedded import start
cluster = start(Path(sys.argv[1]))
print("guest" if cluster.process is None else cluster.process.pid, cluster.url, flush=True)
sys.stdin.read()
cluster.stop()
"""

Starter = Callable[[Path], subprocess.Popen[str]]


@pytest.fixture
def started() -> Iterator[Callable[..., Cluster]]:
    """``start``, with everything it started stopped after the test."""
    clusters: list[Cluster] = []

    def run(data: Path, **settings: str) -> Cluster:
        clusters.append(start(data, settings=settings))
        return clusters[-1]

    yield run
    for cluster in clusters:
        cluster.stop()
        shutil.rmtree(sockets(cluster.url), ignore_errors=True)


@pytest.fixture
def elsewhere() -> Iterator[Starter]:
    """Starts a cluster in a process of its own, which ends in order when its input is closed."""
    processes: list[subprocess.Popen[str]] = []

    def run(data: Path) -> subprocess.Popen[str]:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", OWNER, str(data)]
        process = subprocess.Popen(command, text=True, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.communicate(timeout=30)


def sockets(url: str) -> Path:
    return Path(str(make_url(url).query["host"]))


def ask(url: str, *statements: str) -> Any:
    """Run the statements in one session; the value of the last."""

    async def run() -> Any:
        connection = await asyncpg.connect(user="huijia", database="postgres", host=str(sockets(url)), port=5432)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


def said(process: subprocess.Popen[str]) -> tuple[str, str]:
    assert process.stdout is not None
    role, url = process.stdout.readline().split()
    return role, url


def gone(pid: int, within: float = 10.0) -> bool:
    """Whether the process ends in time. One that only its parent has not yet asked about has ended too."""
    deadline = time.monotonic() + within
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def test_data_survive_a_restart(tmp_path: Path, started: Callable[..., Cluster]) -> None:
    data = tmp_path / "two words" / ("deep" * 30) / "pg"  # longer than a socket's path may be
    half_made = data.with_name("pg.new")
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")

    first = started(data, max_connections="37")
    assert first.process is not None
    assert ask(first.url, "create table kept (word text)", "insert into kept values ('回家') returning word") == "回家"
    first.stop()
    first.stop()
    assert first.process.returncode == 0

    second = started(data, max_connections="37")
    assert ask(second.url, "select word from kept") == "回家"
    assert ask(second.url, "show max_connections") == "37"
    assert ask(second.url, "show fsync") == "on"
    assert not half_made.exists()


def test_nobody_else_can_reach_it(tmp_path: Path, started: Callable[..., Cluster]) -> None:
    cluster = started(tmp_path / "pg", listen_addresses="127.0.0.1")
    assert ask(cluster.url, "show listen_addresses") == ""
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (cluster.data, sockets(cluster.url))}
    assert set(modes.values()) == {0o700}, modes
    assert stat.S_IMODE((tmp_path / "pg.log").stat().st_mode) == 0o600

    with pytest.raises(asyncpg.UniqueViolationError):
        ask(cluster.url, "create table child (name text unique)", *["insert into child values ('小明')"] * 2)
    log = (tmp_path / "pg.log").read_text()
    assert "duplicate key" in log
    assert "小明" not in log

    cluster.stop()
    sockets(cluster.url).chmod(0o755)
    with pytest.raises(ClusterError, match="not ours alone"):
        started(tmp_path / "pg")


def test_of_two_at_once_one_owns_and_one_is_a_guest(tmp_path: Path, elsewhere: Starter) -> None:
    data = tmp_path / "pg"
    one, other = elsewhere(data), elsewhere(data)
    answers = {process: said(process) for process in (one, other)}
    guests = [process for process, (role, _) in answers.items() if role == "guest"]
    assert len(guests) == 1
    (owner,) = {one, other} - set(guests)
    assert ask(answers[guests[0]][1], "select 1") == 1

    guests[0].communicate(timeout=10)
    assert ask(answers[owner][1], "select 1") == 1, "a guest that leaves must not stop the server"
    owner.communicate(timeout=10)
    assert gone(int(answers[owner][0]), within=0)
    sockets(answers[owner][1]).rmdir()  # fails if the stopped server left anything there


def test_a_killed_owner_takes_postgres_with_it(
    tmp_path: Path, elsewhere: Starter, started: Callable[..., Cluster]
) -> None:
    owner = elsewhere(tmp_path / "pg")
    pid, url = said(owner)
    ask(url, "create table kept (n int)", "insert into kept values (7)")
    owner.kill()
    assert gone(int(pid)), "PostgreSQL outlives a killed owner"
    assert "database system is shut down" in (tmp_path / "pg.log").read_text()
    assert ask(started(tmp_path / "pg").url, "select n from kept") == 7


def test_a_killed_postmaster_is_recovered_even_when_its_pid_lives_again(
    tmp_path: Path, started: Callable[..., Cluster]
) -> None:
    killed = started(tmp_path / "pg")
    ask(killed.url, "create table kept (n int)", "insert into kept values (7)")
    assert killed.process is not None
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait()

    left = tmp_path / "pg" / "postmaster.pid"
    pid, _, rest = left.read_text().partition("\n")
    assert pid == str(killed.process.pid)
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        left.write_text(f"{stranger.pid}\n{rest}")  # as after a reboot: the number belongs to somebody else now
        assert ask(started(tmp_path / "pg").url, "select n from kept") == 7
    finally:
        stranger.kill()
        stranger.wait()
    assert "automatic recovery in progress" in (tmp_path / "pg.log").read_text()


def test_a_directory_that_cannot_be_used_is_refused_with_the_reason(tmp_path: Path) -> None:
    strange, older, file = tmp_path / "strange", tmp_path / "older", tmp_path / "file"
    strange.mkdir()
    (strange / "letter").write_text("private")
    older.mkdir()
    (older / "PG_VERSION").write_text("15\n")
    file.write_text("")
    for data, reason in (
        (strange, "neither empty nor a PostgreSQL database"),
        (older, "made by PostgreSQL 15 .* DATABASE_URL"),
        (file, "cannot run on .*Not a directory"),
        (file / "pg", "cannot run on .*"),
        (Path("/proc/huijia/pg"), "cannot run on .*"),  # not even root may write there
    ):
        with pytest.raises(ClusterError, match=reason):
            start(data)
    assert (strange / "letter").read_text() == "private"


def test_a_failure_shows_what_postgres_said(tmp_path: Path, started: Callable[..., Cluster]) -> None:
    with pytest.raises(
        ClusterError, match=r'(?s)ended at once.*invalid value for parameter "shared_buffers": "plenty"'
    ):
        started(tmp_path / "pg", shared_buffers="plenty")
    assert ask(started(tmp_path / "pg").url, "select 1") == 1


def test_only_the_main_thread_may_start_it(tmp_path: Path) -> None:
    errors: list[ClusterError] = []

    def attempt() -> None:
        try:
            start(tmp_path / "pg")
        except ClusterError as error:
            errors.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert "main thread" in str(errors)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_without_user_namespaces_runs_it_as_nobody(
    tmp_path: Path, started: Callable[..., Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no unshare to be found
    tmp_path.chmod(0o700)  # nobody cannot even walk to the data
    first = started(tmp_path / "pg")
    ask(first.url, "create table kept (n int)", "insert into kept values (7)")
    first.stop()
    assert first.data.stat().st_uid == 65534
    assert ask(started(tmp_path / "pg").url, "select n from kept") == 7
