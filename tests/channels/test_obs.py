"""OBS, against the sandbox's, and what staff, strangers and bad luck do to it."""

import asyncio
import base64
import io
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from websockets.asyncio.server import ServerConnection

from channels.carriers.obs import Obs as Carrier
from channels.carriers.obs.layout import Part, input_name
from channels.contract import (
    Accepted,
    Duty,
    Media,
    Notice,
    Outcome,
    Reason,
    ReceiptKind,
    Refused,
    Retry,
    StatedReceipt,
    Status,
    WireError,
)
from sandbox.obs import Obs
from sandbox.obs_requests import carry_out
from sandbox.obs_room import Data, Failure
from sandbox.trouble import Trouble
from tests.channels.far_ends import pressed, served
from tests.channels.notices import NOW, PUBLISH, RETRACT, UPDATE
from tests.channels.obs_station import PASSWORD, Painted, requests, settings, staff

OTHER = replace(PUBLISH, alert="HJ-2026-000124")
LATER = NOW + timedelta(minutes=2)


class Station:
    """The sandbox's OBS on a port, and our carrier's settings for it."""

    def __init__(self, obs: Obs, port: int, **more: object) -> None:
        self.obs = obs
        self.settings = settings(port, **more)
        self.wire: Painted = Painted()
        self.duty = Duty()

    async def send(self, notice: Notice = PUBLISH, now: datetime = NOW) -> Outcome:
        rendition = replace(pressed(notice, "tv")[0], duty=self.duty)
        return await Carrier().send(rendition, self.settings, key="dlv_1", prior=None, now=now, wire=self.wire)

    async def tend(self, notice: Notice = PUBLISH, now: datetime = NOW) -> Sequence[StatedReceipt]:
        rendition = replace(pressed(notice, "tv")[0], duty=self.duty)
        return await Carrier().tend(
            rendition, self.settings, key="dlv_1", reference=NOW.isoformat(), now=now, wire=self.wire
        )

    async def tended(self, notice: Notice = PUBLISH, now: datetime = NOW) -> StatedReceipt:
        (receipt,) = await self.tend(notice, now)
        return receipt

    def on_air(self, alert: str = PUBLISH.alert) -> set[Part]:
        active = self.obs.room.on_air()
        return {part for part in Part if input_name(alert, part) in active}


@asynccontextmanager
async def station(obs: Obs | None = None, **more: object) -> AsyncIterator[Station]:
    obs = obs or Obs(PASSWORD)
    async with obs.served() as port:
        yield Station(obs, port, **more)


# ── On and off ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_slate_first_then_the_lower_third_and_the_crawl_all_the_time() -> None:
    async with station() as at:
        assert isinstance(await at.send(), Accepted)
        assert at.on_air() == {Part.BACKDROP, Part.SLATE, Part.BAND, Part.CRAWL}
        aired = await at.tended()
        assert aired.kind is ReceiptKind.AIRED
        assert aired.proof is not None
        assert aired.proof.mime == "image/jpeg"
        assert (await at.tended(now=LATER)).kind is ReceiptKind.AIRED
        assert at.on_air() == {Part.LOWER_THIRD, Part.BAND, Part.CRAWL}


async def test_what_is_said_at_every_look_is_the_same_receipt_and_one_frame_is_enough() -> None:
    async with station() as at:
        await at.send()
        first = await at.tended(now=NOW + timedelta(seconds=7))
        assert first.at == NOW + timedelta(seconds=7)
        for second in (12, 70, 4000):
            again = await at.tended(now=NOW + timedelta(seconds=second))
            assert (again.kind, again.at, again.proof) == (ReceiptKind.AIRED, first.at, None)
        await at.send(UPDATE)
        assert (await at.tended(UPDATE, now=LATER)).proof is not None, "another notice has a frame of its own"
        staff(at.obs, "SetCurrentProgramScene", sceneName="场景")
        staff(at.obs, "SetStudioModeEnabled", studioModeEnabled=True)
        at.obs.room.copied = frozenset()
        moments = {(await at.tended(UPDATE, now=NOW + timedelta(minutes=minute))).at for minute in range(20)}
        assert len(moments) == 2, "a complaint is kept every ten minutes"


@pytest.mark.parametrize("reference", [None, "", "po-42", "2026-11-23", "2026-11-23T15:04:06"])
async def test_a_reference_of_another_wire_is_none(reference: str | None) -> None:
    async with station() as at:
        await at.send()
        receipts = await Carrier().tend(
            pressed(PUBLISH, "tv")[0], at.settings, key="dlv_1", reference=reference, now=NOW, wire=at.wire
        )
        assert [receipt.kind for receipt in receipts] == [ReceiptKind.AIRED]


async def test_nothing_is_seen_before_all_of_it_is_in_its_place() -> None:
    async with station() as at:
        await at.send()
        asked = requests(at.obs)
        made = [data for name, data in asked if name == "CreateInput"]
        assert len(made) == len(Part)
        assert not any(data["sceneItemEnabled"] for data in made)
        names = [name for name, _ in asked]
        assert names.index("SetSceneItemEnabled") > max(
            at
            for at, name in enumerate(names)
            if name in ("CreateInput", "CreateSourceFilter", "SetSceneItemTransform")
        )


async def test_an_update_is_written_over_what_runs() -> None:
    async with station() as at:
        await at.send()
        assert isinstance(await at.send(UPDATE), Accepted)
        (crawl,) = at.obs.showing()
        assert crawl.startswith("更新寻人信息")
        assert (await at.tended(UPDATE)).kind is ReceiptKind.AIRED
        assert len(at.obs.room.inputs) == len(Part)


async def test_the_agreed_duty_is_kept() -> None:
    async with station() as at:
        at.duty = Duty(exclusive_minutes=5, repeat_every_minutes=20, until_minutes=60)
        await at.send()
        expected = {0: True, 4: True, 6: False, 19: False, 20: True, 21: False, 40: True, 59: False}
        for minute, slate in expected.items():
            assert (await at.tended(now=NOW + timedelta(minutes=minute))).kind is ReceiptKind.AIRED
            assert (Part.SLATE in at.on_air()) is slate, minute
        assert await at.tend(now=NOW + timedelta(minutes=60)) == ()
        assert at.on_air() == set()


async def test_only_what_is_wanted_is_shown() -> None:
    async with station(slate_minutes=0, lower_third=False) as at:
        await at.send()
        assert at.on_air() == {Part.BAND, Part.CRAWL}
        assert (await at.tended()).kind is ReceiptKind.AIRED


async def test_no_line_of_a_second_alert_is_covered() -> None:
    async with station() as at:
        await at.send()
        await at.send(OTHER)
        await at.tend(now=LATER)
        await at.tend(OTHER, now=LATER)
        tops = [_item(at, input_name(alert, Part.BAND)) for alert in (PUBLISH.alert, OTHER.alert)]
        assert [item["sceneItemTransform"]["positionY"] for item in tops] == [720.0, 662.0]
        assert Part.LOWER_THIRD not in at.on_air() | at.on_air(OTHER.alert), "no room for two"
        await at.send(RETRACT)
        await at.tend(OTHER, now=LATER)
        assert at.on_air() == set()
        assert Part.LOWER_THIRD in at.on_air(OTHER.alert)
        third = replace(PUBLISH, alert="HJ-2026-000125")
        await at.send(third)
        assert _item(at, input_name(third.alert, Part.BAND))["sceneItemTransform"]["positionY"] == 720.0


async def test_nothing_of_the_child_is_left_in_obs() -> None:
    async with station() as at:
        await at.send()
        await at.send(UPDATE)
        await at.send(RETRACT)
        assert at.obs.room.inputs == {}
        assert "李" not in json.dumps([at.obs.room.kept.get(key) for key in at.obs.room.kept], ensure_ascii=False)
        down = await at.tended(RETRACT)
        assert down.kind is ReceiptKind.TAKEN_DOWN
        assert down.proof is not None


async def test_an_answer_that_was_lost_leaves_nothing_on_the_air_for_ever() -> None:
    class Deaf(Obs):
        """Carries out everything and hangs up before it says so, once something is on the air."""

        async def _hear(self, connection: ServerConnection, message: str | bytes) -> None:
            await super()._hear(_Unheard(connection, self), message)  # type: ignore[arg-type]  # all that it uses of it

    class _Unheard:
        def __init__(self, connection: ServerConnection, obs: Obs) -> None:
            self._connection, self._obs = connection, obs

        async def send(self, message: str) -> None:
            if self._obs.showing():
                self._connection.transport.abort()
            await self._connection.send(message)

    obs = Deaf(PASSWORD)
    async with station(obs) as at:
        outcome = await at.send()
        assert isinstance(outcome, Retry)
        assert outcome.reason is Reason.BROKEN
        assert obs.showing()
    again = Obs(PASSWORD, room=obs.room)
    async with station(again) as at:
        assert isinstance(await at.send(RETRACT), Accepted)
        assert again.showing() == []
        assert again.room.inputs == {}


# ── The newest number wins ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("newest", [UPDATE, RETRACT])
async def test_what_comes_late_is_not_shown(newest: Notice) -> None:
    async with station() as at:
        await at.send()
        await at.send(newest)
        before = at.obs.showing()
        await asyncio.sleep(0.1)  # the names are free again
        assert isinstance(await at.send(), Refused)
        assert await at.tend() == ()
        assert at.obs.showing() == before


# ── What staff do ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("part", Part)
async def test_what_was_renamed_comes_off(part: Part) -> None:
    async with station() as at:
        await at.send()
        staff(at.obs, "SetInputName", inputName=input_name(PUBLISH.alert, part), newInputName="台标")
        assert isinstance(await at.send(UPDATE), Accepted)
        assert len(at.obs.showing()) == 1, "not a second crawl beside the renamed one"
        await at.send(RETRACT)
        assert at.obs.room.inputs == {}


async def test_a_copy_that_staff_made_comes_off() -> None:
    async with station() as at:
        await at.send()
        crawl = at.obs.room.inputs[input_name(PUBLISH.alert, Part.CRAWL)]
        staff(
            at.obs, "CreateInput", sceneName="场景", inputName="字幕 2", inputKind=crawl.kind,
            inputSettings=crawl.settings,
        )  # fmt: skip
        await at.send(RETRACT)
        assert at.obs.room.inputs == {}


async def test_what_is_not_ours_is_left_alone() -> None:
    async with station() as at:
        made = {"sceneName": "场景", "inputKind": "text_ft2_source_v2", "inputSettings": {"text": "天气预报"}}
        staff(at.obs, "CreateInput", inputName="回家 HJ-2026-000123", **made)
        await at.send()
        await at.send(RETRACT)
        assert list(at.obs.room.inputs) == ["回家 HJ-2026-000123"]


@pytest.mark.parametrize("part", [Part.BAND, Part.CRAWL, Part.SLATE])
async def test_what_was_deleted_is_made_again_in_its_place(part: Part) -> None:
    async with station() as at:
        await at.send()
        staff(at.obs, "RemoveInput", inputName=input_name(PUBLISH.alert, part))
        await asyncio.sleep(0.1)
        assert (await at.tended()).kind is ReceiptKind.AIRED
        order = [item.source for item in at.obs.room.scenes["场景"].items]
        assert order == [input_name(PUBLISH.alert, part) for part in Part], "nothing covers what it should not"


async def test_what_was_hidden_is_shown_again_and_what_was_moved_stays() -> None:
    async with station() as at:
        await at.send()
        band = _item(at, input_name(PUBLISH.alert, Part.BAND))
        where = {"sceneName": "场景", "sceneItemId": band["sceneItemId"]}
        staff(at.obs, "SetSceneItemTransform", **where, sceneItemTransform={"positionY": 600.0})
        staff(at.obs, "SetSceneItemEnabled", **where, sceneItemEnabled=False)
        assert (await at.tended()).kind is ReceiptKind.AIRED
        assert Part.BAND in at.on_air()
        assert _item(at, input_name(PUBLISH.alert, Part.BAND))["sceneItemTransform"]["positionY"] == 600.0


async def test_what_was_made_and_never_put_into_its_place_is_put_there() -> None:
    """The line broke between the two, or OBS died and had saved what lay between them."""

    class Torn(Obs):
        async def _hear(self, connection: ServerConnection, message: str | bytes) -> None:
            if "SetSceneItemTransform" in str(message):
                connection.transport.abort()
            await super()._hear(connection, message)

        def _batch(self, data: Data) -> list[Data]:
            torn = "SetSceneItemTransform" in json.dumps(data)
            return [] if torn else super()._batch(data)

    torn = Torn(PASSWORD)
    async with station(torn) as at:
        assert isinstance(await at.send(), Retry)
        assert at.obs.showing() == []
        for one in torn.room.inputs.values():
            one.filters.clear()
        for item in torn.room.scenes["场景"].items:
            item.on = True
    async with station(Obs(PASSWORD, room=torn.room)) as at:
        assert isinstance(await at.send(), Accepted)
        assert (await at.tended(now=LATER)).kind is ReceiptKind.AIRED
        places = [_item(at, input_name(PUBLISH.alert, part))["sceneItemTransform"] for part in Part]
        assert [place["positionY"] for place in places] == [720.0, 0.0, 662.0, 720.0, 691.0]
        assert list(at.obs.room.inputs[input_name(PUBLISH.alert, Part.CRAWL)].filters) == ["huijia"]


async def test_it_follows_the_scene_on_air() -> None:
    async with station() as at:
        await at.send()
        staff(at.obs, "CreateScene", sceneName="演播室")
        staff(at.obs, "SetCurrentProgramScene", sceneName="演播室")
        assert at.obs.showing() == []
        assert (await at.tended()).kind is ReceiptKind.AIRED
        assert len(at.obs.showing()) == 1
        await at.send(RETRACT)
        assert not any(scene.items for scene in at.obs.room.scenes.values())


async def test_an_overlay_scene_has_to_be_there_and_on_the_air() -> None:
    async with station(scene="全局叠加") as at:
        outcome = await at.send()
        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.GONE
        staff(at.obs, "CreateScene", sceneName="全局叠加")
        assert isinstance(await at.send(), Accepted)
        told = await at.tended()
        assert told.kind is ReceiptKind.RECEIVED
        assert told.note == "播出画面中看不到底板、整屏、底条、字幕"
        staff(at.obs, "CreateSceneItem", sceneName="场景", sourceName="全局叠加")
        assert (await at.tended()).kind is ReceiptKind.AIRED


async def test_in_studio_mode_what_is_put_into_the_programmes_own_scene_is_not_called_aired() -> None:
    async with station() as at:
        staff(at.obs, "SetStudioModeEnabled", studioModeEnabled=True)
        await at.send()
        assert (await at.tended()).kind is ReceiptKind.RECEIVED
        staff(at.obs, "SetStudioModeEnabled", studioModeEnabled=False)
        assert (await at.tended()).kind is ReceiptKind.AIRED


@pytest.mark.parametrize("status", Status)
async def test_a_frame_without_the_band_is_no_proof(status: Status) -> None:
    """OBS may say what it likes."""

    class Dark(Obs):
        dark = ""

        def _answer(self, asked: Data) -> Data:
            said = super()._answer(asked)
            if asked["requestType"] == "GetSourceScreenshot" and self.dark:
                said["responseData"]["imageData"] = self.dark
            return said

    obs = Dark(PASSWORD)
    async with station(obs) as at:
        notice = replace(PUBLISH, status=status)
        await at.send(notice)
        black = io.BytesIO()
        Image.new("RGB", (1280, 720)).save(black, "JPEG")
        for body in (black.getvalue(), b"\xff\xd8\xff and no more"):
            obs.dark = f"data:image/jpg;base64,{base64.b64encode(body).decode()}"
            told = await at.tended(notice)
            assert told.kind is ReceiptKind.RECEIVED
            assert told.note == "播出画面中看不到底条"
        obs.dark = ""
        assert (await at.tended(notice)).kind is ReceiptKind.AIRED


# ── Pictures ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_picture_that_obs_cannot_open_is_not_called_aired() -> None:
    class Smeared(Painted):
        async def content(self, media: Media) -> bytes:
            return b"\x89PNG\r\n\x1a\n and then nothing"

    async with station() as at:
        at.wire = Smeared()
        assert isinstance(await at.send(), Accepted)
        told = await at.tended()
        assert told.kind is ReceiptKind.RECEIVED
        assert told.note == "播出画面中看不到整屏"


async def test_without_its_pictures_the_crawl_goes_on_the_air() -> None:
    class Empty(Painted):
        async def content(self, media: Media) -> bytes:
            raise LookupError

    async with station() as at:
        at.wire = Empty()
        assert isinstance(await at.send(), Accepted)
        assert at.on_air() == {Part.BAND, Part.CRAWL}


async def test_pictures_travel_once() -> None:
    async with station() as at:
        await at.send()
        await at.tend()
        await at.tend(now=LATER)
        sent = [data for _, data in requests(at.obs) if "data:image" in json.dumps(data)]
        assert len(sent) == 2, "slate and lower third"
        assert "huijia.example" not in "\n".join(at.obs.heard), "OBS need not reach huijia"


# ── Wrong answers ───────────────────────────────────────────────────────────────────────────────────────────────────


class Failing(Obs):
    """Answers one kind of request with a code of its own."""

    request, code = "", 0

    def _answer(self, asked: Data) -> Data:
        if asked["requestType"] != self.request:
            return super()._answer(asked)
        status = {"result": False, "code": self.code, "comment": "李小明 https://x.example/k3y"}
        return {"requestType": self.request, "requestStatus": status}


@pytest.mark.parametrize("request_type", ["GetSceneList", "CreateInput", "SetSceneItemEnabled"])
@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (204, Refused, Reason.REJECTED),
        (605, Refused, Reason.REJECTED),
        (205, Retry, Reason.SERVER_ERROR),
        (207, Retry, Reason.SERVER_ERROR),
        (500, Retry, Reason.SERVER_ERROR),
        (600, Retry, Reason.SERVER_ERROR),
        (601, Retry, Reason.SERVER_ERROR),
        (702, Retry, Reason.SERVER_ERROR),
        (999, Retry, Reason.SERVER_ERROR),
    ],
)
async def test_codes(request_type: str, code: int, kind: type[Outcome], reason: Reason) -> None:
    obs = Failing(PASSWORD)
    obs.request, obs.code = request_type, code
    async with station(obs) as at:
        outcome = await at.send()
        assert isinstance(outcome, kind), outcome
        assert not isinstance(outcome, Accepted)
        assert outcome.reason is reason
        assert outcome.detail == f"OBS {code} {request_type} … …"
        with pytest.raises(WireError) as caught:
            await at.tend()
        assert caught.value.reason is reason


@pytest.mark.parametrize("request_type", ["GetPersistentData", "SetPersistentData"])
async def test_a_memory_that_fails_keeps_nothing_on_or_off_the_air(request_type: str) -> None:
    obs = Failing(PASSWORD)
    obs.request, obs.code = request_type, 700
    async with station(obs) as at:
        assert isinstance(await at.send(), Accepted)
        assert len(obs.showing()) == 1
        assert isinstance(await at.send(RETRACT), Accepted)
        assert obs.room.inputs == {}


@pytest.mark.parametrize("status", [{"result": True, "code": 600}, {"result": False, "code": 100}, {"code": 100}, {}])
async def test_a_success_that_contradicts_itself_is_none(status: dict[str, Any]) -> None:
    class Torn(Obs):
        def _answer(self, asked: Data) -> Data:
            return {"requestType": asked["requestType"], "requestStatus": status}

    async with station(Torn(PASSWORD)) as at:
        outcome = await at.send()
        assert isinstance(outcome, Retry)
        assert outcome.reason is Reason.UNINTELLIGIBLE


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        (PASSWORD, PASSWORD, Accepted),
        (None, None, Accepted),
        (None, PASSWORD, Accepted),
        (PASSWORD, None, Refused),
        (PASSWORD, "wrong-Qz", Refused),
    ],
)
async def test_passwords(theirs: str | None, ours: str | None, expected: type[Outcome]) -> None:
    async with Obs(theirs).served() as port:
        at = Station(Obs(), port, password=ours)
        outcome = await at.send()
        assert isinstance(outcome, expected)
        if isinstance(outcome, Refused):
            assert outcome.reason is Reason.BAD_CREDENTIALS


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (4009, Refused, Reason.BAD_CREDENTIALS),
        (4010, Refused, Reason.REJECTED),
        (4011, Retry, Reason.BROKEN),
        (4002, Retry, Reason.BROKEN),
        (1001, Retry, Reason.BROKEN),
    ],
)
async def test_close_codes(code: int, kind: type[Outcome], reason: Reason) -> None:
    class Closing(Obs):
        async def _identified(self, connection: ServerConnection) -> None:
            await connection.close(code, PASSWORD)

    async with station(Closing(PASSWORD)) as at:
        outcome = await at.send()
        assert isinstance(outcome, kind)
        assert not isinstance(outcome, Accepted)
        assert outcome.reason is reason
        assert PASSWORD not in repr(outcome)


@pytest.mark.parametrize(
    "message",
    [
        "", "null", "[]", "{}", '{"op": 0}', '{"op": "0", "d": {}}', '{"op": 2, "d": {}}', "李小明", "\x00",
        '{"op": 0, "d": {"rpcVersion": 1, "authentication": "yes"}}', b"\x00\x01",
    ],
)  # fmt: skip
async def test_a_greeting_that_is_none(message: str | bytes) -> None:
    class Odd(Obs):
        async def _identified(self, connection: ServerConnection) -> None:
            await connection.send(message)
            await connection.wait_closed()

    async with station(Odd(PASSWORD)) as at:
        outcome = await at.send()
        assert isinstance(outcome, Retry)
        assert outcome.reason is Reason.UNINTELLIGIBLE


@pytest.mark.parametrize(
    ("trouble", "reasons"),
    [
        (Trouble.DOWN, {Reason.BROKEN}),
        (Trouble.GARBAGE, {Reason.UNINTELLIGIBLE}),
        (Trouble.LYING, {Reason.SERVER_ERROR}),
        (Trouble.HANGING, {Reason.TIMEOUT}),
        (Trouble.SLOW, {Reason.TIMEOUT}),
    ],
)
async def test_troubles(trouble: Trouble, reasons: set[Reason], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Carrier, "timeout", timedelta(seconds=0.5))
    async with station() as at:
        at.obs.trouble = trouble
        began = time.monotonic()
        outcome = await at.send()
        assert time.monotonic() - began < 0.8
        assert isinstance(outcome, Retry), "a yes that is followed by nothing is none"
        assert outcome.reason in reasons


async def test_one_that_drips_costs_no_more_than_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for char in "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" * 5:
            writer.write(char.encode())
            await writer.drain()
            await asyncio.sleep(0.02)

    monkeypatch.setattr(Carrier, "timeout", timedelta(seconds=0.5))
    async with served(drip) as port:
        outcome = await Station(Obs(), port).send()
        assert isinstance(outcome, Retry)
        assert outcome.reason is Reason.TIMEOUT


async def test_a_rendition_of_another_medium_is_refused_without_a_call() -> None:
    rendition = pressed(PUBLISH, "radio")[0]
    outcome = await Carrier().send(rendition, settings(1), key="dlv_1", prior=None, now=NOW, wire=Painted())
    assert isinstance(outcome, Refused)


@pytest.mark.parametrize("host", ["", "obs://pc", "pc:4455/", "a b", "pc/4455", "-", "user@pc", "\n"])
def test_hosts_that_will_not_do(host: str) -> None:
    with pytest.raises(ValueError, match="host"):
        settings(4455).model_validate({"host": host})


def _item(at: Station, name: str) -> Data:
    items = staff(at.obs, "GetSceneItemList", sceneName="场景")["sceneItems"]
    return next(item for item in items if item["sourceName"] == name)


def test_the_stand_in_knows_no_more_than_it_says() -> None:
    with pytest.raises(Failure, match="GetStats"):
        carry_out(Obs().room, "GetStats", {})
