"""Partners and their keys, as an administrator keeps them."""

from typing import Annotated

from pydantic import Field

from app.db import audit, directory, keys, outlets
from app.db.engine import Session
from app.domain.errors import NotFound
from app.domain.words import Scope
from app.flows.outlet_form import StrictForm
from app.flows.principal import issue_key


class PartnerFacts(StrictForm):
    """``silent_minutes``: for how long a partner that polls may be unheard of."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    phone: Annotated[str, Field(max_length=20)] = ""
    silent_minutes: Annotated[int, Field(ge=1, le=1440)] = 5


async def taken(session: Session, name: str) -> bool:
    """Whether there is a partner of that name."""
    return await outlets.partner_id(session, name) is not None


async def add(session: Session, by: str, facts: PartnerFacts) -> int:
    id = await outlets.add_partner(session, facts.name, facts.phone, silent_minutes=facts.silent_minutes)
    await audit.write(session, by, "partner_add", detail={"partner": facts.name})
    return id


async def change(session: Session, by: str, id: int, facts: PartnerFacts) -> None:
    """Another telephone number or window; the name is who it is, and stays."""
    await directory.set_partner(session, await _known(session, id), facts.phone, facts.silent_minutes)
    await audit.write(session, by, "partner_edit", detail={"partner": id, "silent_minutes": facts.silent_minutes})


async def issue(session: Session, by: str, id: int, *, live: bool, label: str) -> str:
    """A new key, which can be read only now."""
    key = await issue_key(session, Scope.PARTNER, live=live, label=label, partner_id=await _known(session, id))
    await audit.write(session, by, "key_issue", detail={"partner": id, "key": key.split("_")[2], "live": live})
    return key


async def revoke(session: Session, by: str, id: int, key: str) -> bool:
    """False when it was revoked before. Raises NotFound for a key of somebody else."""
    partner = await directory.partner(session, id)
    if partner is None or key not in [k["id"] for k in partner["keys"]]:
        raise NotFound("该单位没有这把密钥。", "The partner has no such key.")
    done = await keys.revoke(session, key)
    await audit.write(session, by, "key_revoke", detail={"partner": id, "key": key, "done": done})
    return done


async def _known(session: Session, id: int) -> int:
    if await directory.partner(session, id) is None:
        raise NotFound("没有这个协作单位。", "There is no such partner.")
    return id
