"""Operators sign in: by password, or by a link that works once; and by a code beside it, once they have enrolled one."""

import asyncio
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error

from app.db import accounts, audit, people
from app.db.engine import Session
from app.domain.errors import Forbidden
from app.domain.words import Role, Scope
from app.flows.principal import Principal, hash_secret

SESSION = timedelta(hours=12)
LINK = timedelta(hours=12)
SHORTEST = 10
LONGEST = 200
OFFICERS_ONLY = "只有登记了机关、警号和值班电话的民警账号才能发布。"

_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """The hash of a password that nobody has."""
    return _hasher.hash(secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class Operator:
    """Someone at the console. ``csrf`` must come back with every act."""

    name: str
    csrf: str
    id: int = 0
    role: Role = Role.OPERATOR
    organ_code: str | None = None
    organ_name: str | None = None
    organ_area: str | None = None
    number: str = ""
    phone: str = ""

    @property
    def actor(self) -> str:
        return f"operator:{self.name}"

    @property
    def principal(self) -> Principal:
        return Principal(self.actor, Scope.OPERATOR, live=True)

    @property
    def officer(self) -> Principal:
        """Acting for their organ, as its own system would. Raises Forbidden for who is no officer of any."""
        if not (self.role.reaches(Role.OFFICER) and self.organ_code and self.number and self.phone):
            raise Forbidden(
                f"{OFFICERS_ONLY}请管理员在“人员”页登记。",
                "Only an officer's account with organ, police number and duty phone may issue.",
            )
        return Principal(self.actor, Scope.POLICE, True, self.organ_code, self.organ_name, self.organ_area)

    def owns(self, csrf: str) -> bool:
        return hmac.compare_digest(self.csrf.encode(), csrf.encode())


@dataclass(frozen=True, slots=True)
class Half:
    """Half way in: this account is to give a code of its second factor as well."""

    account_id: int
    how: str


async def hashed(password: str) -> str:
    """Slow by design, and so never on the event loop."""
    return await asyncio.to_thread(_hasher.hash, password)


async def matches(password_hash: str | None, password: str) -> bool:
    """As slow for who has no password as for a wrong one."""
    try:
        known = password_hash if password_hash is not None else await asyncio.to_thread(_nobody)
        await asyncio.to_thread(_hasher.verify, known, password)
    except Argon2Error:
        return False
    return password_hash is not None


async def set_password(session: Session, name: str, password: str | None) -> int:
    """Make the account or change its password (at least 10 characters); ``None`` leaves it to one-time links."""
    return await accounts.save(session, name, await hashed(password) if password is not None else None)


async def one_time_link(session: Session, name: str) -> str:
    """A token that lets this account in once, within twelve hours. The account is made when there is none."""
    return await link_for(session, await accounts.save(session, name, None))


async def link_for(session: Session, account_id: int) -> str:
    """As ``one_time_link``, for an account that there is."""
    token = secrets.token_urlsafe(24)
    await accounts.add_link(session, hash_secret(token), account_id, LINK)
    return token


async def by_link(session: Session, token: str, address: str = "") -> str | Half | None:
    """Spend a link; the session's token, or ``None``."""
    account_id = await accounts.use_link(session, hash_secret(token))
    return None if account_id is None else await _enter(session, account_id, "link", address)


async def by_password(session: Session, name: str, password: str, address: str = "") -> str | Half | None:
    """The session's token, or ``None``. As slow for a name that does not exist as for a wrong password."""
    known = await accounts.password(session, name)
    if not await matches(known[1] if known else None, password) or known is None:
        return None
    return await _enter(session, known[0], "password", address)


async def _enter(session: Session, account_id: int, how: str, address: str) -> str | Half | None:
    account = await people.factor(session, account_id)
    if account is None:
        return None
    return Half(account_id, how) if account.sealed is not None else await opened(session, account_id, how, address)


async def opened(session: Session, account_id: int, how: str, address: str) -> str:
    """The token of a new session."""
    token = secrets.token_urlsafe(32)
    await accounts.open_session(session, hash_secret(token), account_id, secrets.token_urlsafe(24), SESSION, address)
    await audit.write(session, f"account:{account_id}", "sign_in", detail={"how": how, "address": address})
    return token


async def who_is(session: Session, token: str) -> Operator | None:
    found = await accounts.signed_in(session, hash_secret(token))
    if found is None:
        return None
    return Operator(
        found.name, found.csrf, found.account_id, found.role, found.organ_code, found.organ_name, found.organ_area,
        found.number, found.phone,
    )  # fmt: skip


async def sign_out(session: Session, token: str) -> None:
    await accounts.close_session(session, hash_secret(token))
