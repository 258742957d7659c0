"""What has changed, told to every page that is open."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import suppress

PAUSE = 0.25
QUIET = 15.0


class Live:
    """One per process. A page is only told *that* something changed; what it is, it asks for."""

    def __init__(self, *, pause: float = PAUSE, quiet: float = QUIET) -> None:
        self._pause, self._quiet = pause, quiet
        self._watching: dict[asyncio.Event, str] = {}
        self._closing = asyncio.Event()
        self._hearing = False
        self._told: Counter[str] = Counter()
        self._id = secrets.token_hex(4)

    @property
    def watching(self) -> int:
        """How many pages are listening."""
        return len(self._watching)

    def hearing(self, yes: bool) -> None:
        """Whether changes made by other processes are heard now."""
        self._hearing = yes
        self.publish("")

    def mark(self, code: str) -> tuple[int, int] | None:
        """The same as long as the alert ``code`` has not changed; ``None`` while nobody would know."""
        return (self._told[""], self._told.get(code, 0)) if self._hearing else None

    def stamp(self, code: str) -> str:
        """For a page that is about to be drawn: the same as long as nothing has changed of the alert ``code`` (of any alert,
        when empty), and no other process's; empty while nobody would know."""
        told = self._told[""] + self._told[code] if code else self._told.total()
        return f"{self._id}.{told}" if self._hearing else ""

    def publish(self, code: str) -> None:
        """The alert ``code`` has changed; with an empty code anything may have. Never waits for anybody."""
        self._told[code] += 1
        for changed, wanted in self._watching.items():
            if not code or wanted in ("", code):
                changed.set()

    def close(self) -> None:
        """End every subscription, so that the server can stop. Nothing can be subscribed to afterwards."""
        self._closing.set()
        for changed in self._watching:
            changed.set()

    async def subscribe(self, code: str = "", seen: str = "") -> AsyncGenerator[bool, None]:
        """True when the alert ``code`` (any alert, when empty) has changed, at once and then at most every quarter of a
        second however much changes; False after fifteen seconds of silence.

        The first is True, for whatever changed between the drawing of the page and now, unless nothing did: ``seen`` is the
        stamp from before it was drawn.
        """
        changed = asyncio.Event()
        if not seen or seen != self.stamp(code):
            changed.set()
        self._watching[changed] = code
        try:
            while not self._closing.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), self._quiet)
                if self._closing.is_set():
                    return
                heard = changed.is_set()
                changed.clear()
                yield heard
                if heard:
                    await self._rest()
        finally:
            del self._watching[changed]

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), self._pause)
