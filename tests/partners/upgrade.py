"""What a partner keeps between two releases of huijia: keys, cursors, pages, ids, links. ``python -m tests.partners.upgrade``
writes them down, with the ledger that they belong to; a test opens them with whatever huijia has become since."""

import asyncio
import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from app.api.reference.completing import operations
from app.commands.sample import sample_record
from app.db import outlets
from app.db.engine import connect, connect_to_watch, transaction
from app.dispatch.catalogue import catalogue
from app.dispatch.press import HousePress
from app.dispatch.wiring import wire
from app.flows.house import House
from app.flows.play import make_link
from app.flows.ports import Seal
from tests.conftest import migrate, throw_away
from tests.dispatch.far import until
from tests.partners.ledger import write_down
from tests.partners.stage import Service, service
from tests.partners.walk import yes_man

RECORDED = Path(__file__).parent / "recorded"
SEAL = base64.urlsafe_b64encode(b"a seal key that all may know....").decode()
MEDIA = base64.b64encode(b"a media key that all may know...")

Paths = Mapping[str, str]
"""Whose key, by the path that is asked."""


def furnished(database: str) -> House:
    """A house whose secrets are known, so that another one can open what it has sealed."""
    base = "http://huijia.test"
    return House(
        engine=connect(database, pool=10), crowd=connect(database, pool=2), watch=connect_to_watch(database),
        seal=Seal(SEAL), press=HousePress(base, MEDIA), wire=wire, base_url=base, media_secret=MEDIA, catalogue=catalogue(),
    )  # fmt: skip


async def ask(client: httpx.AsyncClient, path: str, key: str) -> Any:
    """The status, and of the answer whatever a partner may keep."""
    answer = await client.get(path, headers={"authorization": f"Bearer {key}"} if key else {"authorization": "none"})
    kind = answer.headers.get("content-type", "").partition(";")[0]
    return [answer.status_code, kept(answer.json()) if kind == "application/json" else kind]


def kept(said: Any) -> Any:
    """Ids, numbers, cursors and states: what holds no time, no address and no signature."""
    names = (
        "cursor", "items", "sequence", "delivery", "outlet", "notice", "pushed", "payload", "type", "data", "alert", "number",
        "kind", "status", "ends", "left_out", "more", "deliveries", "next", "id", "outlet_id", "state", "tries", "receipts",
        "outlets", "name", "notices", "missed", "why", "newest", "drills", "lacks", "checks",
    )  # fmt: skip
    if isinstance(said, dict):
        return {name: kept(value) for name, value in said.items() if name in names}
    return [kept(one) for one in said] if isinstance(said, list) else said


def promised(document: Mapping[str, Any]) -> Mapping[str, list[str]]:
    """What somebody may have built on: of each operation its parameters, and the members of what it answers with; of what huijia
    sends, its members."""
    found = {}
    for name, operation in operations(document):
        takes = [f"{p['in']} {p['name']}" for p in operation.get("parameters", ())]
        good = (answer for status, answer in operation["responses"].items() if status.startswith("2"))
        gives = [member for answer in good for member in _members(answer.get("content", {}), document)]
        found[name] = sorted({*takes, *gives})
    for name, item in document["webhooks"].items():
        found[f"webhook {name}"] = sorted({*_members(item["post"]["requestBody"]["content"], document)})
    return found


def _members(node: Any, document: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """``/items/payload``: where each stands, whatever form it has."""
    if isinstance(node, list):
        for one in node:
            yield from _members(one, document, at)
    if not isinstance(node, dict):
        return
    if (reference := node.get("$ref")) is not None:
        node = document["components"]["schemas"][reference.rpartition("/")[2]]
    for name, member in node.get("properties", {}).items():
        yield f"{at}/{name}"
        yield from _members(member, document, f"{at}/{name}")
    for key, inner in node.items():
        if key not in ("properties", "example", "examples"):
            yield from _members(inner, document, at)


def asked(codes: list[str], hook: str, app: str, link: str, drills: list[str]) -> Paths:
    """Everything that somebody may come back with. ``drills`` oldest first."""
    live, over = codes[0], codes[1]
    feed = [
        "cursor=0",
        "cursor=1",
        "cursor=2&limit=1",
        "cursor=999999999999999999",
        "order=newest",
        "order=newest&before=3",
    ]
    feed += ["all=1&cursor=0", f"all=1&outlet={hook}", f"outlet={app}"]
    mine = [f"/v1/feed?{query}" for query in feed]
    mine += ["/v1/deliveries", "/v1/deliveries?limit=2", "/v1/deliveries?before=dlv_4", f"/v1/deliveries?outlet={hook}"]
    mine += ["/v1/deliveries/dlv_1", "/v1/deliveries/dlv_1/notice", "/v1/outlets", "/v1/outlets?after=1", "/v1/missed"]
    mine += [f"/v1/alerts/{live}/cap/1.xml", f"/v1/alerts/{over}/cap/1.xml", "/v1/feed.atom"]
    mine += [f"/v1/outlets/{hook}/checks", "/v1/drills", f"/v1/drills?before={drills[-1]}"]
    mine += [path for drill in drills for path in (f"/v1/drills/{drill}", f"/v1/drills/{drill}.csv")]
    police = [f"/v1/alerts/{live}", f"/v1/alerts/{over}", f"/v1/alerts/{live}/deliveries?after=1"]
    nobody = [f"/p/{live}", f"/p/{over}", f"/play/{link}/now"]
    return {**dict.fromkeys(mine, "partner"), **dict.fromkeys(police, "police"), **dict.fromkeys(nobody, "")}


async def live_through(made: Service, hook_url: str) -> tuple[Paths, Mapping[str, str]]:
    """Some alerts, fetched, aired and ended; the paths to come back with, and the keys."""
    hook = await made.hook(hook_url)
    app = await made.outlet(name="示例客户端", channel="partner", carrier="feed")
    page = await made.outlet(name="示例播放页", channel="screen", carrier="player")
    async with transaction(made.house.engine) as session:
        link = await make_link(session, (await outlets.enrolled(session, [page]))[page], "test")
    reader = {"authorization": f"Bearer {made.key}"}
    codes = []
    for ends in (False, True, False):
        codes.append(await made.issue())
        await made.client.get("/v1/feed?all=1", headers=reader)
        await made.client.get(f"/play/{link}/now")
        await until(lambda: _taken(made, codes[-1]))
        receipt = {"delivery": f"dlv_{3 * len(codes) - 2}", "kind": "received", "at": datetime.now(UTC).isoformat()}
        await made.client.post("/v1/receipts", json=receipt, headers=reader)
        if ends:
            await made.retract(codes[-1])
    await until(lambda: _taken(made, codes[1]))
    await made.client.get("/v1/feed?all=1", headers=reader)
    await made.client.get(f"/play/{link}/now")
    drills = [await _drill(made, hook) for _ in range(2)]
    await made.client.post(f"/v1/outlets/{hook}/check", headers=reader)
    return asked(codes, str(hook), str(app), link, drills), {"partner": made.key, "police": made.officer}


async def _drill(made: Service, hook: int) -> str:
    """One that the outlet took, and that is over."""
    by = {"authorization": f"Bearer {made.operator}"}
    answer = await made.client.post("/v1/drills", json={"outlets": [str(hook)], "minutes": 5}, headers=by)
    code = str(answer.json()["id"])
    await until(lambda: _taken(made, code))
    await made.retract(code)
    await until(lambda: _taken(made, code))
    return code


async def _taken(made: Service, code: str) -> bool:
    found = [d["state"] for d in await made.deliveries(code) if d["carrier"] == "webhook"]
    return all(state in ("accepted", "confirmed") for state in found)


async def record(database: str) -> dict[str, Any]:
    """The ledger, the keys, and every path with what it answers."""
    house = furnished(database)
    async with service(house) as made, yes_man() as url:
        paths, keys = await live_through(made, url)
        for path, who in paths.items():  # once unseen: asking gives numbers to what had none
            await ask(made.client, path, keys.get(who, ""))
        answers = {path: await ask(made.client, path, keys.get(who, "")) for path, who in paths.items()}
        promises = promised((await made.client.get("/openapi.json")).json())
    await house.watch.dispose()
    await house.crowd.dispose()
    await house.engine.dispose()
    revision, rows, sequences = await write_down(database)
    return {
        "at": datetime.now(UTC).isoformat(), "revision": revision, "keys": keys, "whose": paths, "answers": answers,
        "record": sample_record(), "promises": promises, "ledger": rows, "sequences": sequences,
    }  # fmt: skip


def main() -> None:
    with throw_away() as url:
        migrate(url)
        said = asyncio.run(record(url))
    RECORDED.mkdir(exist_ok=True)
    file = RECORDED / f"{said['revision']}.json"
    file.write_bytes(orjson.dumps(said, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main()
