"""The play-out servers of the sandbox's television stations: an OBS and a CasparCG Server, each on a port of its own."""

import logging
import re
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.amcp import Amcp
from sandbox.faults import Fault
from sandbox.obs import Obs
from sandbox.obs_room import Room
from sandbox.robot import MARK
from sandbox.state import State
from sandbox.trouble import Trouble

log = logging.getLogger("sandbox")

OBS_SLUG, AMCP_SLUG = "tv-2", "tv-3"
HOST = "127.0.0.1"
CODE = re.compile(r"[A-Z]{2}-[0-9A-Za-z-]+")
# How far from the sandbox's own port: the last digits of 4455 and of 5250.
BESIDE = {OBS_SLUG: 55, AMCP_SLUG: 50}
TROUBLES = {
    None: Trouble.OK,
    Fault.SLOW: Trouble.SLOW,
    Fault.LYING: Trouble.LYING,
    Fault.HANGING: Trouble.HANGING,
}

Strike = Callable[[str], Fault | None]
"""The fault that strikes whoever calls this slug now."""


def port(base: str, slug: str) -> int:
    """Where it listens, seen from the sandbox's own address."""
    own = urlsplit(base).port or 80
    return own + BESIDE[slug] if own + BESIDE[slug] < 65536 else own - BESIDE[slug]


@dataclass(frozen=True, slots=True)
class Playout:
    """Both of them. ``base``: the sandbox's own address."""

    obs: Obs
    caspar: Amcp
    base: str

    @asynccontextmanager
    async def served(self, strike: Strike) -> AsyncIterator[None]:
        """While they are up; ``strike`` is asked at every connection. A port that is taken costs its own server only."""
        self.obs.arrive = lambda: _trouble(strike(OBS_SLUG))
        self.caspar.arrive = lambda: _trouble(strike(AMCP_SLUG))
        async with AsyncExitStack() as stack:
            for slug, served in ((OBS_SLUG, self.obs.served), (AMCP_SLUG, self.caspar.served)):
                try:
                    await stack.enter_async_context(served(HOST, port(self.base, slug)))
                except OSError as error:
                    log.warning("%s cannot listen on port %d: %s", slug, port(self.base, slug), error.strerror)
            yield

    def showing(self, slug: str) -> list[dict[str, Any]]:
        """What the public sees there, in the form of a station."""
        if slug == AMCP_SLUG:
            return [_template(data) for data in self.caspar.on_air()]
        if slug == OBS_SLUG:
            return [_crawl(name, text) for name, text in self.obs.room.crawls()]
        return []

    def forget(self) -> None:
        """As on the first day."""
        self.obs.room = Room(1920, 1080)
        self.caspar.layers.clear()
        self.caspar.stored.clear()


def built(state: State) -> Playout:
    """Those of this sandbox, with the password that its roster gives out."""
    return Playout(Obs(_password(state), Room(1920, 1080)), Amcp(), state.base)


def settings(slug: str, state: State) -> dict[str, Any]:
    """How huijia reaches them."""
    line = {"host": HOST, "port": port(state.base, slug)}
    return line if slug == AMCP_SLUG else {**line, "password": _password(state)}


def _password(state: State) -> str:
    return state.secret(f"{OBS_SLUG}/password", lambda: secrets.token_urlsafe(16))


def _trouble(fault: Fault | None) -> Trouble:
    return TROUBLES.get(fault, Trouble.DOWN)


def _template(data: dict[str, Any]) -> dict[str, Any]:
    pictures = [{"role": role, "url": data[role]} for role in ("slate", "photo") if data.get(role)]
    return {
        "alert": data["alert"], "number": data["number"], "kind": data["kind"], "status": data["status"],
        "since": "", "expires_at": data["expires_at"],
        "texts": {"title": data["title"], "crawl": data["crawl"]}, "media": pictures,
    }  # fmt: skip


def _crawl(name: str, text: str) -> dict[str, Any]:
    """Of a source called ``回家·HJ-2026-000123·字幕``."""
    code = CODE.search(name)
    return {
        "alert": code.group() if code else "", "number": 0, "kind": "publish",
        "status": next((status for mark, status in MARK.items() if mark in text), "actual"),
        "since": "", "expires_at": "",
        "texts": {"crawl": re.sub(r"　+$", "", text)}, "media": [],
    }  # fmt: skip
