"""``huijia doctor``: look at everything that must be right before the night, and say what to do where it is not."""

import resource
import shutil
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import urlsplit

import typer
import uvloop
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from app.commands.store import newest_schema, store
from app.db import keys, views, workers
from app.db.engine import Session, StoreUnavailable, transaction
from app.dispatch.trial import example
from app.flows.house import House
from app.flows.troubles import troubles
from app.main import build_house, close_house
from app.settings import Settings
from channels.contract import Profile
from channels.registry import CARRIERS, CHANNELS

SKEW_SECONDS = 2.0
FILES_WANTED = 8192
LONGEST_SNAPSHOT_MINUTES = 30
BYTES_WANTED = 2 * 1024**3


class Verdict(StrEnum):
    WELL = "正常"
    LOOK = "留意"
    ILL = "故障"


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    verdict: Verdict
    said: str


def doctor() -> None:
    """逐项检查数据库、投递进程、密钥、时钟、磁盘等；有故障时返回 1。"""
    settings = Settings()
    with store(settings) as url:

        async def run() -> list[Finding]:
            house = build_house(settings, url)
            try:
                return [*_machine(settings), *await _ledger(house), await _studio(house)]
            finally:
                await close_house(house)

        found = uvloop.run(run())
    table = Table("检查", "结果", "说明", title="回家 · 体检")
    colours = {Verdict.WELL: "green", Verdict.LOOK: "yellow", Verdict.ILL: "bold red"}
    for one in found:
        table.add_row(one.what, f"[{colours[one.verdict]}]{one.verdict}[/]", one.said)
    Console().print(table)
    if any(one.verdict is Verdict.ILL for one in found):
        raise typer.Exit(1)


def _machine(settings: Settings) -> list[Finding]:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    free = shutil.disk_usage(settings.data if settings.data.exists() else ".").free
    room = free // 1024**3
    return [
        _judge("公开地址", not _local(settings.base_url), settings.base_url, "只有本机能打开，请设 HUIJIA_PUBLIC_URL"),
        _judge("可打开的文件数", files >= FILES_WANTED, str(files), f"只有 {files}，至少 {FILES_WANTED}，请提高 ulimit -n"),
        _judge("磁盘空间", free >= BYTES_WANTED, f"{room} GB", f"只剩 {room} GB，请清理", Verdict.ILL),
        _judge("告警去处", settings.alarm_url is not None, "已设置", "未设 HUIJIA_ALARM_URL，出事只有日志知道"),
        _secrets(settings),
    ]  # fmt: skip


def _judge(what: str, well: bool, said: str, remedy: str, otherwise: Verdict = Verdict.LOOK) -> Finding:
    return Finding(what, Verdict.WELL if well else otherwise, said if well else remedy)


def _local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _secrets(settings: Settings) -> Finding:
    """Secrets in the data folder are for their owner's eyes."""
    open_ones = [p.name for p in settings.data.glob("*.key") if p.is_file() and stat.S_IMODE(p.stat().st_mode) & 0o077]
    return _judge("密钥文件权限", not open_ones, "只有所有者可读",
                  f"{'、'.join(open_ones)} 别人也能读，请 chmod 600", Verdict.ILL)  # fmt: skip


async def _ledger(house: House) -> list[Finding]:
    try:
        async with transaction(house.engine) as session:
            schema = await _schema(session)
        if schema.verdict is not Verdict.WELL:
            return [schema]
        async with transaction(house.engine) as session:
            found = [await check(session) for check in _CHECKS]
            return [schema, *found, *(Finding("待处理", Verdict.ILL, t.zh) for t in await troubles(session))]
    except StoreUnavailable:
        return [Finding("数据库", Verdict.ILL, "连不上：检查 DATABASE_URL、网络和数据库进程")]


async def _schema(session: Session) -> Finding:
    found = None
    with suppress(Exception):  # no such table: nothing was ever migrated
        async with session.begin_nested():
            found = (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    right = newest_schema()
    return _judge(
        "数据库结构",
        found == right,
        str(found),
        f"是 {found or '空的'}，应为 {right}，请运行 huijia migrate",
        Verdict.ILL,
    )


async def _version(session: Session) -> Finding:
    number = int((await session.execute(text("SHOW server_version_num"))).scalar_one())
    return _judge(
        "PostgreSQL", number >= 150000, str(number // 10000), f"是 {number // 10000}，须 15 或更新", Verdict.ILL
    )


async def _durable(session: Session) -> Finding:
    off = [
        name
        for name in ("fsync", "synchronous_commit", "full_page_writes")
        if (await session.execute(text(f"SHOW {name}"))).scalar_one() == "off"
    ]
    return _judge("落盘", not off, "已确认的都已落盘", f"{'、'.join(off)} 已关闭，断电会丢记录", Verdict.ILL)


async def _skew(session: Session) -> Finding:
    theirs: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    apart = abs((theirs - datetime.now(UTC)).total_seconds())
    return _judge(
        "本机与数据库时钟",
        apart < SKEW_SECONDS,
        f"相差 {apart:.1f} 秒",
        f"相差 {apart:.1f} 秒，请校时（业务以数据库时钟为准，不受影响）",
    )


async def _dispatchers(session: Session) -> Finding:
    alive = [w for w in await workers.listing(session) if w["silent"] <= workers.SILENT_SECONDS]
    return _judge("投递进程", bool(alive), f"{len(alive)} 个", "没有在运行，请启动 huijia dispatch 或 huijia serve")


async def _snapshot(session: Session) -> Finding:
    """A forgotten BEGIN, or a backup that hangs: nothing that is over can be cleared away meanwhile."""
    minutes = await views.oldest_snapshot(session) / 60
    return _judge(
        "最久的事务",
        minutes < LONGEST_SNAPSHOT_MINUTES,
        f"{minutes:.0f} 分钟",
        f"数据库里有一个事务已开着 {minutes:.0f} 分钟，旧数据清不掉，请在 pg_stat_activity 中找到并结束它",
    )


async def _keys(session: Session) -> Finding:
    scopes = {k["scope"] for k in await keys.listing(session) if k["revoked_at"] is None}
    return _judge("公安机关密钥", "police" in scopes, "有", "还没有，请 huijia key issue police")


_CHECKS: tuple[Callable[[Session], Awaitable[Finding]], ...] = (
    _version, _durable, _skew, _dispatchers, _snapshot, _keys,
)  # fmt: skip


async def _studio(house: House) -> Finding:
    """Every medium words a notice about nobody, and the pieces that it needs are made."""
    notice = example(house.base_url, datetime.now(UTC))
    failed = []
    for name, medium in CHANNELS.items():
        try:
            medium.render(notice, Profile())
        except Exception as e:
            failed.append(f"{name}（{type(e).__name__}）")
    said = f"{len(CHANNELS)} 个渠道、{len(CARRIERS)} 种传输方式"
    return _judge("渠道", not failed, said, f"{'、'.join(failed)} 不能成文，详见日志", Verdict.ILL)
