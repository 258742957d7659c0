"""What is wrong and one process alone knows, in its memory: the ledger cannot keep it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.telling import Standing


@dataclass(slots=True)
class _Kept:
    zh: str
    since: float
    told: float | None = None
    over: float | None = None


class KnownHere:
    """The troubles, and what was told of them."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def found(self, troubles: Mapping[str, str]) -> None:
        """Now these and no others, by name in Chinese. One look alone is never enough to tell of it: whoever was frozen for a
        minute finds that its connection is lost, and nothing else is wrong."""
        at = time.monotonic()
        for name, zh in troubles.items():
            kept = self._kept.setdefault(name, _Kept(zh, at))
            kept.zh, kept.over = zh, None
        for name in self._kept.keys() - troubles.keys():
            if self._kept[name].told is None:
                del self._kept[name]
            elif self._kept[name].over is None:
                self._kept[name].over = at

    def standing(self) -> Sequence[Standing]:
        """Every trouble that lasts, or whose end is not told yet."""
        now = time.monotonic()

        def ago(at: float | None) -> float | None:
            return None if at is None else now - at

        return [
            Standing(name, kept.zh, now - kept.since, ago(kept.told), kept.zh, ago(kept.over))
            for name, kept in self._kept.items()
        ]

    def told(self, due: Sequence[Standing]) -> None:
        """Somebody has been told of these; of what is over nothing more is to be told."""
        for one in due:
            if one.over is not None:
                del self._kept[one.name]
            else:
                self._kept[one.name].told = time.monotonic()
