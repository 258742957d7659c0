"""A station with the sandbox's OBS, its staff, and pictures that OBS can open."""

import io
import json
from functools import lru_cache

from PIL import Image

from channels.carriers.obs import ObsSettings
from channels.contract import Media
from sandbox.obs import Obs
from sandbox.obs_requests import carry_out
from sandbox.obs_room import Data
from tests.channels.wire import FakeWire

PASSWORD = "zhongHe-bobo-27-Qz"
COLOURS = {"slate": (20, 160, 60, 255), "lower_third": (160, 20, 160, 255)}


class Painted(FakeWire):
    """Gives a real picture for each piece, in the colour of its role."""

    async def content(self, media: Media) -> bytes:
        return painted(COLOURS[media.role], (media.width or 8, media.height or 8))


@lru_cache
def painted(colour: tuple[int, int, int, int], size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", size, colour).save(out, "PNG")
    return out.getvalue()


def settings(port: int, **more: object) -> ObsSettings:
    return ObsSettings.model_validate({"host": "127.0.0.1", "port": port, "password": PASSWORD, **more})


def staff(obs: Obs, request: str, **data: object) -> Data:
    """What the station's staff do at the screen, or see there."""
    return carry_out(obs.room, request, dict(data)) or {}


def requests(obs: Obs) -> list[tuple[str, Data]]:
    """Every request that came, batches taken apart."""
    found: list[tuple[str, Data]] = []
    for message in obs.heard:
        asked = json.loads(message)["d"].get("requests", [])
        found += [(one["requestType"], one["requestData"]) for one in asked]
    return found
