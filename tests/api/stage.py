"""A huijia that answers over HTTP in this process, with a key of every kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from sqlalchemy import text

from app.db import keys
from app.db.engine import transaction
from app.db.tables import metadata
from app.domain.words import Scope
from app.flows.house import House
from app.flows.principal import issue_key
from app.main import build_app
from tests.making import AREA, ORGAN, ORGAN_NAME, PROVINCE_ORGAN, make_organ, make_partner

CITY_ORGAN, OTHER_ORGAN = "610100000000", "610102000000"
BASE = "http://huijia.test"
TABLES = sorted(metadata.tables)


@asynccontextmanager
async def client_of(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Calls the whole application. What goes wrong inside comes out as the response a caller would see."""
    transport = httpx.ASGITransport(build_app(house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Stage:
    """``keys`` by what they are: police, police-test, city, province, other, operator, admin, partner, partner-test,
    rival (another partner), revoked."""

    house: House
    client: httpx.AsyncClient
    keys: dict[str, str]
    partner: int
    rival: int

    def bearer(self, who: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[who]}"}

    async def get(self, path: str, who: str = "police", **query: Any) -> httpx.Response:
        return await self.client.get(path, headers=self.bearer(who), params=query)

    async def post(self, path: str, body: Any, who: str = "police", **headers: str) -> httpx.Response:
        """JSON. ``headers`` in Python's spelling: ``idempotency_key``."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"content-type": "application/json"} | self.bearer(who) | more
        return await self.client.post(path, content=orjson.dumps(body), headers=sent)

    async def post_parts(
        self, path: str, body: Any, photo: bytes, who: str = "police", **headers: str
    ) -> httpx.Response:
        """multipart/form-data."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        files = {
            "record": ("record.json", orjson.dumps(body), "application/json"),
            "photo": ("p.jpg", photo, "image/jpeg"),
        }
        return await self.client.post(path, files=files, headers=self.bearer(who) | more)

    async def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        async with transaction(self.house.engine) as session:
            return [tuple(row) for row in await session.execute(text(statement), values)]

    async def change(self, statement: str, **values: Any) -> None:
        """What the clock or an operator would do."""
        async with transaction(self.house.engine) as session:
            await session.execute(text(statement), values)

    async def stored(self) -> bytes:
        """Everything that lies in the database, as text and as bytes."""
        found = b""
        for table in TABLES:
            for row in await self.rows(f"SELECT * FROM {table}"):
                found += b" ".join(cell if isinstance(cell, bytes) else repr(cell).encode() for cell in row)
        return found

    async def footprint(self) -> str:
        """A digest of everything that is in the database: the same before and after means that nothing was written."""
        each = (
            f"SELECT '{table}' AS of, md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS m FROM {table} t"
            for table in TABLES
        )
        ((digest,),) = await self.rows(f"SELECT string_agg(m, ' ' ORDER BY of) FROM ({' UNION ALL '.join(each)}) q")
        return str(digest)


async def set_stage(house: House, client: httpx.AsyncClient) -> Stage:
    """Organs of a county, its city, its province and another county; two partners; and their keys."""
    organs = {
        "police": (ORGAN, ORGAN_NAME, AREA), "city": (CITY_ORGAN, "西安市公安局", "610100"),
        "province": (PROVINCE_ORGAN, "陕西省公安厅", "610000"), "other": (OTHER_ORGAN, "西安市公安局新城分局", "610102"),
    }  # fmt: skip
    for organ in organs.values():
        await make_organ(house, *organ)
    partner, rival = await make_partner(house), await make_partner(house, "另一协作单位")
    async with transaction(house.engine) as session:

        async def make(scope: Scope, live: bool = True, **of: Any) -> str:
            return await issue_key(session, scope, live=live, label="test", **of)

        found = {who: await make(Scope.POLICE, organ_code=organ[0]) for who, organ in organs.items()}
        found |= {
            "police-test": await make(Scope.POLICE, live=False, organ_code=ORGAN),
            "operator": await make(Scope.OPERATOR), "admin": await make(Scope.ADMIN),
            "partner": await make(Scope.PARTNER, partner_id=partner),
            "partner-test": await make(Scope.PARTNER, live=False, partner_id=partner),
            "rival": await make(Scope.PARTNER, partner_id=rival),
            "revoked": await make(Scope.POLICE, organ_code=ORGAN),
        }  # fmt: skip
        await keys.revoke(session, found["revoked"].split("_")[2])
    return Stage(house, client, found, partner, rival)
