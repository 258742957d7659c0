"""When somebody is told that something is wrong, and when they are told again."""

from dataclasses import dataclass

PATIENCE = 5.0
"""Seconds for which something is wrong, or right again, before it is told: a restart is nobody's concern, and nor is the moment
after the database has come back."""
AGAIN = 300.0
CALM_AGAIN = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A trouble and what is known of the telling. In seconds: how long it has ``lasted``, how long ago it was ``told``, in the
    words ``told_zh``, and since when it is ``over``; ``None`` where that has not been. ``calm``: it need not be told every five
    minutes."""

    name: str
    zh: str
    lasted: float
    told: float | None = None
    told_zh: str | None = None
    over: float | None = None
    calm: bool = False

    @property
    def is_due(self) -> bool:
        """Whether it is to be told now. A moment that lies in the future is one of before the clock was set back: then it is told
        once too often."""
        if self.over is not None:
            return self.told is not None and _has_lasted(self.over)
        if self.told is None or self.told < 0:
            return _has_lasted(self.lasted)
        if self.calm and self.told_zh == self.zh:
            return self.told >= CALM_AGAIN
        return self.told >= AGAIN


def _has_lasted(seconds: float) -> bool:
    return not 0 <= seconds < PATIENCE
