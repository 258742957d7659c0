"""What a sandbox keeps between runs: its secrets, its shape, and how far the polling app has read."""

import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

ADDED = "listeners"
"""A file that was written before this member was added may lack it."""


class BadStateError(Exception):
    """The file is there but is not a sandbox state. The text is for the person at the terminal."""


@dataclass(slots=True)
class State:
    """``secrets`` maps ``slug`` or ``slug/part`` to a generated secret; it never appears in a ``repr``.

    ``screens`` is ``None`` for the three named screens, else how many generated ones stand in their place; ``listeners``
    the same for the two on the message broker.
    ``cursors`` maps a partner's name to the last feed cursor that was handled.
    """

    base: str
    screens: int | None = None
    far: bool = False
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    cursors: dict[str, str] = field(default_factory=dict)
    listeners: int | None = None

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """The secret kept under ``name``, made on first use."""
        if name not in self.secrets:
            self.secrets[name] = make()
        return self.secrets[name]


def load(path: Path) -> State:
    """Read the state. Raises ``FileNotFoundError``, or :class:`BadStateError` when the file is something else."""
    try:
        kept: Any = json.loads(path.read_text("utf-8"))
        state = State(**{one.name: kept[one.name] for one in fields(State) if one.name in kept or one.name != ADDED})
    except (ValueError, KeyError, TypeError) as error:
        raise BadStateError(f"{path} 不是沙盒的状态文件") from error
    if not (isinstance(state.base, str) and isinstance(state.secrets, dict) and isinstance(state.cursors, dict)):
        raise BadStateError(f"{path} 不是沙盒的状态文件")
    return state


def save(path: Path, state: State) -> None:
    """Replace the file whole, readable by its owner only: it holds every signing secret of the sandbox."""
    text = json.dumps({one.name: getattr(state, one.name) for one in fields(State)}, ensure_ascii=False, indent=1)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp creates 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold off other processes that read, change and write the same state (``roster`` beside a running ``serve``)."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def keep_cursor(path: Path, partner: str, cursor: str) -> None:
    """Remember that everything up to ``cursor`` has been handled."""
    with locked(path):
        state = load(path)
        state.cursors[partner] = cursor
        save(path, state)
