"""Stands in for the studio, which takes seconds."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from app.flows.ports import Plate


class Easel:
    """Paints a plate for each profile while it is ``free``; counts how often."""

    def __init__(self, press: Any) -> None:
        self._press, self.painted = press, 0
        self.begun, self.free = asyncio.Event(), asyncio.Event()
        self.free.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._press, name)

    async def illustrate(
        self, notice: Any, profiles: Mapping[str, Any], photo: bytes | None
    ) -> Mapping[str, Sequence[Plate]]:
        self.painted += 1
        self.begun.set()
        await self.free.wait()
        whose = notice.facts.name if notice.facts else "nobody"
        return {p: [Plate("poster", "image/png", f"{p} of {whose}".encode(), 9, 16, None, "x")] for p in profiles}
