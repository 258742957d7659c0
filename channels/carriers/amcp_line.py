"""AMCP, the control protocol of CasparCG Server: one command, one reply.

Lines end with CR LF and only with that: what ``INFO`` returns is one line with bare line feeds in it. A command after
``REQ id`` is answered after ``RES id``, so that no reply is taken for that of another command.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from channels.carriers.line import Ended, dialled
from channels.contract import Line, Reason, Refused, Retry, Wire, WireError

LARGEST = 8 * 1024 * 1024

_REPLY = re.compile(r"(?:RES (?P<id>\S+) )?(?P<code>[1-5][0-9]{2})(?![0-9]) ?(?P<said>[^\n]*)")
_MANY_LINES, _ONE_LINE = (200,), (101, 201, 400)
_INFORMATION = (100, 101)
_NOT_AMCP = Retry(Reason.UNINTELLIGIBLE, "对方的答复不合 AMCP 协议")

_REFUSED = {
    400: Reason.REJECTED,  # command not understood
    401: Reason.GONE,  # no such video channel
    402: Reason.REJECTED,  # parameter missing
    403: Reason.REJECTED,  # illegal parameter
    404: Reason.GONE,  # no such template
}
_RETRIED = {
    500: Reason.SERVER_ERROR,
    501: Reason.SERVER_ERROR,
    502: Reason.SERVER_ERROR,  # media file unreadable
    503: Reason.SERVER_ERROR,  # somebody has locked the channel
    504: Reason.THROTTLED,  # queue overflow
}


@dataclass(frozen=True, slots=True)
class Reply:
    """``said`` is the rest of the status line, ``data`` what came with it."""

    code: int
    said: str
    data: str = ""

    @property
    def done(self) -> bool:
        return 200 <= self.code < 300


class Amcp:
    """A line on which one command after the other is given."""

    def __init__(self, line: Line) -> None:
        self._reader, self._writer = line
        self._rest = b""
        self._given = 0

    async def give(self, command: str) -> Reply:
        """The reply to a command, whatever it says."""
        self._given += 1
        name = f"huijia{self._given}"
        self._writer.write(f"REQ {name} {command}\r\n".encode())
        await self._writer.drain()
        while True:
            reply = _REPLY.fullmatch(await self._line())
            if reply is None:
                raise Ended(_NOT_AMCP)
            code = int(reply["code"])
            data = await self._data(code)
            if code not in _INFORMATION and reply["id"] == name:
                return Reply(code, reply["said"], data)

    async def must(self, command: str) -> Reply:
        """The reply to a command that has to be carried out."""
        reply = await self.give(command)
        if not reply.done:
            raise Ended(failed(reply))
        return reply

    async def _data(self, code: int) -> str:
        if code in _ONE_LINE:
            return await self._line()
        lines: list[str] = []
        while code in _MANY_LINES and (line := await self._line()):
            lines.append(line)
        return "\n".join(lines)

    async def _line(self) -> str:
        while b"\r\n" not in self._rest:
            more = await self._reader.read(65536)
            if not more:
                raise WireError(Reason.BROKEN)
            self._rest += more
            if len(self._rest) > LARGEST:
                raise Ended(_NOT_AMCP)
        line, _, self._rest = self._rest.partition(b"\r\n")
        return line.decode("utf-8", "replace")


@asynccontextmanager
async def amcp(wire: Wire, host: str, port: int, timeout: timedelta) -> AsyncIterator[Amcp]:
    """A line to the server. Raises ``WireError``, and ``Ended`` for what a command came to."""
    async with dialled(wire, host, port, timeout) as line:
        yield Amcp(line)


def failed(reply: Reply) -> Retry | Refused:
    """What a reply other than 2xx says. It is not repeated: 400 gives back the command, and with it the child's name."""
    detail = f"AMCP {reply.code}"
    if reply.code in _REFUSED:
        return Refused(_REFUSED[reply.code], detail)
    return Retry(_RETRIED.get(reply.code, Reason.UNINTELLIGIBLE), detail)


def quoted(text: str) -> str:
    """A parameter in quotation marks. The server knows three sequences and drops the character after any other ``\\``."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "\\n")
    return f'"{escaped}"'
