"""The platform among the other far ends of the sandbox: village loudspeakers of the city round Xiaozhai."""

from collections.abc import Callable
from typing import Any

from starlette.routing import Route

from sandbox.ebd import curve
from sandbox.ebd.identity import Identity
from sandbox.ebd.manners import Manner
from sandbox.ebd.platform import Broadcast, Platform
from sandbox.ebd.server import Post, routes
from sandbox.faults import Fault
from sandbox.robot import MARK
from sandbox.state import State

SLUG = "broadcast-1"
OWN, PEER = "36101000000000103010101", "26100000000000103010199"
MANNERS = {
    None: Manner.OK,
    Fault.SLOW: Manner.SLOW,
    Fault.DOWN: Manner.DOWN,
    Fault.SERVER_ERROR: Manner.DOWN,
    Fault.HUNG_UP: Manner.DEAF,
    Fault.LYING: Manner.REFUSE,
    Fault.HANGING: Manner.HANGING,
}

Strike = Callable[[str], Fault | None]
"""The fault that strikes a call meant for this slug's far end."""


def built(state: State) -> Post:
    """It signs, and wants what it hears signed, with the keys that the roster gives out."""
    ours, theirs = _keys(state, "huijia"), _keys(state, "platform")
    return Post(Platform(Identity(OWN, PEER, "6101", "2018", theirs, ours.public)), refusal=3)


def settings(state: State) -> dict[str, Any]:
    """How huijia reaches it. Its drills go out to the loudspeakers, because here nobody hears them."""
    return {
        "url": f"{state.base}/ebd", "source": PEER, "target": OWN, "exercise_type": "5", "test_type": "5",
        "signing_key": _keys(state, "huijia").private_hex, "cert_sn": "000000003363",
        "peer_key": _keys(state, "platform").public,
    }  # fmt: skip


def far_end(post: Post, strike: Strike, slow_seconds: float) -> list[Route]:
    """Its addresses, with the switch that all far ends of the sandbox share."""
    post.slow_seconds = slow_seconds
    return routes(post, arrive=lambda: MANNERS[strike(SLUG)])


def showing(post: Post, slug: str) -> list[dict[str, Any]]:
    """What the public hears there, in the form of a station."""
    return [_shown(one) for one in post.platform.on_air(post.clock())] if slug == SLUG else []


def _shown(one: Broadcast) -> dict[str, Any]:
    return {
        "alert": "", "number": 0, "kind": "publish",
        "status": next((status for mark, status in MARK.items() if mark in one.title), "actual"),
        "since": one.heard_at.isoformat(timespec="milliseconds"), "expires_at": one.end.isoformat(),
        "texts": {"title": one.title, "script": one.text}, "media": [],
    }  # fmt: skip


def _keys(state: State, whose: str) -> curve.Keys:
    return curve.keys_of(state.secret(f"{SLUG}/{whose}", lambda: curve.generate().private_hex))
