"""Pages from templates. Whatever is put into one is escaped."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.responses import HTMLResponse

from app.console import labels, spoken_time
from app.console.assets import asset
from app.console.navigation import PLACES


@pass_context
def _clock_time(context: Context, at: datetime) -> str:
    return spoken_time.clock_time(at, context["now"])


@pass_context
def _age(context: Context, at: datetime) -> str:
    """How long ago, by the database's clock."""
    return spoken_time.span((context["now"] - at).total_seconds())


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


FILTERS: dict[str, Callable[..., str]] = {
    "moment": spoken_time.moment,
    "clock_time": _clock_time,
    "age": _age,
    "iso": _iso,
    "actor": labels.actor,
}


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    made.globals.update(asset=asset, labels=labels, places=PLACES)
    return made


_pages = _environment()


def render(template: str, /, **facts: Any) -> str:
    """The text of a page or fragment. A fact that the template asks for and that is not given is an error."""
    return _pages.get_template(template).render(**facts)


def page(template: str, status: int = 200, /, **facts: Any) -> HTMLResponse:
    return HTMLResponse(render(template, **facts), status)
