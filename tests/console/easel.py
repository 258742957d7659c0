"""Stands in for the studio, which takes seconds."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.flows.ports import Plate


class Easel:
    """Paints a plate for each profile; counts how often."""

    def __init__(self, press: Any) -> None:
        self._press, self.painted = press, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._press, name)

    async def illustrate(
        self, notice: Any, profiles: Mapping[str, Any], photo: bytes | None
    ) -> Mapping[str, Sequence[Plate]]:
        self.painted += 1
        whose = notice.facts.name if notice.facts else "nobody"
        return {p: [Plate("poster", "image/png", f"{p} of {whose}".encode(), 9, 16, None, "x")] for p in profiles}
