"""The far end of the seam: a wire that answers from a script and remembers what was asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from channels.contract import Reply


@dataclass(frozen=True)
class Call:
    url: str
    body: bytes
    headers: Mapping[str, str]
    timeout: timedelta


class FakeWire:
    """Gives each answer once, in order; an exception is raised."""

    def __init__(self, *script: Reply | Exception) -> None:
        self._script = list(script)
        self.calls: list[Call] = []

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str], timeout: timedelta) -> Reply:
        self.calls.append(Call(url, body, dict(headers), timeout))
        answer = self._script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def reply(status: int = 200, body: str | bytes = b"", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, named, body.encode() if isinstance(body, str) else body)
