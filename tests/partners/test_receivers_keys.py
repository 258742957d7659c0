"""How the example receivers know that it is huijia: by huijia's own key (v1a), by a secret (v1), and while either changes."""

import asyncio
import base64
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from app.flows.ports import Signer, new_signing_key
from tests.dispatch.far import until
from tests.faults.processes import free_port
from tests.partners.receiving import Receiver
from tests.partners.stage import SECRET, Service

NO_KEY = "hj_live_none"
"""With it neither the feed is read nor a receipt taken: what is shown came by the webhook."""


def notice(number: int = 1, kind: str = "publish") -> bytes:
    """Enough of a payload for a receiver."""
    data = {"alert": "YL-2026-000001", "number": number, "kind": kind, "status": "exercise"}
    return orjson.dumps({"type": f"alert.{kind}", "data": {**data, "expires_at": "2099-01-01T00:00:00+08:00"}})


async def call(receiver: Receiver, signer: Signer, body: bytes, at: datetime | None = None, prefix: str = "") -> int:
    """What it answers to what this key has signed."""
    at = at or datetime.now(UTC)
    (signature,) = signer.sign(f"dlv_1.{int(at.timestamp())}.".encode() + body)
    return await receiver.post("dlv_1", body, f"{prefix}v1a,{base64.b64encode(signature).decode()}", at)


def own(made: Service) -> Signer:
    assert made.house.signer is not None
    return made.house.signer


def signs_with(made: Service, *keys: str) -> None:
    """As huijia does once it has been started anew with other HUIJIA_SIGNING_KEYS."""
    own(made)._keys = Signer(*keys)._keys


async def states(made: Service, code: str, *wanted: str) -> bool:
    return [d["state"] for d in await made.deliveries(code)] == list(wanted)


@pytest.mark.parametrize("signatures", ["v1a", "both"])
async def test_by_huijia_s_own_key_alone(made: Service, unknown: Receiver, signatures: str) -> None:
    await unknown.enrol(signatures=signatures)
    async with unknown.started(SECRET="", KEY=NO_KEY) as program:
        code = await made.issue()
        await program.says(f"ON AIR {code} 1")
        await made.retract(code)
        await program.says(f"OFF AIR {code}")
        await until(lambda: states(made, code, "accepted", "accepted"))


async def test_nobody_else_s_key(made: Service, unknown: Receiver) -> None:
    """Nor the secret, which may lie on a disk that somebody has read; nor what was changed, or is old."""
    await unknown.enrol(signatures="v1a")
    stranger = Signer(new_signing_key())
    async with unknown.started(SECRET="") as program:
        assert await call(unknown, own(made), notice()) == 200
        await program.says("ON AIR YL-2026-000001 1")
        assert await call(unknown, stranger, notice(2)) == 401
        assert await unknown.call("dlv_1", orjson.loads(notice(2))) == 401, "v1 with the secret"
        long_ago = datetime.fromtimestamp(datetime.now(UTC).timestamp() - 400, UTC)
        assert await call(unknown, own(made), notice(2), long_ago) == 401
        now = datetime.now(UTC)
        (good,) = own(made).sign(f"dlv_1.{int(now.timestamp())}.".encode() + notice(2))
        assert await unknown.post("dlv_1", notice(3), f"v1a,{base64.b64encode(good).decode()}", now) == 401
        for broken in ("v1a,", "v1a,AAAA", "v1a", "v1a,%%%", ""):
            assert await unknown.post("dlv_1", notice(2), broken, now) == 401
        assert await call(unknown, own(made), notice(4, "retract"), prefix="v2,new v1,old ") == 200
        await program.says("OFF AIR YL-2026-000001")


async def test_while_huijia_s_own_key_changes(made: Service, unknown: Receiver) -> None:
    """A new key beside the old one, then alone: what runs all the while takes everything."""
    old, new = new_signing_key(), new_signing_key()
    signs_with(made, old)
    await unknown.enrol(signatures="v1a")
    async with unknown.started(SECRET="", KEY=NO_KEY) as program:
        for keys in ((old,), (new, old), (new,)):
            if keys == (new,):
                await asyncio.sleep(5.1)  # so often huijia's keys are read at most
            signs_with(made, *keys)
            code = await made.issue()
            await program.says(f"ON AIR {code} 1")
        await until(lambda: refused(unknown, old))  # one that was withdrawn is believed no more


async def test_a_key_that_was_withdrawn(made: Service, unknown: Receiver) -> None:
    """Somebody has got hold of it, and huijia signs with it no more: nothing that does not fit has to come before that is
    known. Here nothing comes but by the feed."""
    unknown.outlet = await made.outlet(name="示例客户端", channel="partner", carrier="feed")
    lost = new_signing_key()
    signs_with(made, lost)
    async with unknown.started(SECRET="") as program:
        assert await call(unknown, Signer(lost), notice()) == 200
        signs_with(made, new_signing_key())
        await asyncio.sleep(5.1)
        await program.says(f"ON AIR {await made.issue()} 1")
        await until(lambda: refused(unknown, lost))


async def refused(receiver: Receiver, key: str) -> bool:
    return await call(receiver, Signer(key), notice()) == 401


async def test_huijia_cannot_be_asked_for_its_keys(made: Service, unknown: Receiver) -> None:
    """A 401 would be for good. What was learnt before is on the disk."""
    await unknown.enrol(signatures="v1a")
    dead = f"http://127.0.0.1:{free_port()}"
    async with unknown.started(SECRET="", HUIJIA=dead):
        assert await call(unknown, own(made), notice()) == 503
        assert await call(unknown, own(made), notice()) == 503
    async with unknown.started(SECRET=""):
        assert await call(unknown, own(made), notice()) == 200
    async with unknown.started(SECRET="", HUIJIA=dead) as program:
        assert await call(unknown, own(made), notice(2)) == 200
        await program.says("ON AIR YL-2026-000001 2")


async def test_while_the_secret_changes(made: Service, receiver: Receiver) -> None:
    """By the API: whether it has the old one, both or the new one, as long as both sign; then the new one alone."""
    fresh = await rotate(made, receiver, hours=1)
    for secret in (SECRET, f"{fresh} {SECRET}", fresh):
        async with receiver.started(SECRET=secret, KEY=NO_KEY) as program:
            code = await made.issue()
            await program.says(f"ON AIR {code} 1")
            await made.retract(code)
            await program.says(f"OFF AIR {code}")
    newest = await rotate(made, receiver, hours=0)
    async with receiver.started(SECRET=f"{fresh} {SECRET}", KEY=NO_KEY):
        refused = await made.issue()
        await until(lambda: states(made, refused, "failed"))
    async with receiver.started(SECRET=newest, KEY=NO_KEY) as program:
        code = await made.issue()
        await program.says(f"ON AIR {code} 1")


async def rotate(made: Service, receiver: Receiver, **said: Any) -> str:
    path, mine = f"/v1/outlets/{receiver.outlet}/rotate", {"authorization": f"Bearer {made.key}"}
    answer = await made.client.post(path, json=said, headers=mine)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["secret"])
