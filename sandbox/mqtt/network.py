"""Who stands on the broker, and what huijia must know to reach them."""

from typing import Any
from urllib.parse import urlsplit

from sandbox.outlets import FULL_HD, LISTENER_OWNER, LISTENERS, SMALL_BOARD, XIAOZHAI, Outlet

PREFIX = "sandbox"


def many_listeners(count: int) -> tuple[Outlet, ...]:
    """``count`` screens in one underground, the same ones for the same count."""
    panels = (FULL_HD, SMALL_BOARD)
    return tuple(
        Outlet(
            f"metro-{index + 1}", LISTENER_OWNER, f"沙盒·地铁屏{index + 1:04d}", "screen", XIAOZHAI, ("610113",), "mqtt",
            panels[index % len(panels)],
        )
        for index in range(count)
    )  # fmt: skip


def listeners(count: int | None) -> tuple[Outlet, ...]:
    """The two named ones, or so many."""
    return LISTENERS if count is None else many_listeners(count)


def address(base: str) -> tuple[str, int]:
    """Host and port of the broker: it stands two doors further than the sandbox itself."""
    parts = urlsplit(base)
    return parts.hostname or "127.0.0.1", (parts.port or 8100) + 2


def settings(outlet: Outlet, base: str) -> dict[str, Any]:
    """The broker that is built in speaks MQTT 3.1.1 and knows no accounts; it listens on this machine alone."""
    host, port = address(base)
    return {
        "url": f"mqtt://{host}:{port}",
        "version": "3.1.1",
        "prefix": PREFIX,
        "area": outlet.codes[0],
        "face": f"{outlet.panel['width']}x{outlet.panel['height']}",
        "screen": outlet.slug,
    }
