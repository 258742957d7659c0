"""The code of a telephone beside the password (TOTP, RFC 6238), and the codes that stand in for a lost telephone."""

import base64
import hmac
import secrets
from collections.abc import Sequence

import pyotp

from app.db import audit, people
from app.db.engine import Session, clock
from app.db.people import Factor
from app.domain.errors import Conflict, Forbidden
from app.flows.ports import Seal
from app.flows.principal import hash_secret
from app.flows.sign_in import Half, Operator, opened

STEP = 30  # seconds, as every authenticator has it
DRIFT = 1  # steps that a telephone's clock may be wrong
RECOVERIES = 10
ISSUER = "回家值守台"


def new_secret() -> str:
    """160 bits in Base32 (RFC 4226 §4)."""
    return pyotp.random_base32(32)


def address(secret: str, name: str) -> str:
    """What an authenticator scans (otpauth://)."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


async def by_code(session: Session, half: Half, code: str, address: str, *, seal: Seal) -> str | None:
    """The second half of signing in: the session's token, or ``None`` for a wrong code. That one was wrong is kept: who
    gives it knows the password."""
    account = await people.factor(session, half.account_id)
    if account is None or account.sealed is None:
        return None
    how = await _proved(session, half.account_id, account, code, seal)
    if how is None:
        await audit.write(session, f"account:{half.account_id}", "code_wrong", detail={"address": address})
        return None
    return await opened(session, half.account_id, f"{half.how}+{how}", address)


async def enrol(session: Session, who: Operator, secret: str, code: str, *, seal: Seal) -> Sequence[str] | None:
    """The recovery codes, which can be read only now; ``None`` for a code that does not fit the secret. Raises Conflict
    when there is a second factor already: it is turned off first, by who has it."""
    account = await _own(session, who)
    if account.sealed is not None:
        raise Conflict("已经开通两步验证。要换手机，请先关闭再重新开通。", "There is a second factor already.")
    step = await _step(session, secret, code, 0)
    if step is None:
        return None
    await people.set_factor(session, who.id, seal.close(secret.encode()), step)
    await audit.write(session, who.actor, "totp_on")
    return await _recoveries(session, who.id)


async def turn_off(session: Session, who: Operator, code: str, *, seal: Seal) -> bool:
    """False for a wrong code."""
    account = await _own(session, who)
    if account.sealed is not None:
        if await _proved(session, who.id, account, code, seal) is None:
            return False
        await people.set_factor(session, who.id, None, 0)
        await audit.write(session, who.actor, "totp_off")
    return True


async def renew(session: Session, who: Operator, code: str, *, seal: Seal) -> Sequence[str] | None:
    """New recovery codes in place of the old ones; ``None`` for a wrong code."""
    account = await _own(session, who)
    if account.sealed is None or await _proved(session, who.id, account, code, seal) is None:
        return None
    await audit.write(session, who.actor, "recovery_new")
    return await _recoveries(session, who.id)


async def _own(session: Session, who: Operator) -> Factor:
    account = await people.factor(session, who.id)
    if account is None:
        raise Forbidden("账号已被锁定。", "The account is locked.")
    return account


async def _proved(session: Session, id: int, account: Factor, code: str, seal: Seal) -> str | None:
    """How: ``totp`` or ``recovery``. What has proved it once proves nothing again."""
    said = "".join(c for c in code.upper() if c.isalnum() and c.isascii())
    if account.sealed is None:
        return None
    if len(said) == 6 and said.isdigit():
        step = await _step(session, seal.open(account.sealed).decode(), said, account.step)
        if step is None:
            return None
        await people.set_factor(session, id, account.sealed, step)
        return "totp"
    return "recovery" if await people.use_recovery(session, id, hash_secret(f"{id}:{said}")) else None


async def _step(session: Session, secret: str, code: str, after: int) -> int | None:
    """Which step's code this is: now, by the database's clock, or close by; and later than ``after``."""
    now = int((await clock(session)).timestamp()) // STEP
    said, found = code.strip().encode(), None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(pyotp.TOTP(secret).generate_otp(step).encode(), said) and step > after:
            found = step
    return found


async def _recoveries(session: Session, id: int) -> Sequence[str]:
    """80 random bits each: no slow hash would make them safer."""
    codes = [base64.b32encode(secrets.token_bytes(10)).decode() for _ in range(RECOVERIES)]
    await people.keep_recoveries(session, id, [hash_secret(f"{id}:{code}") for code in codes])
    return ["-".join(code[n : n + 4] for n in range(0, 16, 4)) for code in codes]


async def enrolled(session: Session, who: Operator) -> int | None:
    """How many recovery codes are left; ``None`` for who has no second factor."""
    person = await people.person(session, who.id)
    return int(person["recoveries"]) if person and person["has_totp"] else None
