"""The ``huijia`` command."""

import sys

import typer
from pydantic import ValidationError

from app.commands import keys, operators, outlets, players, serving
from app.commands.doctor import doctor
from app.commands.drill import drill
from app.commands.sandbox import sandbox
from app.commands.store import fail
from app.flows.faults import faults_of
from app.settings import Settings

app = typer.Typer(
    name="huijia", help="回家：失踪未成年人紧急寻人发布。", no_args_is_help=True, pretty_exceptions_show_locals=False
)
for verb in (serving.serve, serving.api, serving.dispatch, serving.migrate, drill, sandbox, doctor):
    app.command(verb.__name__)(verb)
app.add_typer(keys.commands, name="key")
app.add_typer(outlets.commands, name="outlet")
app.add_typer(players.commands, name="player")
app.add_typer(operators.commands, name="operator")


def main() -> None:
    """Entry point. What is set and cannot be used is named; its value, which may be a secret, is not."""
    try:
        app()
    except ValidationError as e:
        if e.title != Settings.__name__:
            raise
        wrong = [(_variable(f.pointer[1:]), f) for f in faults_of(e.errors(include_url=False))]
        sys.exit(fail("设置有误，没有启动：", *(f"{name}：{f.zh}{f.remedy_zh}" for name, f in wrong)))


def _variable(setting: str) -> str:
    """As the environment has it; one with a name of its own is named by it already."""
    return f"HUIJIA_{setting.upper()}" if setting in Settings.model_fields else setting


if __name__ == "__main__":
    main()
