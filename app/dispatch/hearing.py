"""The far ends that call back in a form of their own: each outlet has an address here, which only it knows."""

import hmac
import logging
from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import outlets
from app.db.engine import clock, transaction
from app.dispatch.evidence import matched, set_aside, take
from app.dispatch.wire import HttpWire
from app.dispatch.wiring import Settings
from app.domain.media_url import inbound_token
from app.flows.ports import Answer, Press, Seal
from channels.contract import Call
from channels.registry import CARRIERS, hears

log = logging.getLogger("huijia.hear")


class Hearing:
    """Reads one call, keeps its evidence, and then answers."""

    def __init__(self, engine: AsyncEngine, press: Press, seal: Seal, wire: HttpWire, secret: bytes) -> None:
        self._engine, self._press, self._wire, self._secret = engine, press, wire, secret
        self._settings = Settings(seal)

    async def close(self) -> None:
        await self._wire.close()

    async def hear(
        self, outlet_id: int, token: str, *, method: str, tail: str, headers: Mapping[str, str], body: bytes
    ) -> Answer | None:
        """The answer; ``None`` for an address that there is not. Raises StoreUnavailable."""
        if not hmac.compare_digest(token.encode(), inbound_token(self._secret, outlet_id).encode()):
            return None
        async with transaction(self._engine) as session:
            place = (await outlets.enrolled(session, [outlet_id])).get(outlet_id)
            now = await clock(session)
        how = CARRIERS.get(place.carrier) if place is not None else None
        if place is None or how is None or not hears(how):
            return None
        call = Call(method, tail, headers, body)
        heard = await how.hear(
            self._settings.of(place.carrier, place.sealed, outlet_id), call, now=now, wire=self._wire
        )
        async with transaction(self._engine) as session:
            ids = await matched(session, place.carrier, outlet_id, heard.echoes)
            said = [(id, echo.receipt) for id, echo in zip(ids, heard.echoes, strict=True) if id is not None]
            if said:
                await take(session, said, now, self._press)
            strays = [(outlet_id, echo) for id, echo in zip(ids, heard.echoes, strict=True) if id is None]
            await set_aside(session, strays, now)
            if heard.alive:
                await outlets.heard(session, outlet_id)
        log.info("heard outlet=%d carrier=%s echoes=%d matched=%d", outlet_id, place.carrier, len(ids), len(said))
        return Answer(heard.reply.status, heard.reply.headers, heard.reply.body)
