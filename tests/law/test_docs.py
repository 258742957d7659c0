"""Docs that nobody checks rot: every setting, command, channel and carrier has its words."""

import re

import pytest
from typer.main import get_command

from app.cli import app
from app.settings import Settings
from channels.registry import CARRIERS, CHANNELS
from tests.conftest import ROOT


def doc(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    variable = Settings.model_fields[name].validation_alias or f"HUIJIA_{name.upper()}"
    assert f"`{variable}`" in doc("docs/settings.md")


def test_every_documented_setting_exists() -> None:
    said = set(re.findall(r"`(HUIJIA_[A-Z_]+)`", doc("docs/settings.md") + doc("docs/running.md")))
    assert said == {f"HUIJIA_{n.upper()}" for n, f in Settings.model_fields.items() if f.validation_alias is None}


def test_every_command_is_documented_and_explained() -> None:
    running = doc("docs/running.md")
    root = get_command(app)
    for name, command in root.commands.items():  # type: ignore[attr-defined]  # a group, as typer makes it
        assert f"`huijia {name}" in running
        for verb, inner in getattr(command, "commands", {"": command}).items():
            assert not verb or f"`{verb}`" in running or f"`huijia {name} {verb}`" in running, (name, verb)
            assert re.search(r"[一-鿿]", inner.help or ""), f"huijia {name} {verb} says nothing in Chinese"


@pytest.mark.parametrize("name", [*CHANNELS, *CARRIERS])
def test_every_adapter_has_a_page(name: str) -> None:
    assert doc(f"docs/channels/{name}.md").startswith(f"# {name}")


@pytest.mark.parametrize("path", sorted(ROOT.glob("**/*.md")), ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: object) -> None:
    from_here = ROOT / str(path)
    if ".venv" in from_here.parts:
        return
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", from_here.read_text(encoding="utf-8")):
        assert (from_here.parent / target).exists(), f"{from_here.name} links to {target}"
