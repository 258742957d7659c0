"""Keys that were shown lately, so that a reader who asks every second does not cost a look into the database each time.

A key is held by its hash. It is believed for as long as the ledger is followed (a revocation is heard at once, and looked
for every second); when it cannot be followed it is asked, and when it does not answer, what was known still holds.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Collection

from app.api.problems import Problem
from app.db.engine import StoreUnavailable, transaction
from app.domain.errors import Forbidden
from app.domain.words import Scope
from app.flows.house import House
from app.flows.principal import Principal, recognise

KEY = re.compile(r"hj_(live|test)_[0-9a-f]{12}_[0-9a-f]{64}")
MOST = 50_000
UNKNOWN_SECONDS = 10.0
ASKED = 3.0
"""Seconds that the database may take to say whose a key is."""


def no_key() -> Problem:
    """The key is missing, unknown or revoked."""
    return Problem(
        "key", "缺少密钥，或密钥无效、已吊销。", "The key is missing, unknown or revoked.",
        headers={"www-authenticate": 'Bearer realm="huijia"'},
    )  # fmt: skip


class Keyring:
    """``followed`` says whether revocations would be heard now; ``away`` whether it is known that nobody answers."""

    def __init__(self, house: House, followed: Callable[[], bool], away: Callable[[], bool]) -> None:
        self._house, self._followed, self._away = house, followed, away
        self._held: dict[bytes, Principal] = {}
        self._unknown: dict[bytes, float] = {}
        self.revoked: frozenset[str] = frozenset()

    def known(self, authorization: bytes) -> Principal | None:
        """The holder, when that can be told without asking."""
        return self._held.get(hashlib.sha256(authorization).digest()) if self._followed() else None

    async def holder(self, authorization: bytes) -> Principal:
        """Raises Problem (401), Forbidden for a key that is not a partner's, StoreUnavailable."""
        digest = hashlib.sha256(authorization).digest()
        held = self._held.get(digest)
        if held is None or not self._followed():
            held = await self._ask(digest, authorization, held)
        if held.scope is not Scope.PARTNER or held.partner_id is None:
            raise Forbidden("此接口供协作单位使用，请用协作单位密钥。", "This is for partners: use a partner key.")
        return held

    async def _ask(self, digest: bytes, authorization: bytes, held: Principal | None) -> Principal:
        scheme, _, bearer = authorization.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or KEY.fullmatch(bearer := bearer.strip()) is None:
            raise no_key()
        if self._unknown.get(digest, 0.0) > time.monotonic():
            raise no_key()
        if held is not None and self._away():
            return held
        try:
            async with asyncio.timeout(ASKED), transaction(self._house.engine) as session:
                who = await recognise(session, bearer)
        except (StoreUnavailable, TimeoutError) as e:
            if held is None:
                raise StoreUnavailable(str(e)) from e
            return held
        self._keep(digest, who)
        if who is None:
            raise no_key()
        return who

    def _keep(self, digest: bytes, who: Principal | None) -> None:
        """What was once unknown never becomes a key: secrets are random, and no revocation is undone."""
        for kept in (self._held, self._unknown):
            if len(kept) >= MOST:
                del kept[next(iter(kept))]
        if who is None or self.is_revoked(who):
            self._held.pop(digest, None)
            self._unknown[digest] = time.monotonic() + UNKNOWN_SECONDS
        else:
            self._held[digest] = who

    def is_revoked(self, who: Principal) -> bool:
        """Whether the key was seen to be revoked in the last minutes: a stream that was opened with it ends."""
        return who.actor.removeprefix("key:") in self.revoked

    def revoke(self, ids: Collection[str]) -> bool:
        """These keys were revoked lately. True when any of them was not known to be."""
        new = frozenset(ids) - self.revoked
        self.revoked |= new
        if new:
            self._held = {digest: who for digest, who in self._held.items() if not self.is_revoked(who)}
        return bool(new)
