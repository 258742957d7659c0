"""``huijia outlet``: enrol, list and test outlets."""

import json
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app.commands.store import fail, with_house
from app.db import outlets
from app.db.engine import transaction
from app.dispatch.wiring import lane_of
from app.domain.beijing import beijing
from app.domain.errors import NotFound
from app.domain.words import Lane, Scope
from app.flows.house import House
from app.flows.ports import Trial
from app.flows.principal import Principal
from app.flows.roster import enrol_all, read_document
from app.flows.rotate import rotate

commands = typer.Typer(help="发布点：登记、批量导入、列出、测试。", no_args_is_help=True)

Settled: TypeAlias = Annotated[
    list[str],
    typer.Option(
        "--settled", help="警号，可多次：换址的发布点在旧地方已撤下它，或新旧地址是同一处。否则可能还在播出的不许换址"
    ),
]


@commands.command("add")
def add(
    partner: Annotated[str, typer.Option(help="协作单位名称")],
    name: Annotated[str, typer.Option(help="发布点名称")],
    channel: Annotated[str, typer.Option(help="渠道：tv radio screen billboard dingtalk partner")],
    carrier: Annotated[str, typer.Option(help="传输方式：webhook feed dingtalk_robot")],
    settings: Annotated[str, typer.Option(help="传输方式的设置，JSON")] = "{}",
    phone: Annotated[str, typer.Option(help="协作单位值班电话")] = "",
    codes: Annotated[str, typer.Option(help="服务区划代码，逗号分隔，如 610100,610113")] = "",
    place: Annotated[str, typer.Option(help="位置：经度,纬度,坐标系，如 108.947,34.224,GCJ02")] = "",
    exercises: Annotated[bool, typer.Option("--exercises", help="参加演练")] = False,
    tests: Annotated[bool, typer.Option("--tests", help="接收测试；登记后即发一条测试通告")] = False,
    check: Annotated[bool, typer.Option("--check/--no-check", help="登记后是否发测试通告（需 --tests）")] = True,
    settled: Settled = [],  # noqa: B006 - typer wants a list
) -> None:
    """登记一个发布点；同一单位同名的即更新。接收测试的发布点登记后即测试一次。"""
    outlet: dict[str, Any] = {
        "name": name, "channel": channel, "carrier": carrier, "settings": _json(settings),
        "codes": [c for c in codes.replace("，", ",").split(",") if c], "takes_exercises": exercises, "takes_tests": tests,
    }  # fmt: skip
    if place:
        lon, lat, datum = [*place.replace("，", ",").split(","), "", ""][:3]
        outlet["place"] = {"lon": lon, "lat": lat, "datum": datum}
    raw = json.dumps({"partners": [{"name": partner, "phone": phone, "outlets": [outlet]}]})

    async def act(house: House) -> Trial | None:
        typer.echo(f"已登记 {await _enrolled(house, raw, settled)} 个发布点")
        if tests and check and lane_of(carrier) not in (Lane.POLLED, Lane.PLAYED):
            return await _tried(house, name, partner)
        return None

    if (trial := with_house(act)) is not None:
        _say(trial)


@commands.command("import")
def import_document(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="名册，格式见 docs/outlets.md")],
    settled: Settled = [],  # noqa: B006 - typer wants a list
) -> None:
    """从 JSON 名册批量登记：全部成功或全部不登记。"""
    raw = file.read_text(encoding="utf-8")
    typer.echo(f"已登记 {with_house(lambda house: _enrolled(house, raw, settled))} 个发布点")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as e:
        raise typer.Exit(fail(f"--settings 不是合法的 JSON：{e}")) from e


async def _enrolled(house: House, raw: str, settled: Collection[str]) -> int:
    document = read_document(raw)
    count = sum(len(p.outlets) for p in document.partners)
    with Progress(transient=True) as progress:
        task = progress.add_task("登记发布点", total=count)
        async with transaction(house.engine) as session:
            await enrol_all(
                session, document, "cli", wire=house.wire, seal=house.seal, settled=settled,
                enrolled=lambda name: progress.advance(task),
            )  # fmt: skip
    return count


@commands.command("list")
def listing() -> None:
    """列出发布点。"""

    async def act(house: House) -> Table:
        async with transaction(house.engine) as session:
            rows = await outlets.listing(session)
        table = Table("编号", "协作单位", "发布点", "渠道", "传输方式", "服务区划", "演练", "测试", "状态")
        for column in table.columns:
            column.overflow = "fold"
        for r in rows:
            table.add_row(
                str(r["id"]), r["partner"], r["name"], r["channel"], r["carrier"], " ".join(r["codes"]) or "按位置",
                "参加" if r["takes_exercises"] else "", "接收" if r["takes_tests"] else "", _condition(r),
            )  # fmt: skip
        return table

    Console().print(with_house(act))


@commands.command("test")
def test(name: Annotated[str, typer.Argument(help="发布点名称或编号")]) -> None:
    """向一个发布点发一条测试通告（status=test），看它如何应答。不产生紧急寻人。"""
    trial = with_house(lambda house: _tried(house, name))
    _say(trial)
    if trial.outcome != "accepted":
        raise typer.Exit(1)


def _condition(row: Mapping[str, Any]) -> str:
    if row["quarantined_at"] is not None:
        return f"隔离（{row['trouble']}）"
    if row["failures"]:
        return f"连续失败 {row['failures']} 次"
    return "暂停" if row["paused"] else "正常"


@commands.command("rotate")
def rotate_secret(
    name: Annotated[str, typer.Argument(help="发布点名称或编号")],
    hours: Annotated[int, typer.Option(min=0, max=720, help="新旧密钥同时有效的小时数；0 为立即换掉旧密钥")] = 24,
) -> None:
    """更换一个网络回调发布点的签名密钥。新密钥只显示这一次。"""

    async def act(house: House) -> str:
        async with transaction(house.engine) as session:
            found = await outlets.by_name(session, name)
            if found is None:
                raise _unknown(name)
            who = Principal("cli", Scope.ADMIN, live=True)
            overlap = timedelta(hours=hours)
            done = await rotate(session, who, found.id, overlap, wire=house.wire, seal=house.seal)
        if done.previous_until is None:
            return f"{done.secret}\n旧密钥已立即失效"
        return f"{done.secret}\n旧密钥同时有效至 {beijing(done.previous_until):%Y-%m-%d %H:%M}（北京时间）"

    typer.echo(with_house(act))


def _unknown(name: str) -> NotFound:
    return NotFound(f"没有名为 {name} 的发布点。用 huijia outlet list 查看。", f"There is no outlet {name}.")


async def _tried(house: House, name: str, partner: str | None = None) -> Trial:
    async with transaction(house.engine) as session:
        found = await outlets.by_name(session, name, partner)
    if found is None:
        raise _unknown(name)
    assert house.trier is not None
    return await house.trier.try_out(found.id, "cli")


COLOURS = {"accepted": "green", "retry": "yellow", "refused": "red"}
WORDS = {"accepted": "已接收", "retry": "未成功，可重试", "refused": "拒绝"}
SENT = {"publish": "测试通告", "retract": "测试撤下"}


def _say(trial: Trial) -> None:
    """Each call: what it was, what became of it, how long it took, and what the far end said."""
    for step in trial.steps:
        status = "无应答" if step.status is None else f"HTTP {step.status}"
        why = " ".join(filter(None, (step.reason, step.detail)))
        typer.secho(
            f"{SENT[step.kind]}  {WORDS[step.outcome]}  {status}  用时 {step.milliseconds:.0f} ms  {why}".rstrip(),
            fg=COLOURS[step.outcome],
        )
        if step.answer:
            typer.echo(f"    对方应答：{step.answer}")
