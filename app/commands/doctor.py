"""``huijia doctor``: look at everything that must be right before the night, and say what to do where it is not. It only
looks: no secret and no database is made."""

import resource
import shutil
from datetime import UTC, datetime
from urllib.parse import urlsplit

import typer
import uvloop
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from app.commands import doctor_secrets
from app.commands.doctor_ledger import Ledger, examined, no_ledger
from app.commands.findings import Finding, Verdict, judge
from app.commands.store import is_made, running
from app.db.embedded import ClusterError
from app.dispatch.trial import example
from app.settings import Settings
from channels.contract import Profile
from channels.registry import CARRIERS, CHANNELS

FILES_WANTED = 8192
BYTES_WANTED = 2 * 1024**3
COLOURS = {Verdict.WELL: "green", Verdict.LOOK: "yellow", Verdict.ILL: "bold red"}


def doctor() -> None:
    """逐项检查数据库、投递进程、密钥、时钟、磁盘等，只看不改；有故障时返回 1。"""
    settings = Settings()
    ledger = _ledger(settings)
    secrets = doctor_secrets.look_at(settings, ledger.sealed)
    found = [*_machine(settings), *secrets, *ledger.findings, _studio(settings)]
    table = Table(
        Column("检查", no_wrap=True), Column("结果", no_wrap=True), Column("说明", overflow="fold"), title="回家 · 体检"
    )
    for one in found:
        table.add_row(one.what, f"[{COLOURS[one.verdict]}]{one.verdict}[/]", escape(one.said))
    Console().print(table)
    if any(one.verdict is Verdict.ILL for one in found):
        raise typer.Exit(1)


def _ledger(settings: Settings) -> Ledger:
    if not is_made(settings):
        return no_ledger(
            f"{settings.data} 里还没有内嵌的数据库，请运行 huijia migrate；已有数据库的，请设 DATABASE_URL"
        )
    try:
        with running(settings) as url:
            return uvloop.run(examined(url))
    except ClusterError as e:
        return no_ledger(f"内嵌的数据库启动不了：{e}")


def _machine(settings: Settings) -> list[Finding]:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # the hard one: processes raise theirs to it when they start
    many = files == resource.RLIM_INFINITY or files >= FILES_WANTED
    free = shutil.disk_usage(settings.data if settings.data.exists() else ".").free
    room = free // 1024**3
    return [
        judge("公开地址", not _local(settings.base_url), settings.base_url, "只有本机能打开，请设 HUIJIA_PUBLIC_URL"),
        judge("可打开的文件数", many, str(files), f"最多 {files}，至少 {FILES_WANTED}，请提高 ulimit -Hn 或 LimitNOFILE"),
        judge("磁盘空间", free >= BYTES_WANTED, f"{room} GB", f"只剩 {room} GB，请清理", Verdict.ILL),
        judge("告警去处", settings.alarm_url is not None, "已设置", "未设 HUIJIA_ALARM_URL，出事只有日志知道"),
    ]  # fmt: skip


def _local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _studio(settings: Settings) -> Finding:
    """Every medium words a notice about nobody, and the pieces that it needs are made."""
    notice = example(settings.base_url, datetime.now(UTC))
    failed = []
    for name, medium in CHANNELS.items():
        try:
            medium.render(notice, Profile())
        except Exception as e:
            failed.append(f"{name}（{type(e).__name__}）")
    said = f"{len(CHANNELS)} 个渠道、{len(CARRIERS)} 种传输方式"
    return judge("渠道", not failed, said, f"{'、'.join(failed)} 不能成文，详见日志", Verdict.ILL)
