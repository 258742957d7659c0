"""The sandbox's OBS is as strict as the protocol page of obs-websocket, to a client that is not huijia's."""

import base64
import hashlib
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from PIL import Image
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.typing import Subprotocol

from sandbox.obs import Obs
from sandbox.trouble import Trouble

PASSWORD = "a password"
GREEN = (20, 160, 60)


def picture(width: int = 64, height: int = 36) -> str:
    out = io.BytesIO()
    Image.new("RGB", (width, height), GREEN).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@asynccontextmanager
async def greeted(obs: Obs) -> AsyncIterator[tuple[ClientConnection, dict[str, Any]]]:
    """A line on which OBS has said hello."""
    async with (
        obs.served() as port,
        connect(f"ws://127.0.0.1:{port}/", subprotocols=[Subprotocol("obswebsocket.json")]) as line,
    ):
        yield line, json.loads(await line.recv())["d"]


async def say(line: ClientConnection, op: int, **data: Any) -> dict[str, Any]:
    await line.send(json.dumps({"op": op, "d": data}))
    said: dict[str, Any] = json.loads(await line.recv())
    return said


async def identified(line: ClientConnection, hello: dict[str, Any], password: str = PASSWORD) -> None:
    challenge = hello["authentication"]
    proof = digest(digest(password + challenge["salt"]) + challenge["challenge"])
    assert await say(line, 1, rpcVersion=1, authentication=proof) == {"op": 2, "d": {"negotiatedRpcVersion": 1}}


class Client:
    def __init__(self, line: ClientConnection) -> None:
        self._line = line

    async def ask(self, request: str, **data: Any) -> tuple[int, dict[str, Any]]:
        said = await say(self._line, 6, requestType=request, requestId="q1", requestData=data)
        assert said["op"] == 7
        assert said["d"]["requestId"] == "q1"
        status = said["d"]["requestStatus"]
        assert status["result"] is (status["code"] == 100)
        return status["code"], said["d"].get("responseData") or {}


@asynccontextmanager
async def client(obs: Obs | None = None) -> AsyncIterator[Client]:
    async with greeted(obs or Obs(PASSWORD)) as (line, hello):
        await identified(line, hello)
        yield Client(line)


async def close_code(line: ClientConnection, op: Any, data: Any) -> int:
    await line.send(json.dumps({"op": op, "d": data}) if op != "raw" else data)
    with pytest.raises(ConnectionClosed) as caught:
        await line.recv()
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (1, {"rpcVersion": 1}, 4009),
        (1, {"rpcVersion": 1, "authentication": "wrong"}, 4009),
        (6, {"requestType": "GetVersion", "requestId": "1"}, 4007),
        ("raw", "no json", 4002),
        ("raw", b"\x00", 4002),
        ("raw", '{"op": 1}', 4003),
        ("raw", '{"op": 1, "d": []}', 4004),
        ("raw", '{"d": {}}', 4006),
    ],
)
async def test_who_does_not_identify_is_turned_away(op: Any, data: Any, code: int) -> None:
    async with greeted(Obs(PASSWORD)) as (line, _):
        assert await close_code(line, op, data) == code


async def test_the_challenge_is_another_each_time() -> None:
    async with greeted(Obs(PASSWORD)) as (_, first), greeted(Obs(PASSWORD)) as (_, second):
        assert first["authentication"]["challenge"] != second["authentication"]["challenge"]
    async with greeted(Obs()) as (_, open_house):
        assert "authentication" not in open_house


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (1, {"rpcVersion": 1}, 4008),
        (99, {}, 4006),
        (6, {"requestType": "GetVersion"}, 4003),
        (8, {"requestId": "1"}, 4003),
    ],
)
async def test_who_breaks_a_rule_later_is_turned_away_too(op: int, data: Any, code: int) -> None:
    async with greeted(Obs(PASSWORD)) as (line, hello):
        await identified(line, hello)
        assert await close_code(line, op, data) == code


async def test_another_rpc_version() -> None:
    async with greeted(Obs()) as (line, _):
        assert await close_code(line, 1, {"rpcVersion": 2}) == 4010


@pytest.mark.parametrize(
    ("request_type", "data", "code"),
    [
        ("", {}, 203),
        ("MakeCoffee", {}, 204),
        ("CreateInput", {}, 300),
        ("CreateInput", {"sceneName": 1}, 401),
        ("CreateInput", {"sceneName": ""}, 403),
        ("CreateInput", {"sceneName": "没有", "inputName": "a", "inputKind": "image_source"}, 600),
        ("CreateInput", {"sceneName": "场景", "inputName": "a", "inputKind": "browser_source"}, 605),
        ("CreateInput", {"sceneName": "场景", "inputName": "场景", "inputKind": "image_source"}, 601),
        ("SetSceneItemEnabled", {"sceneName": "场景", "sceneItemId": 7, "sceneItemEnabled": True}, 600),
        ("RemoveInput", {"inputName": "没有"}, 600),
        ("GetSourceActive", {"sourceName": "没有"}, 600),
        ("GetSourceScreenshot", {"sourceName": "场景", "imageFormat": "jpg", "imageWidth": 4, "imageHeight": 9}, 402),
        ("GetSourceScreenshot", {"sourceName": "场景", "imageFormat": "gif", "imageWidth": 64, "imageHeight": 36}, 402),
        ("SetPersistentData", {"realm": "elsewhere", "slotName": "a", "slotValue": 1}, 600),
    ],
)
async def test_requests_that_do_not_fit(request_type: str, data: dict[str, Any], code: int) -> None:
    async with client() as at:
        assert (await at.ask(request_type, **data))[0] == code


async def test_an_item_from_its_making_to_its_end() -> None:
    obs = Obs(PASSWORD)
    async with client(obs) as at:
        made = {"sceneName": "场景", "inputName": "图", "inputKind": "image_source", "sceneItemEnabled": False}
        code, said = await at.ask("CreateInput", **made, inputSettings={"file": picture(), "own": 1})
        assert (code, said) == (100, {"sceneItemId": 1})
        assert (await at.ask("CreateInput", **made))[0] == 601
        assert (await at.ask("GetInputSettings", inputName="图"))[1]["inputSettings"]["own"] == 1
        assert (await at.ask("GetSourceActive", sourceName="图"))[1]["videoActive"] is False
        await at.ask("SetSceneItemEnabled", sceneName="场景", sceneItemId=1, sceneItemEnabled=True)
        assert (await at.ask("GetSourceActive", sourceName="图"))[1]["videoActive"] is True
        _, said = await at.ask("GetSceneItemList", sceneName="场景")
        assert said["sceneItems"][0]["sceneItemTransform"]["sourceWidth"] == 64.0
        await at.ask("RemoveInput", inputName="图")
        assert (await at.ask("CreateInput", **made))[0] == 601, "the name is free a moment later only"
        assert obs.room.scenes["场景"].items == []


async def test_a_picture_that_cannot_be_opened_has_no_size() -> None:
    async with client() as at:
        for name, file in {"a": "C:\\slate.png", "b": "data:image/png;base64,AAAA", "c": "data:text/html,x"}.items():
            made = {"sceneName": "场景", "inputName": name, "inputKind": "image_source"}
            await at.ask("CreateInput", **made, inputSettings={"file": file})
        _, said = await at.ask("GetSceneItemList", sceneName="场景")
        assert [item["sceneItemTransform"]["sourceWidth"] for item in said["sceneItems"]] == [0.0, 0.0, 0.0]


async def test_text_wider_than_a_texture_is_not_seen_although_it_is_active() -> None:
    obs = Obs(PASSWORD)
    async with client(obs) as at:
        for length, drawn in ((500, True), (520, False)):
            settings = {"text": "字" * length, "font": {"size": 32}}
            made = {"sceneName": "场景", "inputName": str(length), "inputKind": "text_ft2_source_v2"}
            await at.ask("CreateInput", **made, inputSettings=settings)
            assert (await at.ask("GetSourceActive", sourceName=str(length)))[1]["videoActive"] is True
            assert ("字" * length in obs.showing()) is drawn


async def test_a_screenshot_shows_what_is_on() -> None:
    async with client(Obs(PASSWORD)) as at:
        made = {"sceneName": "场景", "inputName": "图", "inputKind": "image_source"}
        await at.ask("CreateInput", **made, inputSettings={"file": picture(1280, 720)})
        shot = {"sourceName": "场景", "imageFormat": "png", "imageWidth": 64, "imageHeight": 36}
        assert pixel(await at.ask("GetSourceScreenshot", **shot)) == GREEN
        await at.ask("SetSceneItemEnabled", sceneName="场景", sceneItemId=1, sceneItemEnabled=False)
        assert pixel(await at.ask("GetSourceScreenshot", **shot)) == (0, 0, 0)


def pixel(said: tuple[int, dict[str, Any]]) -> tuple[int, ...]:
    body = base64.b64decode(said[1]["imageData"].partition(",")[2])
    return tuple(Image.open(io.BytesIO(body)).convert("RGB").crop((32, 18, 33, 19)).tobytes())


async def test_a_batch_in_order_and_halted() -> None:
    async with greeted(Obs(PASSWORD)) as (line, hello):
        await identified(line, hello)
        asked = [
            {"requestType": "GetVersion"},
            {"requestType": "RemoveInput", "requestData": {"inputName": "没有"}},
            {"requestType": "GetSceneList"},
        ]
        for halts, answers in ((False, [100, 600, 100]), (True, [100, 600])):
            said = await say(line, 8, requestId="b1", haltOnFailure=halts, requests=asked)
            assert said["op"] == 9
            assert [one["requestStatus"]["code"] for one in said["d"]["results"]] == answers


async def test_one_that_lies_says_yes_and_does_nothing() -> None:
    obs = Obs(PASSWORD, trouble=Trouble.LYING)
    async with client(obs) as at:
        made = {"sceneName": "场景", "inputName": "图", "inputKind": "image_source"}
        assert (await at.ask("CreateInput", **made))[0] == 100
        assert obs.room.inputs == {}


@pytest.mark.parametrize(("trouble", "error"), [(Trouble.DOWN, InvalidMessage), (Trouble.GARBAGE, InvalidStatus)])
async def test_one_that_is_down_or_something_else(trouble: Trouble, error: type[Exception]) -> None:
    async with Obs(trouble=trouble).served() as port:
        with pytest.raises(error):
            await connect(f"ws://127.0.0.1:{port}/")
