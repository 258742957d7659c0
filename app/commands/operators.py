"""``huijia operator``: accounts of the console."""

from typing import Annotated

import typer

from app.commands.store import fail, with_house
from app.db.engine import transaction
from app.flows.house import House
from app.flows.sign_in import one_time_link, set_password

commands = typer.Typer(help="值班员账号。", no_args_is_help=True)

SHORTEST = 10


@commands.command("password")
def password(name: Annotated[str, typer.Argument(help="值班员姓名")]) -> None:
    """设置或修改密码；没有该账号则新建。"""
    secret = typer.prompt("新密码", hide_input=True, confirmation_prompt="再输一次")
    if len(secret) < SHORTEST:
        raise typer.Exit(fail(f"密码至少 {SHORTEST} 位。"))

    async def act(house: House) -> None:
        async with transaction(house.engine) as session:
            await set_password(session, name, secret)

    with_house(act)
    typer.echo(f"已设置 {name} 的密码")


@commands.command("link")
def link(name: Annotated[str, typer.Argument(help="值班员姓名；没有则新建")]) -> None:
    """打印一次性登录链接，12 小时内有效。"""

    async def act(house: House) -> str:
        async with transaction(house.engine) as session:
            return f"{house.base_url}/console/enter/{await one_time_link(session, name)}"

    typer.echo(with_house(act))
