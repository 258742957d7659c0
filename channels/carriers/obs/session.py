"""obs-websocket 5, RPC version 1: identify, then ask (docs/generated/protocol.md of obs-websocket)."""

import base64
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from types import MappingProxyType
from typing import Any, TypeVar

import orjson
from pydantic import SecretStr

from channels.carriers.line import Ended, dialled
from channels.carriers.obs.frames import Closed, Frames
from channels.carriers.redact import plain
from channels.contract import Reason, Refused, Retry, Wire

T = TypeVar("T")

RPC = 1

NOTHING: Mapping[str, int] = MappingProxyType({})

Data = dict[str, Any]
Request = tuple[str, Data]


class Op(IntEnum):
    """WebSocketOpCode."""

    HELLO = 0
    IDENTIFY = 1
    IDENTIFIED = 2
    REQUEST = 6
    REQUEST_RESPONSE = 7
    REQUEST_BATCH = 8
    REQUEST_BATCH_RESPONSE = 9


class Code(IntEnum):
    """RequestStatus, as far as somebody here looks at it."""

    ANY = -1
    SUCCESS = 100
    UNKNOWN_REQUEST = 204
    NOT_FOUND = 600
    ALREADY_EXISTS = 601
    INVALID_KIND = 605


# WebSocketCloseCode. What was sent before them was not carried out.
_CLOSED: dict[int, Retry | Refused] = {
    4009: Refused(Reason.BAD_CREDENTIALS, "OBS 不接受口令"),
    4010: Refused(Reason.REJECTED, "OBS 的 obs-websocket 版本不支持 RPC 1，请升级到 5.0 或更新"),
    4011: Retry(Reason.BROKEN, "OBS 断开了本次连接"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What OBS answered to one request. ``data`` is empty unless ``code`` is SUCCESS."""

    request: str
    code: int
    comment: str
    data: Data


class Session:
    """An identified connection. Answers come in the order of the questions; nothing is subscribed to."""

    def __init__(self, frames: Frames, hide: Iterable[str]) -> None:
        self._frames = frames
        self._hide = tuple(hide)
        self._asked = 0

    async def ask(self, request: str, **data: Any) -> Data:
        """One request that must succeed."""
        return (await self.all([(request, data)]))[0].data

    async def all(self, requests: Sequence[Request], *, bear: Mapping[str, int] = NOTHING) -> list[Answer]:
        """Every request in order, in one message, and an answer to each. One that fails ends the exchange, unless ``bear``
        names its type and this code (or ANY); those behind it have been carried out all the same."""
        if not requests:
            return []
        self._asked += 1
        listed = [{"requestType": name, "requestData": data} for name, data in requests]
        body = {"requestId": str(self._asked), "haltOnFailure": False, "requests": listed}
        await self._frames.send(_message(Op.REQUEST_BATCH, body))
        while True:
            op, said = _read(await self._frames.receive())
            if op == Op.REQUEST_BATCH_RESPONSE and said.get("requestId") == str(self._asked):
                break
        answers = [_answer(one) for one in member(said, "results", list)]
        if [answer.request for answer in answers] != [name for name, _ in requests]:
            raise Ended(_GARBLED)
        for answer in answers:
            if answer.code != Code.SUCCESS and bear.get(answer.request) not in (answer.code, Code.ANY):
                raise Ended(self._failed(answer))
        return answers

    def _failed(self, answer: Answer) -> Retry | Refused:
        """A request that OBS does not know, and an input that it cannot make, stay so; the rest may be a moment's trouble:
        a scene collection that is being changed, an item that somebody deletes at the same time."""
        detail = plain(f"OBS {answer.code} {answer.request} {answer.comment}", self._hide)
        if answer.code in (Code.UNKNOWN_REQUEST, Code.INVALID_KIND):
            return Refused(Reason.REJECTED, detail)
        return Retry(Reason.SERVER_ERROR, detail)


_GARBLED = Retry(Reason.UNINTELLIGIBLE, "OBS 的答复不合 obs-websocket 协议")


@asynccontextmanager
async def session(
    wire: Wire, host: str, port: int, password: SecretStr | None, timeout: timedelta, hide: Iterable[str]
) -> AsyncIterator[Session]:
    """An identified session. Raises ``WireError``, and ``Ended`` where OBS closes it or speaks otherwise than it should."""
    async with dialled(wire, host, port, timeout) as line:
        frames = Frames(line, host, port, "obswebsocket.json")
        try:
            await frames.open()
            await _identify(frames, password)
            yield Session(frames, hide)
            await frames.close()
        except Closed as closed:
            raise Ended(_CLOSED.get(closed.code, Retry(Reason.BROKEN, f"OBS 关闭了连接（{closed.code}）"))) from closed


async def _identify(frames: Frames, password: SecretStr | None) -> None:
    op, hello = _read(await frames.receive())
    if op != Op.HELLO:
        raise Ended(_GARBLED)
    me: Data = {"rpcVersion": RPC, "eventSubscriptions": 0}
    challenge = hello.get("authentication")
    if challenge is not None:
        if password is None:
            raise Ended(Refused(Reason.BAD_CREDENTIALS, "OBS 要求口令，发布点未填写"))
        me["authentication"] = _proof(password, challenge)
    await frames.send(_message(Op.IDENTIFY, me))
    op, said = _read(await frames.receive())
    if op != Op.IDENTIFIED or said.get("negotiatedRpcVersion") != RPC:
        raise Ended(_GARBLED)


def _proof(password: SecretStr, challenge: Any) -> str:
    """base64(SHA-256(base64(SHA-256(password + salt)) + challenge))."""
    if not isinstance(challenge, dict):
        raise Ended(_GARBLED)
    secret = _digest(password.get_secret_value() + str(challenge.get("salt")))
    return _digest(secret + str(challenge.get("challenge")))


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _message(op: Op, data: Data) -> str:
    return orjson.dumps({"op": int(op), "d": data}).decode()


def _read(text: str) -> tuple[int, Data]:
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Ended(_GARBLED) from error
    if not isinstance(said, dict) or not isinstance(said.get("op"), int) or not isinstance(said.get("d"), dict):
        raise Ended(_GARBLED)
    return said["op"], said["d"]


def _answer(said: Any) -> Answer:
    status = said.get("requestStatus") if isinstance(said, dict) else None
    if not isinstance(status, dict) or not isinstance(status.get("code"), int) or "result" not in status:
        raise Ended(_GARBLED)
    code = status["code"]
    if (status["result"] is True) != (code == Code.SUCCESS):
        raise Ended(_GARBLED)  # a success with the code of a failure, or the reverse: neither is believed
    data = said.get("responseData")
    return Answer(str(said.get("requestType")), code, str(status.get("comment") or ""), data if data else {})


def member(data: Data, name: str, kind: type[T]) -> T:
    """A member of an answer that must be there and of that type."""
    found = data.get(name)
    if not isinstance(found, kind):
        raise Ended(_GARBLED)
    return found
