"""``huijia key``: issue, list and revoke API keys."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from app.commands.store import fail, with_house
from app.db import audit, keys, outlets
from app.db.engine import transaction
from app.domain.beijing import beijing
from app.domain.words import Scope
from app.flows.house import House
from app.flows.principal import issue_key

commands = typer.Typer(help="API 密钥：签发、列出、吊销。", no_args_is_help=True)


@commands.command("issue")
def issue(
    scope: Annotated[Scope, typer.Argument(help="police 公安机关 / partner 协作单位 / operator 值班 / admin 管理")],
    organ: Annotated[str | None, typer.Option(help="公安机关机构代码，12 位（police）")] = None,
    organ_name: Annotated[str | None, typer.Option(help="机关全称；首次签发时必填（police）")] = None,
    partner: Annotated[str | None, typer.Option(help="协作单位名称；没有则新建（partner）")] = None,
    phone: Annotated[str, typer.Option(help="协作单位值班电话")] = "",
    test: Annotated[bool, typer.Option("--test", help="测试密钥：不能发布实发")] = False,
    label: Annotated[str, typer.Option(help="用途备注")] = "",
) -> None:
    """签发密钥。密钥只显示这一次。"""

    async def act(house: House) -> str:
        async with transaction(house.engine) as session:
            if scope is Scope.POLICE and organ and organ_name:
                await keys.save_organ(session, organ, organ_name, organ[:6])
            owner = None
            if scope is Scope.PARTNER and partner:
                owner = await outlets.partner_id(session, partner) or await outlets.add_partner(session, partner, phone)
            key = await issue_key(
                session,
                scope,
                live=not test,
                label=label or partner or organ or scope,
                organ_code=organ,
                partner_id=owner,
            )
            await audit.write(session, "cli", "key_issue", detail={"scope": scope, "organ": organ, "partner": partner})
            return key

    typer.echo(with_house(act))


@commands.command("list")
def listing() -> None:
    """列出密钥（不含密文）。"""

    async def act(house: House) -> Table:
        async with transaction(house.engine) as session:
            rows = await keys.listing(session)
        table = Table(Column("编号", no_wrap=True), "范围", "性质", "机关 / 单位", "备注", "签发", "吊销")
        for column in table.columns[1:]:
            column.overflow = "fold"
        for r in rows:
            table.add_row(
                r["id"], r["scope"], "正式" if r["live"] else "测试", r["organ_code"] or r["partner"] or "—", r["label"],
                f"{beijing(r['created_at']):%Y-%m-%d %H:%M}",
                f"{beijing(r['revoked_at']):%Y-%m-%d %H:%M}" if r["revoked_at"] else "",
            )  # fmt: skip
        return table

    Console().print(with_house(act))


@commands.command("revoke")
def revoke(id: Annotated[str, typer.Argument(help="密钥编号：hj_live_<编号>_… 中间一段")]) -> None:
    """吊销密钥，立即生效。"""

    async def act(house: House) -> bool:
        async with transaction(house.engine) as session:
            done = await keys.revoke(session, id)
            await audit.write(session, "cli", "key_revoke", detail={"key": id, "done": done})
            return done

    if not with_house(act):
        raise typer.Exit(fail(f"没有编号为 {id} 的有效密钥。用 huijia key list 查看。"))
    typer.echo(f"已吊销 {id}")
