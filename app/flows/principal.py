"""Who is acting, and what their key lets them do."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from app.db import keys
from app.db.engine import Session
from app.domain.errors import Forbidden, NotFound
from app.domain.regions import may_speak_for
from app.domain.words import Scope, Status

_PREFIX = "hj"


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a key, or an operator at the console (``scope`` operator, no key)."""

    actor: str
    scope: Scope
    live: bool
    organ_code: str | None = None
    organ_name: str | None = None
    organ_area: str | None = None
    partner_id: int | None = None


def hash_secret(secret: str) -> bytes:
    """SHA-256. The secrets are 256 random bits, which no slow hash would make safer (passwords get argon2)."""
    return hashlib.sha256(secret.encode()).digest()


async def issue_key(
    session: Session,
    scope: Scope,
    *,
    live: bool,
    label: str,
    organ_code: str | None = None,
    partner_id: int | None = None,
) -> str:
    """Make a key and return it: this is the only moment at which it can be read. Form: ``hj_live_<id>_<secret>``."""
    if scope is Scope.POLICE and (organ_code is None or await keys.organ(session, organ_code) is None):
        raise NotFound("公安机关代码未登记，请先登记该机关。", "The organ is not registered; register it first.")
    if scope is Scope.PARTNER and partner_id is None:
        raise NotFound("协作单位未登记，请先登记该单位。", "The partner is not registered; register it first.")
    id, secret = secrets.token_hex(6), secrets.token_hex(32)
    await keys.add(
        session,
        id=id, secret_hash=hash_secret(secret), scope=scope, live=live, label=label, organ_code=organ_code,
        partner_id=partner_id,
    )  # fmt: skip
    return f"{_PREFIX}_{'live' if live else 'test'}_{id}_{secret}"


async def recognise(session: Session, bearer: str) -> Principal | None:
    """Whose key this is, or ``None``."""
    parts = bearer.split("_")
    if len(parts) != 4 or parts[0] != _PREFIX or not bearer.isascii():
        return None
    row = await keys.find(session, parts[2])
    if row is None or not hmac.compare_digest(row.secret_hash, hash_secret(parts[3])):
        return None
    if parts[1] != ("live" if row.live else "test"):
        return None
    return Principal(
        f"key:{row.id}", Scope(row.scope), row.live, row.organ_code, row.organ_name, row.organ_area, row.partner_id
    )


def may_issue(who: Principal, status: Status, organ_code: str, place: str) -> None:
    """Raise Forbidden unless this key may alert, with this status, for a loss in this county."""
    if who.scope is not Scope.POLICE:
        raise Forbidden("此密钥不是公安机关密钥，不能发布紧急寻人。", "Only a police key may issue an alert.")
    if status is Status.ACTUAL and not who.live:
        raise Forbidden(
            "测试密钥只能发布演练（exercise）或测试（test），不能发布实发（actual）。请改用正式密钥。",
            "A test key may issue exercise or test alerts only; use a live key for an actual one.",
        )
    if organ_code != who.organ_code:
        raise Forbidden(
            f"密钥属于机关 {who.organ_code}，记录填的是 {organ_code}。请使用本机关的密钥，或更正 organ_code。",
            f"The key belongs to organ {who.organ_code}, the record names {organ_code}.",
        )
    if who.organ_area is None or not may_speak_for(who.organ_area, place):
        raise Forbidden(
            f"本机关管辖区划为 {who.organ_area}，不能为区划 {place} 发布。请由当地公安机关或省厅发布。",
            f"This organ's region is {who.organ_area}; it may not alert for {place}. The local or the province organ may.",
        )


def may_see(who: Principal, organ_code: str, area: str) -> bool:
    """True when the key may look at, update or end an alert: operators all, police those of their own region."""
    if who.scope in (Scope.OPERATOR, Scope.ADMIN):
        return True
    return who.scope is Scope.POLICE and (
        who.organ_code == organ_code or (who.organ_area is not None and may_speak_for(who.organ_area, area))
    )
