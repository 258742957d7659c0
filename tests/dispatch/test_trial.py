"""The connection test of one outlet: what it may have put on a screen it takes off again."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.db import media, trials
from app.db.engine import transaction
from app.dispatch import trial as trying
from app.dispatch.keeping import Keeping
from app.dispatch.press import HousePress
from app.dispatch.studio import Studio
from app.dispatch.trial import Trials
from app.dispatch.wire import HttpWire
from app.domain.calling import read_networks
from app.domain.errors import Conflict, NotFound
from app.domain.media_url import media_allowed
from app.flows.enrol import Face
from app.flows.house import House
from app.flows.ports import Trial
from channels import contract as c
from channels.carriers.webhook import Webhook
from tests.dispatch.far import make_place, rows
from tests.dispatch.loopback import read_json, serving
from tests.making import make_outlet, press_of

OK, BUSY, NO = b"200 OK", b"503 Busy", b"400 No"


async def tried(house: House, *answers: bytes | None) -> tuple[str, list[tuple[str, str]]]:
    """The outcome, and kind and status of what the outlet was sent; it hangs where the answer is ``None``."""
    heard: list[tuple[str, str]] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = (await read_json(reader))["data"]
        heard.append((said["kind"], said["status"]))
        answer = answers[len(heard) - 1]
        if answer is None:
            await asyncio.sleep(3600)
        writer.write(b"HTTP/1.1 " + (answer or b"") + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    async with serving(behave) as url:
        key = "whsec_" + "a" * 43 + "="
        id = await make_outlet(house, channel="tv", settings={"url": url, "secret": key})
        trial = await try_out(house, id)
    return trial.outcome, heard


async def try_out(house: House, id: int, allowed: str = "127.0.0.1") -> Trial:
    wire = HttpWire(allowed=read_networks(allowed))
    try:
        return await Trials(house.engine, house.seal, press_of(house), wire).try_out(id, "test")
    finally:
        await wire.close()


async def test_published_and_taken_down(house: House) -> None:
    assert await tried(house, OK, OK) == ("accepted", [("publish", "test"), ("retract", "test")])


async def test_what_was_refused_did_not_air(house: House) -> None:
    assert await tried(house, NO) == ("refused", [("publish", "test")])


async def test_a_failed_take_down_is_told(house: House) -> None:
    assert await tried(house, OK, BUSY) == ("retry", [("publish", "test"), ("retract", "test")])


@pytest.mark.parametrize("answer", [BUSY, None])
async def test_what_may_have_aired_is_taken_down(
    house: House, answer: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer in time does not mean that nothing was shown."""
    monkeypatch.setattr(Webhook, "timeout", timedelta(seconds=0.3))
    assert await tried(house, answer, OK) == ("retry", [("publish", "test"), ("retract", "test")])


async def test_who_takes_no_tests_or_polls_is_not_tried(house: House) -> None:
    strict = await make_outlet(house, takes_tests=False)
    polls = await make_outlet(house, carrier="feed", channel="partner")
    for id in (strict, polls):
        with pytest.raises(Conflict):
            await try_out(house, id)
    with pytest.raises(NotFound):
        await try_out(house, 0)


async def test_the_answer_and_the_time_are_kept(house: House) -> None:
    """In the far end's own words, less its address, its key and the child's name."""
    secret = "whsec_" + "b" * 43 + "="

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = (await read_json(reader))["data"]["person"]["name"]
        said = f'{{"accepted": false, "note": "{name} at {url} by {secret} {"hook-key-77"}: 版面不合"}}'.encode()
        writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(said) + said)

    async with serving(behave) as url:
        id = await make_outlet(house, channel="tv", settings={"url": f"{url}/hook-key-77", "secret": secret})
        trial = await try_out(house, id)
    (step,) = trial.steps
    assert (trial.outcome, step.kind, step.status, step.reason) == ("refused", "publish", 202, "rejected")
    assert 0 < step.milliseconds == trial.milliseconds < 5000
    assert "版面不合" in step.answer
    assert not [word for word in (secret, "127.0.0.1", "hook-key-77", "测试 at") if word in step.answer]
    async with transaction(house.engine) as session:
        (kept,) = await trials.of_outlet(session, id, 10)
    assert (kept["outcome"], kept["by"], kept["steps"][0]["answer"]) == ("refused", "test", step.answer)
    assert kept["milliseconds"] == trial.milliseconds


async def test_a_test_notice_has_the_pictures_that_the_medium_has(house: House) -> None:
    """A wire that shows nothing but pictures would refuse words. They can be fetched, and carried by the wire itself, for
    as long as the notice lasts."""
    heard: list[dict[str, Any]] = []
    press, wire = HousePress(house.base_url, house.media_secret, Studio(1)), HttpWire(Keeping(house.engine))

    class Shows(Webhook):
        async def send(self, rendition: c.Rendition, settings: Any, **more: Any) -> c.Outcome:
            media = [(one, await more["wire"].content(one)) for one in rendition.media]
            heard.append({one.role: (one, body) for one, body in media})
            return c.Accepted()

    async def seen(url: str, code: str, sha256: str) -> bytes | None:
        expires, signature = (part.partition("=")[2] for part in url.partition("?")[2].split("&"))
        now = datetime.now(UTC)
        assert media_allowed(house.media_secret, code, sha256, int(expires), signature, now)
        assert not media_allowed(house.media_secret, code, sha256, int(expires), signature, now + timedelta(minutes=6))
        async with transaction(house.engine) as session:
            found = await media.public(session, code, sha256)
        return found.body if found else None

    id = await make_outlet(house, channel="screen", panel=Face(320, 160, 10, 5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trying, "pushed", lambda _: Shows())
        trial = await Trials(house.engine, house.seal, press, wire).try_out(id, "test")
    press.close()
    await wire.close()
    assert [step.outcome for step in trial.steps] == ["accepted", "accepted"]
    posters = [said["poster"] for said in heard]
    assert len({one.sha256 for one, _ in posters}) == 2, "one says that it is a test, the other that it is over"
    for one, body in posters:
        assert (one.width, one.height, one.size) == (320, 160, len(body))
        code = urlsplit(one.url).path.split("/")[2]
        assert await seen(one.url, code, one.sha256) == body
    async with transaction(house.engine) as session:
        await media.forget_trials(session, timedelta(0))
    assert await seen(posters[0][0].url, code, posters[0][0].sha256) is None


async def test_an_address_that_may_not_be_called(house: House) -> None:
    id = await make_outlet(
        house, channel="tv", settings={"url": "http://127.0.0.1:9/", "secret": "whsec_" + "a" * 43 + "="}
    )
    trial = await try_out(house, id, allowed="10.0.0.0/8")
    assert (trial.outcome, trial.reason) == ("retry", "unreachable")
    assert "HUIJIA_MAY_CALL" in trial.detail
    assert trial.steps[0].status is None


async def test_one_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner may ask for it; it is no way to have somebody called ten times a second."""
    id = await make_outlet(house, channel="tv")
    assert (await try_out(house, id)).outcome == "retry"
    with pytest.raises(Conflict):
        await try_out(house, id)
    monkeypatch.setattr(trying, "REST", timedelta(0))
    assert (await try_out(house, id)).outcome == "retry"


async def test_in_a_group_both_messages_use_a_place_of_its_window(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await make_place(house, "group", channel="dingtalk", carrier="dingtalk_robot")

    async def nowhere(_: str) -> Sequence[str]:
        raise OSError("no name server")

    wire = HttpWire(look_up=nowhere)
    trials = Trials(house.engine, house.seal, press_of(house), wire)
    await trials.try_out(id, "test")
    assert await rows(house, "SELECT outlet_id FROM paced_send") == [(id,), (id,)]
    await rows(
        house, "INSERT INTO paced_send (outlet_id) SELECT outlet_id FROM paced_send, generate_series(1, 7)"
    )  # sixteen of the eighteen that are for others than retractions
    monkeypatch.setattr(trying, "REST", timedelta(0))
    await trials.try_out(id, "test")
    with pytest.raises(Conflict, match="minute"):
        await trials.try_out(id, "test")
    await rows(house, "UPDATE paced_send SET at = at - interval '1 min'")
    await trials.try_out(id, "test")
    await wire.close()
