"""Records, outlets and keys as tests need them. What a test does not name is plain and valid."""

import base64
import copy
import io
import itertools
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from PIL import Image

from app.db import keys, outlets
from app.db.engine import transaction
from app.dispatch.press import HousePress
from app.domain.words import Scope
from app.flows.enrol import Application, enrol
from app.flows.house import House
from app.flows.principal import Principal, issue_key
from app.flows.submit import Picture, submit
from app.forms.record_form import RecordForm

ORGAN, ORGAN_NAME, AREA = "610113000000", "西安市公安局雁塔分局", "610113"
PROVINCE_ORGAN = "610000000000"
_CASES = itertools.count(1)  # a case has one live alert


def police(*, live: bool = True, organ: str = ORGAN, area: str = AREA) -> Principal:
    """An officer's system with a key of this organ."""
    return Principal("key:police", Scope.POLICE, live, organ, ORGAN_NAME, area)


def record_json(now: datetime | None = None, **changes: Any) -> dict[str, Any]:
    """A record as it is POSTed. ``changes`` replace whole members, or by ``a__b`` a nested one; ``...`` removes it."""
    now = now or datetime.now(UTC)
    lost = now - timedelta(minutes=40)
    body: dict[str, Any] = {
        "status": "actual",
        "case_number": f"A610113000000202611{next(_CASES) % 10_000:04d}",
        "organ_code": ORGAN,
        "reported_by": {"name": "王建国", "number": "010233", "phone": "029-85250110"},
        "verified_by": {"name": "赵敏", "number": "010871", "phone": "029-85250111"},
        "verified_at": (now - timedelta(minutes=10)).isoformat(),
        "basis": "监控视频与家属陈述一致",
        "minor": {
            "name": "李小明", "sex": "male", "birth_date": f"{lost.year - 7}-01-15", "height_cm": 118,
            "features": "左眉有痣", "clothing": "红色短袖、蓝色短裤",
        },
        "loss": {
            "address": "小寨地铁站B口", "area_code": "610113", "datum": "GCJ02", "lon": 108.947, "lat": 34.224,
            "at": lost.isoformat(), "circumstances": "与家人走散",
        },
        "guardian": {"told": True, "name": "李强", "phone": "13800000000", "relation": "父亲"},
        "duration_hours": 24,
    }  # fmt: skip
    body = copy.deepcopy(body)
    for path, value in changes.items():
        *way, last = path.split("__")
        place = body
        for step in way:
            place = place[step]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return body


def photo_bytes(width: int = 120, height: int = 160, kind: str = "JPEG") -> bytes:
    """A small honest photo."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "steelblue").save(out, kind)
    return out.getvalue()


def press_of(house: House) -> HousePress:
    """The real one, which carriers' renditions come from."""
    assert isinstance(house.press, HousePress)
    return house.press


async def make_organ(house: House, code: str = ORGAN, name: str = ORGAN_NAME, area: str = AREA) -> None:
    async with transaction(house.engine) as session:
        await keys.save_organ(session, code, name, area)


async def make_key(house: House, scope: Scope, *, live: bool = True, partner_id: int | None = None) -> str:
    """A key of that scope; a police key is the organ's."""
    await make_organ(house)
    async with transaction(house.engine) as session:
        organ = ORGAN if scope is Scope.POLICE else None
        return await issue_key(session, scope, live=live, label="test", organ_code=organ, partner_id=partner_id)


async def make_partner(house: House, name: str = "测试协作单位") -> int:
    async with transaction(house.engine) as session:
        return await outlets.add_partner(session, name, "029-12345678")


async def make_outlet(
    house: House, *, partner: str = "测试协作单位", settled: Collection[str] = (), **changes: Any
) -> int:
    """An outlet beside the place of loss: a webhook screen unless ``changes`` say otherwise. ``settled`` as for ``enrol``."""
    partner_id = await make_partner(house, partner)
    facts: dict[str, Any] = {
        "name": f"屏-{secrets.token_hex(4)}", "channel": "screen", "carrier": "webhook",
        "settings": {"url": "http://127.0.0.1:9/hook", "secret": "whsec_" + base64.b64encode(b"k" * 32).decode()},
        "lon": 108.95, "lat": 34.22, "datum": "GCJ02", "takes_exercises": True, "takes_tests": True,
    }  # fmt: skip
    if changes.get("carrier") in ("feed", "player"):
        facts["settings"] = {}
    async with transaction(house.engine) as session:
        return await enrol(
            session, partner_id, Application(**(facts | changes)), wire=house.wire, seal=house.seal, settled=settled
        )


async def make_alert(house: House, picture: Picture | None = None, **changes: Any) -> str:
    """A live alert; returns its code. ``changes`` as for ``record_json``; the organ that is named issues it."""
    organ = changes.get("organ_code", ORGAN)
    await make_organ(house, organ, ORGAN_NAME if organ == ORGAN else "陕西省公安厅", organ[:6])
    form = RecordForm.model_validate_json(orjson.dumps(record_json(**changes)), context={"now": datetime.now(UTC)})
    who = police(live=form.status == "actual", organ=organ, area=organ[:6])
    async with transaction(house.engine) as session:
        issued = await submit(
            session,
            who,
            form.record(),
            picture,
            idempotency_key=None,
            body_hash=b"",
            seal=house.seal,
            press=house.press,
        )
    return issued.code
