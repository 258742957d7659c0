"""``huijia operator``: accounts of the console."""

from typing import Annotated

import typer

from app.commands.store import fail, with_house
from app.db.engine import transaction
from app.domain.words import Role
from app.flows.house import House
from app.flows.people import from_outside, let_back_in
from app.flows.sign_in import SHORTEST, one_time_link, set_password

commands = typer.Typer(help="值班员账号。", no_args_is_help=True)

RoleOption = Annotated[Role | None, typer.Option(help="viewer 观察员 / operator 值守员 / officer 民警 / admin 管理员")]
OrganOption = Annotated[str | None, typer.Option(help="机关代码，12 位；民警须有")]
NumberOption = Annotated[str | None, typer.Option(help="警号；民警须有")]
PhoneOption = Annotated[str | None, typer.Option(help="值班电话；民警须有，会随寻人公布")]
Name = Annotated[str, typer.Argument(help="姓名；没有该账号则新建")]


@commands.command("password")
def password(
    name: Name,
    role: RoleOption = None,
    organ: OrganOption = None,
    number: NumberOption = None,
    phone: PhoneOption = None,
) -> None:
    """设置或修改密码；没有该账号则新建。不写的项保持原样。"""
    secret = typer.prompt("新密码", hide_input=True, confirmation_prompt="再输一次")
    if len(secret) < SHORTEST:
        raise typer.Exit(fail(f"密码至少 {SHORTEST} 位。"))

    async def act(house: House) -> None:
        async with transaction(house.engine) as session:
            await set_password(session, name, secret)
            await from_outside(session, name, role, organ, number, phone)

    with_house(act)
    typer.echo(f"已设置 {name} 的密码")


@commands.command("link")
def link(
    name: Name,
    role: RoleOption = None,
    organ: OrganOption = None,
    number: NumberOption = None,
    phone: PhoneOption = None,
) -> None:
    """打印一次性登录链接，12 小时内有效。不写的项保持原样。"""

    async def act(house: House) -> str:
        async with transaction(house.engine) as session:
            token = await one_time_link(session, name)
            await from_outside(session, name, role, organ, number, phone)
            return f"{house.base_url}/console/enter/{token}"

    typer.echo(with_house(act))


@commands.command("rescue")
def rescue(name: Annotated[str, typer.Argument(help="姓名")]) -> None:
    """解锁账号并关闭它的两步验证：管理员自己被锁在外面时用。"""

    async def act(house: House) -> bool:
        async with transaction(house.engine) as session:
            return await let_back_in(session, name)

    if not with_house(act):
        raise typer.Exit(fail(f"没有名为 {name} 的账号。"))
    typer.echo(f"{name} 已解锁，两步验证已关闭。登录后请重新开通。")
