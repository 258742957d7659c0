"""The sandbox's OBS."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.obs import Obs
from sandbox.obs_room import Failure, Room
from tests.channels import far_ends
from tests.channels.far_ends import Behaviour, FarEnd
from tests.channels.obs_station import PASSWORD, Painted, settings

LACKS = {Behaviour.THROTTLES: "obs-websocket has no word for being too busy"}


class Parrot(Room):
    """Refuses every input and repeats all it was ever told."""

    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self._told = told

    def free(self, name: str) -> None:
        raise Failure(605, " ".join(self._told))


@asynccontextmanager
async def far_end(behaviour: Behaviour) -> AsyncIterator[FarEnd]:
    if behaviour not in (Behaviour.ACCEPTS, Behaviour.REFUSES, Behaviour.ECHOES):
        async with far_ends.rude(behaviour) as port:
            yield FarEnd(settings(port), wire=Painted())
        return
    obs = Obs(PASSWORD if behaviour is not Behaviour.REFUSES else "another password")
    if behaviour is Behaviour.ECHOES:
        obs.room = Parrot(obs.heard)
    async with obs.served() as port:
        yield FarEnd(settings(port), heard=obs.heard, showing=obs.showing, wire=Painted())
