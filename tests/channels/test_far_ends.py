"""What a carrier owes whose wire is more than one HTTP call: the same promises as in test_contract.py, kept towards a far
end that really speaks."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.contract import (
    Accepted,
    Carrier,
    Kind,
    Notice,
    Outcome,
    Proves,
    Reason,
    ReceiptKind,
    Refused,
    Rendition,
    Retracts,
    Retry,
    StatedReceipt,
    Status,
    WireError,
)
from channels.registry import CARRIERS, is_sent, is_tended
from tests.channels.far_ends import FAR_ENDS, Behaviour, FarEnd, medium_of, pressed, wired
from tests.channels.notices import NOW, PUBLISH, RETRACT, SECRETS_OF_THE_CHILD, UPDATE, named
from tests.channels.recorded import secrets_of
from tests.channels.test_contract import BEGINS, MARKS, leaks
from tests.channels.wire import FakeWire

OTHER = replace(PUBLISH, alert="HJ-2026-000124", number=1)

carriers = pytest.mark.parametrize("name", FAR_ENDS)


def carrier_of(name: str) -> Carrier[Any]:
    carrier = CARRIERS[name]
    assert is_sent(carrier)
    return carrier


@asynccontextmanager
async def standing(name: str, behaviour: Behaviour) -> AsyncIterator[FarEnd]:
    """The far end; a behaviour that its wire has no word for is skipped with the reason."""
    far = wired(name)
    assert set(far.lacks) <= {Behaviour.REFUSES, Behaviour.THROTTLES, Behaviour.ECHOES}
    if behaviour in far.lacks:
        pytest.skip(f"{name}: {far.lacks[behaviour]}")
    async with far.start(behaviour) as end:
        yield end


async def send(
    name: str, end: FarEnd, notice: Notice = PUBLISH, *, key: str = "dlv_9", prior: str | None = None
) -> Outcome:
    rendition, kept = pressed(notice, medium_of(name))
    end.wire.keep(kept)
    deadline = carrier_of(name).timeout.total_seconds()
    async with asyncio.timeout(deadline + 1):
        return await carrier_of(name).send(rendition, end.settings, key=key, prior=prior, now=NOW, wire=end.wire)


def reference(outcome: Outcome) -> str | None:
    assert isinstance(outcome, Accepted), outcome
    return outcome.reference


async def evidence(name: str, end: FarEnd, notice: Notice, key: str, prior: str | None) -> set[ReceiptKind]:
    """What tending brings within three seconds, asked as often as a dispatcher never would."""
    carrier = CARRIERS[name]
    assert is_tended(carrier)
    rendition: Rendition = pressed(notice, medium_of(name))[0]
    wanted = ReceiptKind.TAKEN_DOWN if notice.kind is Kind.RETRACT else ReceiptKind.AIRED
    found: set[ReceiptKind] = set()
    until = time.monotonic() + 3
    while wanted not in found and time.monotonic() < until:
        receipts = await carrier.tend(rendition, end.settings, key=key, reference=prior, now=NOW, wire=end.wire)
        found |= {receipt.kind for receipt in receipts if isinstance(receipt, StatedReceipt)}
        await asyncio.sleep(0.02)
    return found


def test_a_far_end_is_named_like_the_carrier_that_calls_it() -> None:
    assert set(FAR_ENDS) <= {name for name, carrier in CARRIERS.items() if is_sent(carrier)}


@carriers
@pytest.mark.parametrize(
    ("behaviour", "kind", "reasons"),
    [
        (Behaviour.ACCEPTS, Accepted, None),
        (Behaviour.REFUSES, Refused, None),
        (Behaviour.THROTTLES, Retry, {Reason.THROTTLED}),
        (Behaviour.GARBAGE, Retry, {Reason.UNINTELLIGIBLE, Reason.BROKEN}),
        (Behaviour.BREAKS, Retry, {Reason.BROKEN, Reason.UNREACHABLE}),
        (Behaviour.AWAY, Retry, {Reason.UNREACHABLE}),
    ],
)
async def test_what_it_met_is_what_it_says(
    name: str, behaviour: Behaviour, kind: type[Outcome], reasons: set[Reason] | None
) -> None:
    async with standing(name, behaviour) as end:
        outcome = await send(name, end)
        assert isinstance(outcome, kind), outcome
        if reasons is not None:
            assert not isinstance(outcome, Accepted)
            assert outcome.reason in reasons
        assert bool(end.showing()) == (behaviour is Behaviour.ACCEPTS)


@carriers
@pytest.mark.parametrize("behaviour", [Behaviour.HANGS, Behaviour.DRIPS])
async def test_one_that_hangs_or_drips_costs_no_more_than_the_deadline(
    name: str, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(carrier_of(name)), "timeout", timedelta(seconds=0.6))
    async with standing(name, behaviour) as end:
        began = time.monotonic()
        outcome = await send(name, end)
        assert time.monotonic() - began < 0.6 + 0.3
        assert isinstance(outcome, Retry)
        assert outcome.reason is Reason.TIMEOUT


@carriers
@pytest.mark.parametrize("notice", [replace(n, status=s) for n in (PUBLISH, UPDATE) for s in Status], ids=named)
async def test_what_is_shown_carries_its_mark(name: str, notice: Notice) -> None:
    async with standing(name, Behaviour.ACCEPTS) as end:
        assert isinstance(await send(name, end, notice), Accepted)
        (words,) = end.showing()
        assert BEGINS[notice.kind] in words
        assert {mark for mark in MARKS.values() if mark and mark in words} == {MARKS[notice.status]} - {""}


@carriers
@pytest.mark.parametrize("status", Status)
async def test_a_retraction_takes_its_alert_off_and_no_other(name: str, status: Status) -> None:
    """And tells nothing of the child while it does."""
    carrier = carrier_of(name)
    async with standing(name, Behaviour.ACCEPTS) as end:
        prior = reference(await send(name, end, replace(PUBLISH, status=status), key="dlv_1"))
        await send(name, end, replace(OTHER, status=status), key="dlv_2")
        before = len(end.heard)
        gone = replace(RETRACT, status=status)
        assert isinstance(await send(name, end, gone, key="dlv_3", prior=prior), Accepted)
        said = "\n".join(end.heard[before:])
        assert not [fact for fact in SECRETS_OF_THE_CHILD if fact in said]
        shown = [words for words in end.showing() if BEGINS[Kind.RETRACT] not in words]
        if carrier.retracts is Retracts.TAKE_DOWN:
            assert len(shown) == 1, "the other alert, and it alone"
        elif carrier.retracts is Retracts.BY_TARGET_ONLY:
            assert shown == []


@carriers
async def test_a_retraction_of_what_never_arrived_is_no_trouble(name: str) -> None:
    async with standing(name, Behaviour.ACCEPTS) as end:
        assert isinstance(await send(name, end, RETRACT), Accepted)
        assert [words for words in end.showing() if BEGINS[Kind.RETRACT] not in words] == []


@carriers
async def test_the_same_key_twice_shows_once(name: str) -> None:
    async with standing(name, Behaviour.ACCEPTS) as end:
        assert isinstance(await send(name, end), Accepted)
        assert isinstance(await send(name, end), Accepted)
        assert len(end.showing()) == 1


@carriers
async def test_an_update_takes_the_place_of_what_it_ends(name: str) -> None:
    async with standing(name, Behaviour.ACCEPTS) as end:
        prior = reference(await send(name, end, PUBLISH, key="dlv_1"))
        assert isinstance(await send(name, end, UPDATE, key="dlv_2", prior=prior), Accepted)
        (words,) = end.showing()
        assert BEGINS[Kind.UPDATE] in words


@carriers
async def test_tending_brings_the_proof(name: str) -> None:
    if not is_tended(CARRIERS[name]):
        pytest.skip(f"{name} is not tended")
    async with standing(name, Behaviour.ACCEPTS) as end:
        prior = reference(await send(name, end, PUBLISH, key="dlv_1"))
        found = await evidence(name, end, PUBLISH, "dlv_1", prior)
        assert (ReceiptKind.AIRED in found) == (carrier_of(name).proves is Proves.AIRED)
        gone = reference(await send(name, end, RETRACT, key="dlv_2", prior=prior))
        assert ReceiptKind.AIRED not in await evidence(name, end, RETRACT, "dlv_2", gone)


@carriers
@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.TIMEOUT, Reason.BROKEN])
async def test_no_line_means_nobody_knows(name: str, reason: Reason) -> None:
    async with standing(name, Behaviour.ACCEPTS) as end:
        end.wire = Cut(WireError(reason, "reset by peer"))
        outcome = await send(name, end)
        assert isinstance(outcome, Retry)
        assert outcome.reason is reason


@carriers
async def test_a_bug_is_not_disguised_as_an_answer(name: str) -> None:
    async with standing(name, Behaviour.ACCEPTS) as end:
        end.wire = Cut(ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            await send(name, end)


@carriers
async def test_no_secret_is_told_even_when_the_far_end_repeats_it(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for behaviour in Behaviour:
            if behaviour in wired(name).lacks or behaviour in (Behaviour.HANGS, Behaviour.DRIPS):
                continue
            async with wired(name).start(behaviour) as end:
                outcome = await send(name, end)
                assert not leaks(repr(outcome), secrets_of(end.settings)), behaviour
                assert isinstance(outcome, Accepted) or len(outcome.detail) <= 200
    assert [record for record in caplog.records if record.name.startswith("channels")] == []


class Cut(FakeWire):
    """Every way out fails in the same way."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def request(self, *_: Any, **__: Any) -> Any:
        raise self._error

    async def dial(self, *_: Any, **__: Any) -> Any:
        raise self._error

    async def held(self, *_: Any) -> Any:
        raise self._error

    async def content(self, *_: Any) -> Any:
        raise self._error

    async def count(self, *_: Any) -> Any:
        raise self._error
