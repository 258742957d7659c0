"""The doctor finds what is wrong, says what to do, and changes nothing."""

import asyncio
import re
import resource
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from app.cli import app
from app.db.embedded import start
from app.db.engine import transaction
from app.domain.words import Role, Scope
from app.flows.house import House
from app.flows.people import NewPerson, add
from app.main import build_house, close_house
from app.settings import Settings
from tests.commands.terminal import PATIENCE, Said, Terminal
from tests.conftest import migrate
from tests.faults.processes import HUIJIA, Processes, environment, free_port
from tests.making import ORGAN, PROVINCE_ORGAN, make_alert, make_key, make_organ, make_outlet

T = TypeVar("T")
OWN = ("cap.pem", "heartbeat.key", "media.key", "metrics.token", "seal.key", "signing.key")


@pytest.fixture
def terminal(processes: Processes, tmp_path: Path) -> Terminal:
    return Terminal(processes, tmp_path / "data")


class Ward:
    """A database that syncs, and the folder of the keys with which it was used."""

    def __init__(self, url: str, keys: Path) -> None:
        self.url, self.keys = url, keys

    def other(self, **changes: str) -> str:
        return make_url(self.url).set(**changes).render_as_string(hide_password=False)  # type: ignore[arg-type]

    @asynccontextmanager
    async def _house(self) -> AsyncIterator[House]:
        house = build_house(Settings(_env_file=None, data=self.keys), self.url)
        try:
            yield house
        finally:
            await close_house(house)

    def do(self, act: Callable[[House], Awaitable[T]]) -> T:
        async def run() -> T:
            async with self._house() as house:
                return await act(house)

        return asyncio.run(run())

    def say(self, *statements: str) -> None:
        async def act(house: House) -> None:
            async with transaction(house.engine) as session:
                for statement in statements:
                    await session.execute(text(statement))

        self.do(act)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """Used: there are an outlet and an alert. ``locked`` comes in by a password."""
    folder = tmp_path_factory.mktemp("ward")
    cluster = start(folder / "pg")
    made = Ward(cluster.url, folder / "keys")
    try:
        migrate(cluster.url)
        rules = cluster.data / "pg_hba.conf"
        rules.write_text(f"local all locked scram-sha-256\n{rules.read_text()}")
        made.say("CREATE ROLE locked LOGIN PASSWORD 'right'", "SELECT pg_reload_conf()")
        made.do(lambda house: make_outlet(house, carrier="feed"))
        made.do(make_alert)
        yield made
    finally:
        cluster.stop()


def doctor(data: Path, url: str | None = None, **settings: str) -> Said:
    """In this process: most of the time of a command of its own is Python starting."""
    env = {"HUIJIA_DATA": str(data), "COLUMNS": "250", "DATABASE_URL": url, **settings}
    said = CliRunner().invoke(app, ["doctor"], env=env)
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    return Said(said.exit_code, said.stdout, said.stderr)


def nowhere() -> str:
    """The URL of a database that is not there."""
    return f"postgresql://huijia@127.0.0.1:{free_port()}/huijia"


def words(said: Said) -> str:
    """What the table says, whatever the width of the terminal."""
    return re.sub(r"[\s│]", "", said.out)


def test_from_nothing_to_running(terminal: Terminal) -> None:
    first = terminal.huijia("doctor", COLUMNS="200")
    assert first.code == 1
    assert "请运行huijiamigrate" in words(first)
    assert "密钥留意" in words(first)
    assert "Traceback" not in first.out + first.err
    assert not terminal.data.exists(), "it made something"
    assert terminal.huijia("migrate").code == 0
    second = doctor(terminal.data)
    assert second.code == 1
    assert "没有投递进程在运行" in words(second)
    assert "请运行huijiamigrate" not in words(second)
    assert "最久的事务正常0分钟" in words(second)
    assert "密钥留意" in words(second)
    assert "首次启动时生成" in words(second)
    assert "密封密钥正常还没有封存的内容" not in words(second), "there is no key yet"
    assert [path.name for path in terminal.data.glob("*.key")] == []


@pytest.mark.parametrize(
    "changes",
    [{"username": "locked", "password": "wrong"}, {"username": "nobody"}, {"database": "no_such"}],
    ids=["password", "user", "database"],
)
def test_a_database_that_answers_and_refuses(ward: Ward, changes: dict[str, str]) -> None:
    said = doctor(ward.keys, ward.other(**changes))
    assert said.code == 1
    assert "数据库故障有应答，但拒绝了登录：检查DATABASE_URL的用户、口令和库名" in words(said)
    assert "连不上" not in words(said)
    assert "密钥正常齐全" in words(said), "the rest is told all the same"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (nowhere(), "连不上"),
        ("nonsense", "DATABASE_URL不是数据库地址"),
        ("postgresql://huijia@db:port/huijia", "DATABASE_URL不是数据库地址"),
    ],
)
def test_a_database_that_does_not_answer(tmp_path: Path, url: str, told: str) -> None:
    said = doctor(tmp_path, url)
    assert said.code == 1
    assert f"数据库故障{told}" in words(said)
    assert "拒绝" not in words(said)


def test_a_database_in_which_we_may_not_read(ward: Ward) -> None:
    said = doctor(ward.keys, ward.other(username="locked", password="right"))
    assert said.code == 1
    assert "数据库故障有应答，但拒绝了查询：permissiondeniedfortablealembic_version" in words(said)


def test_an_embedded_database_that_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "PG_VERSION").write_text("9")
    said = doctor(tmp_path)
    assert said.code == 1
    assert "数据库故障内嵌的数据库启动不了" in words(said)
    assert "密钥留意" in words(said)


def test_no_keys_beside_a_database_that_was_used(ward: Ward, tmp_path: Path) -> None:
    said = doctor(tmp_path, ward.url)
    assert said.code == 1
    assert re.search(r"密封密钥故障\S+里没有seal\.key，也未设HUIJIA_SEAL_KEYS，而数据库里已有封存的内容", words(said))
    assert re.search(
        r"密钥留意\S+里没有signing\.key、media\.key、metrics\.token、heartbeat\.key、cap\.pem：", words(said)
    )
    assert list(tmp_path.iterdir()) == [], "it made some"


def test_a_seal_key_that_is_not_the_one(ward: Ward, tmp_path: Path) -> None:
    (tmp_path / "seal.key").write_text(Fernet.generate_key().decode())
    (tmp_path / "seal.key").chmod(0o600)
    said = doctor(tmp_path, ward.url)
    assert said.code == 1
    assert "密封密钥故障密封密钥不对：seal.key打不开发布点的设置、最近一条寻人的记录" in words(said)
    right = (ward.keys / "seal.key").read_text()
    both = doctor(tmp_path, ward.url, HUIJIA_SEAL_KEYS=f"{Fernet.generate_key().decode()}, {right}")
    assert "密封密钥正常打得开发布点的设置、最近一条寻人的记录" in words(both)


@pytest.mark.parametrize(
    ("name", "content"),
    [("seal.key", "short"), ("signing.key", "whsk_AAAA"), ("heartbeat.key", "AAAA"), ("cap.pem", "none"), ("media.key", "")],
)  # fmt: skip
def test_a_key_that_is_none(ward: Ward, tmp_path: Path, name: str, content: str) -> None:
    for own in OWN:
        (tmp_path / own).write_text(content if own == name else (ward.keys / own).read_text())
        (tmp_path / own).chmod(0o600)
    said = doctor(tmp_path, ward.url)
    assert said.code == 1
    assert f"密钥故障{name}不是这种密钥" in words(said)
    assert "齐全" not in words(said)


def test_nothing_is_cut_off_at_a_narrow_terminal(ward: Ward, tmp_path: Path) -> None:
    said = doctor(tmp_path, ward.url, COLUMNS="80")
    assert "…" not in said.out
    assert "切勿就此启动，新密钥打不开它们" in words(said)
    assert "请先从那里或备份复制过来，再启动" in words(said)


def test_a_key_that_cannot_be_read(ward: Ward, tmp_path: Path) -> None:
    (tmp_path / "seal.key").mkdir()
    said = doctor(tmp_path, ward.url)
    assert said.code == 1
    assert "密钥故障seal.key读不了" in words(said)


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    names = sorted([*OWN, "seal.key.2026", "officer.key"])
    for name in names:
        (tmp_path / name).write_text("secret")
        (tmp_path / name).chmod(0o640)
    said = doctor(tmp_path, nowhere())
    assert said.code == 1
    assert f"密钥文件权限故障{'、'.join(names)}别人也能读" in words(said)
    for name in names:
        (tmp_path / name).chmod(0o600)
    assert "密钥文件权限正常" in words(doctor(tmp_path, nowhere()))


def test_these_are_the_secrets(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data=tmp_path)
    settings.own_keys(), settings.sealing_keys(), settings.token_for_metrics()
    settings.signing_secret(), settings.heartbeat_seed(), settings.cap_papers()
    assert tuple(sorted(path.name for path in tmp_path.iterdir())) == OWN


@pytest.mark.parametrize(("limits", "told"), [((1024, 65536), "正常65536"), ((1024, 4096), "留意最多4096")])
def test_the_hard_limit_of_files_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], told: str
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    said = doctor(tmp_path, nowhere())
    assert f"可打开的文件数{told}" in words(said)


def test_whether_anybody_hears_it(ward: Ward) -> None:
    assert "发布点正常1个" in words(doctor(ward.keys, ward.url))
    ward.say("UPDATE outlet SET paused = true")
    assert "发布点留意都已暂停" in words(doctor(ward.keys, ward.url))
    ward.say("UPDATE outlet SET paused = false")


async def make_officer(house: House, name: str, number: str, organ: str = ORGAN, role: Role = Role.OFFICER) -> None:
    facts = {"name": name, "role": role, "organ_code": organ, "number": number, "phone": "029-85250110"}
    async with transaction(house.engine) as session:
        await add(session, "test", NewPerson.model_validate(facts))


def test_whether_two_officers_can_issue_by_hand(ward: Ward) -> None:
    def told(name: str, number: str, organ: str = ORGAN, role: Role = Role.OFFICER) -> str:
        ward.do(lambda house: make_officer(house, name, number, organ, role))
        return words(doctor(ward.keys, ward.url))

    ward.say("TRUNCATE account CASCADE")
    ward.do(lambda house: make_organ(house, PROVINCE_ORGAN, "陕西省公安厅", "610000"))
    ward.do(lambda house: make_organ(house, "610103000000", "西安市公安局碑林分局", "610103"))
    none = words(doctor(ward.keys, ward.url))
    assert "值守台民警留意还没有能手工发布的民警" in none
    how = "huijiaoperatorlink姓名--roleofficer--organ机关代码--number警号--phone值班电话"
    assert f"请先huijiaoperatorlink姓名（第一个账号是管理员），再{how}" in none
    alone = "值守台民警留意西安市公安局雁塔分局只有一名"
    assert alone in told("王建国", "010233")
    assert alone in told("王建国二", "010233"), "the same officer by two accounts"
    assert alone in told("赵敏", "010871", role=Role.OPERATOR)
    beilin = told("钱进", "020001", "610103000000")
    assert "值守台民警留意西安市公安局碑林分局、西安市公安局雁塔分局只有一名" in beilin, (
        "neither speaks for the other's county"
    )
    above = told("孙立", "000001", PROVINCE_ORGAN, Role.ADMIN)
    assert "值守台民警留意陕西省公安厅只有一名" in above, "it may confirm for the counties below, and nobody for it"
    assert f"发不出。请{how}" in above
    assert "值守台民警正常5名" in told("李静", "000002", PROVINCE_ORGAN)
    ward.say("UPDATE account SET disabled_at = now() WHERE name IN ('孙立', '李静')")
    assert "值守台民警留意" in words(doctor(ward.keys, ward.url))


def test_all_is_well(ward: Ward, processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else listens where the dispatcher was to serve its metrics."""
    ward.say("TRUNCATE account CASCADE")
    ward.do(lambda house: make_officer(house, "王建国", "010233"))
    ward.do(lambda house: make_officer(house, "赵敏", "010871"))
    ward.do(lambda house: make_key(house, Scope.POLICE))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 65536))
    settings = {"HUIJIA_ALARM_URL": "https://alarm.example/robot", "HUIJIA_PUBLIC_URL": "https://huijia.example"}
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = str(held.getsockname()[1])
        env = environment(ward.keys, {"DATABASE_URL": ward.url, "HUIJIA_METRICS_PORT": port})
        processes.start("dispatch-doctor", *HUIJIA, "dispatch", env=env)
        deadline = time.monotonic() + PATIENCE
        while "投递进程正常1个" not in words(said := doctor(ward.keys, ward.url, **settings)):
            assert time.monotonic() < deadline, processes.log("dispatch-doctor").read_text()
            time.sleep(0.2)
    assert f"no metrics at 127.0.0.1:{port}" in processes.log("dispatch-doctor").read_text()
    assert said.code == 0, said.out
    assert "留意" not in said.out, said.out
