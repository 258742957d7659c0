"""``huijia player``: the links that screens open."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.commands.store import with_house
from app.db import outlets, play
from app.db.engine import Session, transaction
from app.db.outlets import Enrolled
from app.domain.beijing import BEIJING
from app.domain.errors import NotFound
from app.flows.house import House
from app.flows.play import make_link, revoke_links

commands = typer.Typer(help="播放页：为屏幕生成、作废和查看链接。", no_args_is_help=True)
BY = "cli"
Name = Annotated[str, typer.Argument(help="发布点名称或编号")]


async def _named(session: Session, name: str) -> Enrolled:
    found = await outlets.by_name(session, name)
    if found is None:
        raise NotFound(f"没有名为 {name} 的发布点。用 huijia player list 查看。", f"There is no outlet {name}.")
    return found


@commands.command("link")
def link(name: Name) -> None:
    """生成一个播放页链接，在屏幕的浏览器中打开即可。链接只显示这一次；谁持有链接，谁就能展示发给这块屏的寻人信息。"""

    async def act(house: House) -> str:
        async with transaction(house.engine) as session:
            token = await make_link(session, await _named(session, name), BY)
        return f"{house.base_url}/play/{token}"

    typer.echo(with_house(act))


@commands.command("revoke")
def revoke(name: Name) -> None:
    """作废一个发布点的全部播放页链接，打开着的页面立即变黑。"""

    async def act(house: House) -> int:
        async with transaction(house.engine) as session:
            return await revoke_links(session, await _named(session, name), BY)

    typer.echo(f"已作废 {with_house(act)} 个链接")


@commands.command("list")
def listing() -> None:
    """列出使用播放页的发布点，及其页面最近一次取用的时间。"""

    async def act(house: House) -> Table:
        async with transaction(house.engine) as session:
            rows = await play.listing(session)
        table = Table("编号", "协作单位", "发布点", "有效链接", "最近取用")
        for r in rows:
            seen = r["heard_at"].astimezone(BEIJING).strftime("%m-%d %H:%M:%S") if r["heard_at"] else "从未"
            table.add_row(str(r["id"]), r["partner"], r["name"], str(r["links"]), seen)
        return table

    Console().print(with_house(act))
