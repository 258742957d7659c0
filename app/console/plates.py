"""Pictures and sounds of what has not gone out yet: made when somebody looks, and kept by nobody but this process, for a
while. A page that shows them carries a ticket that names whose look it was; no other account's browser gets anything for it."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from cryptography.fernet import InvalidToken

from app.console.content import Medium, group
from app.console.door import ROOT
from app.domain.errors import NotFound
from app.flows.foresee import Foresight
from app.flows.house import House
from app.flows.ports import Plate
from app.flows.submit import Picture

TICKET_LASTS = timedelta(hours=1)
LARGEST = 48 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ticket:
    """What is looked at: the proposal of this number; the update of this alert (its code), as the account has it in hand; or
    else the account's own draft."""

    account: str
    proposal: int | None = None
    update: str = ""


def ticket(house: House, of: Ticket, now: datetime) -> str:
    return house.seal.close(orjson.dumps(["plates", of.account, of.proposal, of.update, now.isoformat()])).decode()


def admitted(house: House, said: str, account: str, now: datetime) -> Ticket:
    """What this account may see with this ticket. Raises NotFound."""
    try:
        what, whose, proposal, update, made = orjson.loads(house.seal.open(said.encode()))
    except (InvalidToken, ValueError):
        what = whose = proposal = update = made = ""
    if what != "plates" or whose != account or now - datetime.fromisoformat(made) > TICKET_LASTS:
        raise NotFound("页面已过期，请重新打开。", "The page is too old.")
    return Ticket(whose, proposal, update)


class Shelf:
    """The newest plates, by the ticket they were made for, their profile and their place in it."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest, self._size = largest, 0
        self._kept: OrderedDict[tuple[str, str, int], Plate] = OrderedDict()

    def put(self, said: str, made: Mapping[str, Sequence[Plate]]) -> None:
        for profile, plates in made.items():
            for n, plate in enumerate(plates):
                self._drop((said, profile, n))
                self._kept[said, profile, n] = plate
                self._size += len(plate.body)
        while self._size > self._largest:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[str, str, int]) -> None:
        if (gone := self._kept.pop(key, None)) is not None:
            self._size -= len(gone.body)

    def get(self, said: str, profile: str, n: int) -> Plate | None:
        return self._kept.get((said, profile, n))


async def made(house: House, seen: Foresight, picture: Picture | None, only: str = "") -> Mapping[str, Sequence[Plate]]:
    """The pictures and sounds of every profile, or of one, as they would go out. Outside any transaction."""
    faces = {f["profile"]: (f["channel"], f["panel"], f["duty"]) for f in seen.faces if only in ("", f["profile"])}
    return await house.press.illustrate(seen.notice, faces, picture.body if picture else None)


def media(
    house: House, seen: Foresight, said: str = "", plates: Mapping[str, Sequence[Plate]] | None = None
) -> Sequence[Medium]:
    """Every text of every profile, with those plates that are made."""
    paths: dict[str, str] = {}
    rows = []
    for face in seen.faces:
        body = house.press.render(seen.notice, face["channel"], face["panel"], face["duty"])
        own = list(enumerate((plates or {}).get(face["profile"], ())))
        paths |= {_key(face, n): f"{ROOT}/plates/{said}/{face['profile']}/{n}" for n, _ in own}
        rows.append({**face, "body": {**body, "media": [_listed(face, n, plate) for n, plate in own]}})
    return group(rows, house.catalogue, paths.__getitem__)


def _key(face: Mapping[str, Any], n: int) -> str:
    return f"{face['profile']} {n}"


def _listed(face: Mapping[str, Any], n: int, plate: Plate) -> Mapping[str, Any]:
    return {
        "role": plate.role, "mime": plate.mime, "sha256": _key(face, n), "width": plate.width, "height": plate.height,
        "seconds": plate.seconds,
    }  # fmt: skip
