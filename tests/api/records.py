"""Records that are all different, and partners that nobody else in a module has."""

from itertools import count
from typing import Any

from app.db.engine import transaction
from app.domain.words import Scope
from app.flows.house import House
from app.flows.principal import issue_key
from tests.api.stage import Stage
from tests.making import make_outlet, make_partner, record_json

_cases = count(1)
_partners = count(1)


def fresh(**changes: Any) -> dict[str, Any]:
    """A valid record of a new case; ``changes`` as for ``record_json``."""
    n = next(_cases)
    return record_json(**{"case_number": f"A6101130000002026{n // 10_000 % 12 + 1:02d}{n % 10_000:04d}"} | changes)


async def issue(stage: Stage, who: str = "police", **changes: Any) -> str:
    """A live alert, submitted as JSON; returns its number."""
    answer = await stage.post("/v1/alerts", fresh(**changes), who)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def retract(stage: Stage, code: str) -> None:
    answer = await stage.post(f"/v1/alerts/{code}/retract", {"reason": "found"})
    assert answer.status_code == 200, answer.text


async def feed_outlet(house: House, partner: str = "测试协作单位", **changes: Any) -> int:
    """An outlet that polls."""
    return await make_outlet(house, partner=partner, carrier="feed", **{"channel": "partner"} | changes)


async def new_partner(stage: Stage, *, outlets: int = 1, live: bool = True) -> str:
    """A partner with outlets that poll; returns the name under which the stage holds its key."""
    name = f"协作单位-{next(_partners)}"
    id = await make_partner(stage.house, name)
    for _ in range(outlets):
        await feed_outlet(stage.house, name)
    async with transaction(stage.house.engine) as session:
        for key, of in ((name, True), (f"{name}-test", False)):
            stage.keys[key] = await issue_key(session, Scope.PARTNER, live=of, label="test", partner_id=id)
    return name if live else f"{name}-test"


async def items(stage: Stage, who: str, cursor: str = "0", limit: int = 100) -> list[dict[str, Any]]:
    """What the partner's feed gives."""
    answer = await stage.get("/v1/feed", who, cursor=cursor, limit=limit)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found
