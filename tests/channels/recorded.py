"""What far ends answer, and settings as an operator would save them: one folder a carrier."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from channels.contract import Reply
from channels.registry import carrier

FOLDER = Path(__file__).parent / "fixtures"
DOCS = Path(__file__).parents[2] / "docs" / "channels"


def settings_of(name: str) -> Any:
    return carrier(name).settings.model_validate(_read(name, "settings"))


def secrets_of(settings: BaseModel) -> list[str]:
    """What must not show: the SecretStr fields, and the path of an address, which often holds a key."""
    values = dict(settings)
    secrets = [value.get_secret_value() for value in values.values() if isinstance(value, SecretStr)]
    return [*secrets, *(["k3yinp4th7Qz"] if "k3yinp4th7Qz" in str(values.get("url")) else [])]


def answer(name: str, which: str) -> Reply:
    return _reply(_read(name, which))


def before(name: str) -> list[Reply]:
    """What is answered to the calls of a first publish that come before the one that decides: a token, an upload."""
    return [_reply(found) for found in _read(name, "before")] if (FOLDER / name / "before.json").exists() else []


def _reply(found: dict[str, Any]) -> Reply:
    """The body of an answer is text, or files that travel as a tar."""
    return Reply(found["status"], found["headers"], _tar(found["tar"]) if "tar" in found else found["body"].encode())


def _tar(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


def _read(name: str, which: str) -> Any:
    return json.loads((FOLDER / name / f"{which}.json").read_text(encoding="utf-8"))
