"""What an officer has typed of a record, and its photo: kept on the server from the first key on, sealed, until it is put
before a second officer. A form knows whose it is even when nobody is signed in any more: its text is kept all the same."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from cryptography.fernet import InvalidToken

from app.console.issue_form import Typed, fresh
from app.db import drafts
from app.db.engine import Session
from app.flows.house import House
from app.flows.propose import DRAFT, PHOTO, opened_picture, seal_picture
from app.flows.sign_in import Operator
from app.flows.submit import Picture

MARK_LASTS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Draft:
    """``at``: when it was last saved; ``None`` for a form that nobody has typed in."""

    typed: Typed
    at: datetime | None
    picture: Picture | None


async def kept(session: Session, house: House, who: Operator) -> Draft:
    """What lies in this officer's form."""
    typed = fresh(who) | await kept_of(session, house, who.name)
    return Draft(typed, await drafts.kept_at(session, who.name, DRAFT), await photo(session, house, who.name))


async def kept_of(session: Session, house: House, account: str) -> dict[str, str]:
    """What this account has typed; empty when there is nothing."""
    sealed = await drafts.find(session, account, DRAFT)
    found: dict[str, str] = orjson.loads(house.seal.open(sealed)) if sealed is not None else {}
    return found


async def photo(session: Session, house: House, account: str) -> Picture | None:
    sealed = await drafts.find(session, account, PHOTO)
    return opened_picture(house.seal, sealed) if sealed is not None else None


async def keep(session: Session, house: House, account: str, typed: Typed) -> None:
    await drafts.save(session, account, DRAFT, house.seal.close(orjson.dumps(dict(typed))))


async def keep_photo(session: Session, house: House, account: str, picture: Picture | None) -> None:
    """The chosen photo; ``None`` takes it away."""
    if picture is None:
        await drafts.drop(session, account, PHOTO)
    else:
        await drafts.save(session, account, PHOTO, seal_picture(house.seal, picture))


async def clear(session: Session, account: str) -> None:
    for subject in (DRAFT, PHOTO):
        await drafts.drop(session, account, subject)


def mark(house: House, who: Operator, now: datetime) -> str:
    """Whose form it is, sealed into it."""
    return house.seal.close(orjson.dumps(["issue", who.name, now.isoformat()])).decode()


def marked(house: House, said: str, now: datetime) -> str | None:
    """The account whose form this was; ``None`` when it is none of ours, or too old."""
    try:
        what, account, made = orjson.loads(house.seal.open(said.encode()))
    except (InvalidToken, ValueError):
        return None
    return str(account) if what == "issue" and now - datetime.fromisoformat(made) < MARK_LASTS else None
