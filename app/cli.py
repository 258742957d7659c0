"""The ``huijia`` command."""

import typer

from app.commands import keys, operators, outlets, serving
from app.commands.doctor import doctor
from app.commands.drill import drill
from app.commands.sandbox import sandbox

app = typer.Typer(
    name="huijia", help="回家：失踪未成年人紧急寻人发布。", no_args_is_help=True, pretty_exceptions_show_locals=False
)
for verb in (serving.serve, serving.api, serving.dispatch, serving.migrate, drill, sandbox, doctor):
    app.command(verb.__name__)(verb)
app.add_typer(keys.commands, name="key")
app.add_typer(outlets.commands, name="outlet")
app.add_typer(operators.commands, name="operator")


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
