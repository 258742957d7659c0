"""A station's OBS: obs-websocket 5.1 on loopback, strict, over a :class:`sandbox.obs_room.Room`.

Written from docs/generated/protocol.md of obs-websocket. It carries out single requests and batches, sends no events,
and closes the connection of whoever breaks a rule, with the code that the page names.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from sandbox.obs_requests import carry_out
from sandbox.obs_room import Data, Failure, Room
from sandbox.trouble import Trouble

RPC = 1
SLOW_SECONDS = 3.0
JSON = Subprotocol("obswebsocket.json")
KEPT = 1_000


class Breach(Exception):
    """A rule of the protocol was broken: the connection is closed with this WebSocketCloseCode."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass
class Obs:
    """``heard`` are the last messages as they came; ``password`` ``None``: no authentication."""

    password: str | None = field(default=None, repr=False)
    room: Room = field(default_factory=Room)
    trouble: Trouble = Trouble.OK
    heard: list[str] = field(default_factory=list)
    slow_seconds: float = SLOW_SECONDS
    arrive: Callable[[], Trouble] | None = None  # the trouble of each connection anew

    def showing(self) -> list[str]:
        """The text of each crawl that is on air now."""
        return [text for _, text in self.room.crawls()]

    @asynccontextmanager
    async def served(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
        """The port, while it serves."""
        async with serve(
            self._talk, host, port, subprotocols=[JSON], process_request=self._door, compression=None, max_size=None,
            ping_interval=None, close_timeout=0.5,
        ) as server:  # fmt: skip
            yield _port(server)

    def _door(self, connection: ServerConnection, request: Request) -> Response | None:
        self.trouble = self.arrive() if self.arrive else self.trouble
        if self.trouble is Trouble.DOWN:
            connection.transport.abort()
        if self.trouble is Trouble.GARBAGE:
            return connection.respond(HTTPStatus.OK, "<html>It works!</html>\n")
        return None

    async def _talk(self, connection: ServerConnection) -> None:
        try:
            await self._identified(connection)
            async for message in connection:
                await self._hear(connection, message)
        except Breach as breach:
            await connection.close(breach.code, breach.reason)
        except ConnectionClosed:
            pass

    async def _identified(self, connection: ServerConnection) -> None:
        if self.trouble is Trouble.HANGING:
            await connection.wait_closed()
        hello: Data = {"obsWebSocketVersion": "5.1.0", "rpcVersion": RPC}
        challenge, salt = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
        if self.password is not None:
            hello["authentication"] = {"challenge": challenge, "salt": salt}
        await connection.send(_dumped(0, hello))
        op, data = self._read(await connection.recv())
        if op != 1:
            raise Breach(4007, "You attempted to send a non-Identify message before being identified.")
        if self.password is not None:
            wanted = _digest(_digest(self.password + salt) + challenge)
            if not hmac.compare_digest(wanted.encode(), str(data.get("authentication", "")).encode()):
                raise Breach(4009, "Authentication failed.")
        if "rpcVersion" not in data:
            raise Breach(4003, "Your payload's data is missing an `rpcVersion`.")
        if data["rpcVersion"] != RPC:
            raise Breach(4010, "Your requested RPC version is not supported by this server.")
        await connection.send(_dumped(2, {"negotiatedRpcVersion": RPC}))

    async def _hear(self, connection: ServerConnection, message: str | bytes) -> None:
        op, data = self._read(message)
        if self.trouble is Trouble.SLOW:
            await asyncio.sleep(self.slow_seconds)
        match op:
            case 1:
                raise Breach(4008, "You are already identified.")
            case 3:
                await connection.send(_dumped(2, {"negotiatedRpcVersion": RPC}))
            case 6:
                await connection.send(_dumped(7, {"requestId": _id(data), **self._answer(data)}))
            case 8:
                await connection.send(_dumped(9, {"requestId": _id(data), "results": self._batch(data)}))
            case _:
                raise Breach(4006, "Unknown OpCode.")

    def _batch(self, data: Data) -> list[Data]:
        requests = data.get("requests")
        if not isinstance(requests, list):
            raise Breach(4003 if requests is None else 4004, "Your payload's data is missing `requests`.")
        results: list[Data] = []
        for request in requests:
            results.append(self._answer(request if isinstance(request, dict) else {}))
            if data.get("haltOnFailure") is True and not results[-1]["requestStatus"]["result"]:
                break
        return results

    def _answer(self, asked: Data) -> Data:
        kind, data = asked.get("requestType"), asked.get("requestData")
        said: Data = {"requestType": kind, "requestStatus": {"result": True, "code": 100}}
        if not isinstance(kind, str) or not kind:
            return said | {"requestStatus": _failed(203, "Your request's data is missing a `requestType`.")}
        if self.trouble is Trouble.LYING and not kind.startswith("Get"):
            return said
        try:
            found = carry_out(self.room, kind, data if isinstance(data, dict) else {})
        except Failure as failure:
            return said | {"requestStatus": _failed(failure.code, failure.comment)}
        return said | ({"responseData": found} if found is not None else {})

    def _read(self, message: str | bytes) -> tuple[int, Data]:
        if isinstance(message, bytes):
            raise Breach(4002, "Your session encoding is set to Json, but a binary message was received.")
        self.heard.append(message)
        del self.heard[:-KEPT]
        try:
            said: Any = json.loads(message)
        except json.JSONDecodeError as error:
            raise Breach(4002, "Unable to decode Json.") from error
        if not isinstance(said, dict) or "op" not in said:
            raise Breach(4006, "Your request is missing an `op`.")
        if not isinstance(said.get("d"), dict):
            raise Breach(4003 if "d" not in said else 4004, "Your request is missing `d`.")
        return said["op"], said["d"]


def _id(data: Data) -> str:
    if not isinstance(data.get("requestId"), str):
        raise Breach(4003, "Your payload data is missing a `requestId`.")
    return str(data["requestId"])


def _failed(code: int, comment: str) -> Data:
    return {"result": False, "code": code, "comment": comment}


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _dumped(op: int, data: Data) -> str:
    return json.dumps({"op": op, "d": data}, ensure_ascii=False)


def _port(server: Server) -> int:
    return int(next(iter(server.sockets)).getsockname()[1])
