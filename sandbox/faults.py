"""How a far end misbehaves on request."""

import asyncio
from enum import StrEnum
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

HANG_UP = "sandbox.hang_up"  # ASGI extension, given by sandbox.serving


class Mode(StrEnum):
    """A switch position."""

    OK = "ok"
    SLOW = "slow"
    DOWN = "down"
    FLAKY = "flaky"
    LYING = "lying"
    HANGING = "hanging"


class Fault(StrEnum):
    """What strikes one call."""

    SLOW = "slow"  # takes the notice at once, answers late
    DOWN = "down"  # 503
    SERVER_ERROR = "server_error"  # 500
    HUNG_UP = "hung_up"  # takes the notice and closes the connection without a word
    LYING = "lying"  # 200 whose body says that it was refused
    HANGING = "hanging"  # no answer until the caller gives up


UNHEARD = frozenset({Fault.DOWN, Fault.SERVER_ERROR, Fault.LYING, Fault.HANGING})
"""The station never looks at the notice. Under the others it takes it all the same."""

STEADY = {
    Mode.OK: None,
    Mode.SLOW: Fault.SLOW,
    Mode.DOWN: Fault.DOWN,
    Mode.LYING: Fault.LYING,
    Mode.HANGING: Fault.HANGING,
}


class Switch:
    """A station's mode, and where a flaky one is in its round."""

    def __init__(self) -> None:
        self.mode = Mode.OK
        self._calls = 0

    def turn(self, mode: Mode) -> None:
        """Set the mode. A flaky round starts afresh, with a failure."""
        self.mode = mode
        self._calls = 0

    def strike(self) -> Fault | None:
        """The fault of the next call. Flaky: 500, well, hung up, well, and again."""
        if self.mode is not Mode.FLAKY:
            return STEADY[self.mode]
        self._calls += 1
        return {1: Fault.SERVER_ERROR, 3: Fault.HUNG_UP}.get(self._calls % 4)


class Silence(Response):
    """Never answers; ends when the caller hangs up, or as a killed process would when the server stops."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await _gone(receive)
        except asyncio.CancelledError:
            if HANG_UP not in scope.get("extensions", {}):
                raise
            _close(scope)
            await _gone(receive)


class HangUp(Silence):
    """Closes the connection without sending a byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _close(scope)
        await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def _close(scope: Scope) -> None:
    scope["extensions"][HANG_UP]["close"]()


def lie() -> dict[str, Any]:
    """The body that turns a 200 into a refusal (DingTalk's custom robot answers so)."""
    return {"errcode": 310000, "errmsg": "sign not match"}


async def answer(fault: Fault | None, honest: Response, slow_seconds: float) -> Response:
    """The response that the caller gets: the honest one unless a fault is in the way."""
    match fault:
        case Fault.SLOW:
            await asyncio.sleep(slow_seconds)
            return honest
        case Fault.DOWN:
            return JSONResponse({"error": "station is down"}, status_code=503)
        case Fault.SERVER_ERROR:
            return JSONResponse({"error": "station failed"}, status_code=500)
        case Fault.HUNG_UP:
            return HangUp()
        case Fault.LYING:
            return JSONResponse(lie())
        case Fault.HANGING:
            return Silence()
    return honest
