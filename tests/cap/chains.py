"""An alert from its beginning to its end as CAP messages, each as it was served."""

from pathlib import Path
from typing import Any

from lxml import etree

from tests.api.records import fresh
from tests.api.stage import Stage
from tests.cap.player import CAP
from tests.making import photo_bytes

SCHEMA = etree.XMLSchema(etree.parse(str(Path(__file__).parent / "CAP-v1.2.xsd")))
SECRET = "欧阳明"


async def read(stage: Stage, who: str, code: str, number: int) -> bytes:
    answer = await stage.get(f"/v1/alerts/{code}/cap/{number}.xml", who)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/cap+xml; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return answer.content


async def certificate(stage: Stage) -> str:
    return str((await stage.client.get("/v1/keys")).json()["cap"]["certificate"])


async def chain(stage: Stage, who: str, **changes: Any) -> tuple[str, list[bytes]]:
    """An alert with a photo, its update and its end, each read while it stood."""
    by = "police" if changes.get("status", "actual") == "actual" else "police-test"
    body = fresh(minor__name=SECRET, minor__features="左眉有痣", suspect={"description": "男，灰色夹克"}, **changes)
    code = (await stage.post_parts("/v1/alerts", body, photo_bytes(), by)).json()["id"]
    told = [await read(stage, who, code, 1)]
    assert (await stage.post(f"/v1/alerts/{code}/update", body, by)).status_code == 200
    told.append(await read(stage, who, code, 2))
    ended = await stage.post(f"/v1/alerts/{code}/retract", {"reason": "found"}, by)
    assert ended.status_code == 200
    told.append(await read(stage, who, code, 3))
    return code, told


def text(document: bytes, path: str) -> list[str]:
    return [e.text or "" for e in etree.fromstring(document).iterfind(path, CAP)]
