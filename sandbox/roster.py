"""The document that introduces the sandbox to huijia, and the secrets in it."""

import base64
import json
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox import playout
from sandbox import state as states
from sandbox.ebd import town as broadcast
from sandbox.mqtt import network
from sandbox.outlets import BROADCASTS, CLOUDS, FAR, NEAR, PLAYOUT, SCREENS, STUDIOS, Outlet, many_screens
from sandbox.state import State

SIGNAGE_GROUP = 42


def outlets(state: State) -> tuple[Outlet, ...]:
    """Everyone who stands in this sandbox, in the order the page shows them."""
    screens = SCREENS if state.screens is None else many_screens(state.screens)
    return (
        *NEAR[:2],
        *screens,
        *NEAR[2:],
        *CLOUDS,
        *STUDIOS,
        *PLAYOUT,
        *BROADCASTS,
        *network.listeners(state.listeners),
        *(FAR if state.far else ()),
    )


def signing_secret() -> str:
    """A Standard Webhooks symmetric secret: 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def robot_secret() -> str:
    """Shaped like the ``SEC…`` that a DingTalk group robot shows when signing is switched on."""
    return "SEC" + secrets.token_hex(32)


def key(name: str, state: State) -> str:
    """A key or a secret of a cloud, made on first use."""
    return state.secret(name, lambda: secrets.token_hex(16))


def line_port(state: State) -> int:
    """Where the radio studio's command server listens: beside the sandbox itself."""
    return (urlsplit(state.base).port or 8100) + 1


def settings(outlet: Outlet, state: State) -> dict[str, Any]:
    """What huijia must know to reach the outlet, by its carrier."""
    if outlet.carrier == "vnnox":  # one account for all of them
        account = {"app_key": key("led/key", state), "app_secret": key("led/secret", state)}
        return {"url": f"{state.base}/led", **account, "player": outlet.slug}
    if outlet.carrier == "xibo":
        application = {"client_id": key("signage/client", state), "client_secret": key("signage/secret", state)}
        return {"url": f"{state.base}/signage", **application, "group": SIGNAGE_GROUP}
    if outlet.carrier == "dingtalk_app":
        application = {"app_key": key("chat/key", state), "app_secret": key("chat/secret", state)}
        robot = {"robot_code": key("chat/robot", state), "conversation": f"cid{key('chat/group', state)}=="}
        return {"url": f"{state.base}/dingtalk", **application, **robot}
    if outlet.carrier == "dingtalk_robot":
        return {
            "url": f"{state.base}/robot/send",
            "access_token": state.secret(f"{outlet.slug}/token", lambda: secrets.token_hex(32)),
            "secret": state.secret(f"{outlet.slug}/secret", robot_secret),
        }
    if outlet.carrier in ("obs", "amcp"):
        return playout.settings(outlet.slug, state)
    if outlet.carrier == "mqtt":
        return network.settings(outlet, state.base)
    if outlet.carrier == "ebd":
        return broadcast.settings(state)
    if outlet.carrier == "feed":
        return {}
    if outlet.carrier == "liquidsoap":
        return {"host": "127.0.0.1", "port": line_port(state)}
    return {"url": f"{state.base}/station/{outlet.slug}", "secret": state.secret(outlet.slug, signing_secret)}


def entry(outlet: Outlet, state: State) -> dict[str, Any]:
    """One outlet as ``huijia outlet import`` reads it."""
    shown = {
        "name": outlet.name,
        "channel": outlet.channel,
        "carrier": outlet.carrier,
        "settings": settings(outlet, state),
        "place": {"lon": outlet.place[0], "lat": outlet.place[1], "datum": "GCJ02"},
        "codes": list(outlet.codes),
        "panel": dict(outlet.panel),
        "duty": dict(outlet.duty),
        "takes_exercises": True,
        "takes_tests": True,
    }
    if (
        outlet.channel != "dingtalk"
    ):  # nobody owes it to a group to read it, and a robot without an application cannot ask
        shown["receipt_minutes"] = 5
    return shown


def document(state: State) -> dict[str, Any]:
    """The whole roster. Fills ``state.secrets`` with whatever is still missing."""
    partners: dict[str, list[dict[str, Any]]] = {}
    for outlet in outlets(state):
        partners.setdefault(outlet.partner, []).append(entry(outlet, state))
    return {
        # No such number can be assigned: local numbers do not start with 0.
        "partners": [
            {"name": name, "phone": f"029-0000{index:04d}", "outlets": owned}
            for index, (name, owned) in enumerate(partners.items(), start=1)
        ]
    }


def prepare(
    path: Path, base: str, screens: int | None = None, far: bool | None = None, listeners: int | None = None
) -> str:
    """Create the state file, or reuse it with its secrets, and give the roster as JSON.

    ``screens``, ``far`` and ``listeners`` left at ``None`` keep what the file says. Raises :class:`sandbox.state.BadStateError`.
    """
    base = base.rstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    with states.locked(path):
        state = states.load(path) if path.exists() else State(base=base)
        state.base = base
        state.screens = state.screens if screens is None else screens
        state.far = state.far if far is None else far
        state.listeners = state.listeners if listeners is None else listeners
        text = json.dumps(document(state), ensure_ascii=False, indent=2)
        states.save(path, state)
    return text
