"""After the whole life of an alert: nothing that is not public, no key and no password stands in the clear anywhere.

Two things do, by design, because the ledger searches by them: the case number (one live alert for a case) and the place of
the loss (routing). They are in the table ``alert`` alone.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from app.db.engine import transaction
from app.domain.identifiers import resident_id_check
from app.domain.words import ReceiptKind, Scope
from app.flows import sign_in
from app.flows.ask_again import ask_again
from app.flows.house import House
from app.flows.principal import Principal
from app.flows.submit import Picture
from channels.contract import Reason, WireError
from tests.dispatch.far import Far, dispatching, reply, until
from tests.flows.acts import amended, extended, fetched, record, retracted, said, submitted
from tests.flows.ledger import dump, one, rows
from tests.making import make_key, make_outlet, make_partner, photo_bytes, record_json

BORN = str(record_json()["minor"]["birth_date"])
_ID = "610113" + BORN.replace("-", "") + "001"
CASE, PLACE = "A6101130000002026117391", {"loss__lon": 108.947123456, "loss__lat": 34.224654321}
SEALED: dict[str, str] = {
    "reported_by__name": "密报人甲", "reported_by__number": "M1NUMBER1", "reported_by__phone": "029-81110001",
    "verified_by__name": "密核人乙", "verified_by__number": "M2NUMBER2", "basis": "密依据丙",
    "minor__resident_id": _ID + resident_id_check(_ID), "minor__birth_date": BORN, "guardian__name": "密监护丁",
    "guardian__phone": "13911110002", "guardian__relation": "密关系戊", "note": "密备注己",
}  # fmt: skip
PUBLIC = {"minor__name": "欧阳明", "minor__features": "开特征庚", "loss__address": "开地点壬"}
HOOK, ROBOT = "whsec_" + "aHVpamlh" * 5 + "aHU=", {"access_token": "tokentokentoken", "secret": "SECsecretsecret"}
PASSWORD = "korrekt-pferd-9"


async def _does(house: House, act: Callable[..., Awaitable[Any]], *given: object) -> Any:
    async with transaction(house.engine) as session:
        return await act(session, *given)


async def _people(house: House, partner: int) -> list[str]:
    """Keys, a password, a link and two sessions; what of them nobody may read."""
    issued = [
        await make_key(house, Scope.POLICE), await make_key(house, Scope.OPERATOR),
        await make_key(house, Scope.PARTNER, live=False, partner_id=partner),
    ]  # fmt: skip
    await _does(house, sign_in.set_password, "韩晓东", PASSWORD)
    spent, unspent = [await _does(house, sign_in.one_time_link, "韩晓东") for _ in range(2)]
    sessions = [
        await _does(house, sign_in.by_password, "韩晓东", PASSWORD),
        await _does(house, sign_in.by_link, spent),
    ]
    assert all(sessions)
    return [*(key.split("_")[3] for key in issued), PASSWORD, spent, unspent, *sessions]


async def _outlets(house: House) -> None:
    """Each on its own wire; two of them answer with what they should not say."""
    for name in ("hook", "echo", "dead"):
        await make_outlet(house, name=name, channel="tv", settings={"url": f"http://far.test/{name}", "secret": HOOK})
    robot = {"url": "http://far.test/robot", **ROBOT}
    await make_outlet(house, name="robot", channel="dingtalk", carrier="dingtalk_robot", settings=robot)
    await make_outlet(house, name="app", channel="partner", carrier="feed")


def _far() -> Far:
    far, token, secret = Far(), ROBOT["access_token"], ROBOT["secret"]
    far.script["echo"] = [reply(400, {"error": f"your secret {HOOK} is wrong"})]
    far.script["dead"] = [WireError(Reason.BROKEN, f"http://far.test/dead refused {HOOK}")]
    far.script["robot"] = [reply(200, {"errcode": 310000, "errmsg": f"sign not match {secret} access_token={token}"})]
    return far


async def _whole_life(house: House, partner: int) -> None:
    facts: dict[str, Any] = {"case_number": CASE, "loss__datum": "WGS84"} | PLACE | SEALED | PUBLIC
    code = (
        await submitted(house, record(**facts), key="k1", picture=Picture(photo_bytes(), "image/jpeg", 120, 160))
    ).code
    async with dispatching(house, _far()):
        await until(lambda: _tried(house, 1))
        await fetched(house, partner)
        facts["reported_by__name"] = SEALED["reported_by__name"] + "改"
        await amended(house, code, record(**facts), key="k2")
        await until(lambda: _tried(house, 2))
        await _does(house, ask_again, Principal("operator:韩晓东", Scope.OPERATOR, live=True), code)
        await make_outlet(house, name="late", channel="radio", settings={"url": "http://far.test/late", "secret": HOOK})
        await extended(house, await one(house, "SELECT id FROM alert"))
        hook = await one(house, "SELECT d.id FROM delivery d JOIN outlet o ON o.id = outlet_id "
                                "WHERE o.name = 'hook' AND number = 2")  # fmt: skip
        await said(house, partner, hook, ReceiptKind.AIRED, at=datetime.now(UTC) - timedelta(seconds=5))
        await retracted(house, code, line="感谢各界关注")
        await until(lambda: _tried(house, 3))
    await fetched(house, partner)
    assert {r.kind for r in await rows(house, "SELECT kind FROM delivery")} == {"publish", "update", "retract"}


async def _tried(house: House, number: int) -> bool:
    """Every pushed outlet that has this notice has had an answer to it."""
    return bool(
        await one(
            house,
            "SELECT bool_and(EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = d.id)) FROM delivery d "
            "WHERE d.number = :n AND d.lane <> 'polled'",
            n=number,
        )
    )


def _text(cell: object) -> str:
    """Bytes as they are: a secret in the clear would be readable in them; what is JSON, in its own letters."""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return orjson.dumps(cell, default=str).decode()


async def test_what_lies_in_the_ledger_in_the_clear(house: House) -> None:
    partner = await make_partner(house)
    hidden = await _people(house, partner)
    await _outlets(house)
    await _whole_life(house, partner)
    tables = {name: "\n".join(_text(c) for row in found for c in row) for name, found in (await dump(house)).items()}
    assert all(tables[t] for t in ("attempt", "receipt", "idempotency", "audit", "login_link", "console_session"))

    assert "sign not match" in tables["attempt"], "what the far end said is kept, but for the secrets in it"

    def where(mark: str) -> set[str]:
        return {name for name, text in tables.items() if mark in text}

    for mark in PUBLIC.values():
        assert where(mark) == {"notice", "rendition"}, "so the search finds what there is to find"
    for mark in (CASE, *(str(number) for number in PLACE.values())):
        assert where(mark) == {"alert"}, "the known exceptions"
    for secret in (*hidden, HOOK, HOOK.removeprefix("whsec_"), *ROBOT.values()):
        assert where(secret) == set(), secret
    for field, mark in SEALED.items():
        assert where(mark) == set(), field
    assert SEALED["minor__birth_date"].replace("-", "") not in "".join(tables.values())


async def test_what_was_sealed_can_be_read_back_with_the_key(house: House) -> None:
    """Else the test above would also pass if the record had been lost."""
    await make_key(house, Scope.POLICE)
    await submitted(house, record(case_number=CASE, **SEALED))
    plain = house.seal.open(await one(house, "SELECT sealed FROM record")).decode()
    for field, mark in SEALED.items():
        assert mark in plain, field
