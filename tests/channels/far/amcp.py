"""The sandbox's CasparCG Server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.amcp import Amcp
from tests.channels import far_ends
from tests.channels.caspar_station import settings
from tests.channels.far_ends import Behaviour, FarEnd

REFUSES = {"CG ADD": "404 CG FAILED\r\n"}
THROTTLES = {"INFO": "504 QUEUE OVERFLOW\r\n"}


class Parrot(Amcp):
    """Refuses every command and repeats all it was ever told."""

    def reply(self, line: str) -> str:
        return f"RES {line.split(' ')[1]} 400 ERROR {' '.join(self.heard)}\r\n{line}\r\n"


@asynccontextmanager
async def far_end(behaviour: Behaviour) -> AsyncIterator[FarEnd]:
    if behaviour in far_ends.RUDE:
        async with far_ends.rude(behaviour) as port:
            yield FarEnd(settings(port))
        return
    server = Parrot() if behaviour is Behaviour.ECHOES else Amcp()
    server.replies = {Behaviour.REFUSES: REFUSES, Behaviour.THROTTLES: THROTTLES}.get(behaviour, {})
    async with server.served() as port:
        yield FarEnd(settings(port), heard=server.heard, showing=server.showing)
