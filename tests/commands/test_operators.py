"""Accounts of the console."""

import httpx
from typer.testing import CliRunner

from app.cli import app
from tests.commands.conftest import Served


def test_a_link_opens_the_console_once(served: Served) -> None:
    said = served.terminal.huijia("operator", "link", "张值班")
    assert said.code == 0, said
    link = said.out.strip()
    assert link.startswith(f"{served.terminal.near}/console/enter/")
    with httpx.Client(trust_env=False, timeout=10) as browser:
        assert "进入控制台" in browser.get(link).text
        assert browser.get(link).status_code == 200, "looking must not spend it"
        entered = browser.post(link)
        assert entered.status_code == 303
        inside = browser.get(f"{served.terminal.near}{entered.headers['location']}")
        assert inside.status_code == 200
        assert "张值班" in inside.text
    with httpx.Client(trust_env=False, timeout=10) as stranger:
        assert stranger.post(link).status_code == 410
        assert stranger.get(f"{served.terminal.near}/console/").status_code == 303


def test_a_password_is_set_when_it_is_long_enough(served: Served) -> None:
    terminal = served.terminal
    short = CliRunner().invoke(app, ["operator", "password", "李值班"], input="short\nshort\n")
    assert (short.exit_code, "至少 10 位" in short.output) == (1, True)
    phrase = "correct horse 回家"
    said = terminal.huijia("operator", "password", "李值班", typed=f"{phrase}\n{phrase}\n")
    assert "已设置 李值班 的密码" in said.out
    assert phrase not in said.out + said.err
    form = {"name": "李值班", "password": phrase}
    with httpx.Client(base_url=terminal.near, trust_env=False, timeout=10) as browser:
        assert browser.post("/console/sign-in", data={**form, "password": "wrong horse 回家"}).status_code == 401
        assert browser.post("/console/sign-in", data=form).status_code == 303
        assert "李值班" in browser.get("/console/").text


def test_a_role_is_stated_and_the_last_administrator_kept(served: Served) -> None:
    terminal = served.terminal
    terminal.huijia("operator", "link", "甲管理", "--role", "admin")
    officer = ("--role", "officer", "--organ", "610000000000", "--number", "010233", "--phone", "029-85250110")
    said = terminal.huijia("operator", "link", "赵民警", *officer)
    assert said.code == 0, said
    with httpx.Client(trust_env=False, timeout=10) as browser:
        browser.post(said.out.strip())
        mine = browser.get(f"{terminal.near}/console/me").text
    for word in ("民警", "陕西省公安厅（演示）", "警号 010233"):
        assert word in mine
    lacking, unknown, king = terminal.several(
        ("operator", "link", "钱民警", "--role", "officer"),
        ("operator", "rescue", "没有这个人"),
        ("operator", "link", "钱民警", "--number", "<b>"),
    )
    assert "民警须填此项" in lacking.plainly()
    assert "没有名为 没有这个人 的账号" in unknown.plainly()
    assert "/number" in king.plainly()
    assert "已解锁" in terminal.huijia("operator", "rescue", "赵民警").out
