"""What everybody may do to their own account."""

from app.db import audit, people
from app.db.engine import Session
from app.domain.errors import Fault, Invalid
from app.flows.principal import hash_secret
from app.flows.sign_in import LONGEST, SHORTEST, Operator, hashed, matches


async def change_password(session: Session, who: Operator, token: str, old: str, new: str, again: str) -> None:
    """``token`` is the session that this is done in; every other one ends. Raises Invalid."""
    held = await people.password_hash(session, who.id)
    faults = [*_unfit(who.name, old, new, again)]
    if not faults and held is not None and not await matches(held, old):
        faults = [_fault("old", "现在的密码不对。")]
    if faults:
        raise Invalid(faults)
    await people.set_password(session, who.id, await hashed(new))
    await people.end_sittings(session, who.id, keep=hash_secret(token))
    await people.drop_links(session, who.id)
    await audit.write(session, who.actor, "password_change")


def _unfit(name: str, old: str, new: str, again: str) -> list[Fault]:
    if len(new) < SHORTEST:
        return [_fault("new", f"密码至少 {SHORTEST} 位。")]
    if len(new) > LONGEST:
        return [_fault("new", f"密码最多 {LONGEST} 位。")]
    if new in (old, name * (len(new) // max(len(name), 1))) or len(set(new)) < 4:
        return [_fault("new", "请换一个不同、不容易猜到的密码。")]
    return [_fault("again", "两次输入的新密码不一样。")] if new != again else []


def _fault(name: str, zh: str) -> Fault:
    return Fault(f"/{name}", "password", zh, "The password does not fit.")


async def end_session(session: Session, who: Operator, id: str) -> bool:
    """One of their own; false when there is none."""
    done = await people.end_sittings(session, who.id, only=id) == 1 if id else False
    if done:
        await audit.write(session, who.actor, "session_end")
    return done
