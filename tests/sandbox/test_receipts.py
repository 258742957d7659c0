"""The receipt sender against a huijia that goes away, refuses and comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox import receipts
from sandbox.receipts import Receipt, ReceiptSender
from tests.sandbox.stage import Huijia, payload, stage, until

PARTNER = "沙盒·某台"


def receipt(number: int, kind: str = "aired") -> Receipt:
    return Receipt(f"dlv_{number}", kind, "2026-11-23T15:04:05+08:00")


@asynccontextmanager
async def sending(huijia: Huijia) -> AsyncIterator[ReceiptSender]:
    async with huijia.client() as client:
        sender = ReceiptSender(client, "http://huijia/", {PARTNER: "key-1"}, first_wait=0.01, longest_wait=0.02)
        running = asyncio.create_task(sender.run())
        yield sender
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_falls_due_together_goes_out_together_a_hundred_at_a_time() -> None:
    huijia = Huijia()
    async with sending(huijia) as sender:
        for number in range(250):
            sender.offer(PARTNER, receipt(number))
        assert sender.waiting == 250
        await until(lambda: sender.waiting == 0)
    assert [len(batch) for batch in huijia.batches] == [100, 100, 50]
    assert huijia.receipts == [(f"dlv_{number}", "aired") for number in range(250)]
    assert huijia.keys == {"Bearer key-1"}
    assert huijia.batches[0][0] == {"delivery": "dlv_0", "kind": "aired", "at": "2026-11-23T15:04:05+08:00"}
    assert sender.counts.sent == 250


async def test_five_hundred_screens_share_a_few_calls(tmp_path: Path) -> None:
    async with stage(tmp_path, screens=500) as at:
        for number in range(1, 501):
            await at.send(f"screen-{number}", payload(), f"dlv_{number}")
        await until(lambda: len(at.huijia.receipts) == 1000, 8)
        assert at.town.sender.waiting == 0
        assert len(at.huijia.batches) < 200
        assert len(set(at.huijia.receipts)) == 1000


async def test_it_asks_again_until_huijia_is_back() -> None:
    huijia = Huijia()
    huijia.answers.extend([0, 500, 429, 503, 408])
    async with sending(huijia) as sender:
        sender.offer(PARTNER, receipt(1))
        await until(lambda: huijia.receipts == [("dlv_1", "aired")])
        assert sender.waiting == 0
    assert not huijia.answers
    assert sender.counts.sent == 1


async def test_order_is_kept_through_an_outage() -> None:
    huijia = Huijia()
    huijia.answers.extend([0, 0, 0])
    async with sending(huijia) as sender:
        for number, kind in enumerate(("received", "aired", "taken_down")):
            sender.offer(PARTNER, receipt(1, kind), after=number / 100)
        await until(lambda: len(huijia.receipts) == 3)
    assert [kind for _, kind in huijia.receipts] == ["received", "aired", "taken_down"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_a_refusal_is_final(status: int) -> None:
    huijia = Huijia()
    huijia.answers.append(status)
    async with sending(huijia) as sender:
        sender.offer(PARTNER, receipt(1))
        await until(lambda: sender.counts.refused == 1)
        sender.offer(PARTNER, receipt(2))
        await until(lambda: huijia.receipts == [("dlv_2", "aired")])
        assert sender.waiting == 0


async def test_one_bad_receipt_does_not_spoil_its_batch() -> None:
    huijia = Huijia(bad={"dlv_37"})
    async with sending(huijia) as sender:
        for number in range(100):
            sender.offer(PARTNER, receipt(number))
        await until(lambda: sender.waiting == 0)
        assert (sender.counts.sent, sender.counts.refused) == (99, 1)
    assert {delivery for delivery, _ in huijia.receipts} == {f"dlv_{n}" for n in range(100) if n != 37}


async def test_a_full_lane_drops_its_oldest_and_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "MOST_WAITING", 3)
    huijia = Huijia()
    async with sending(huijia) as sender:
        for number in range(5):
            sender.offer(PARTNER, receipt(number))
        await until(lambda: sender.waiting == 0)
        assert sender.counts.dropped == 2
    assert [delivery for delivery, _ in huijia.receipts] == ["dlv_2", "dlv_3", "dlv_4"]


async def test_a_partner_without_a_key_is_counted_and_sends_nothing() -> None:
    huijia = Huijia()
    async with sending(huijia) as sender:
        sender.offer("沙盒·别人", receipt(1))
        assert sender.counts.keyless == 1
        assert sender.waiting == 0
    assert huijia.batches == []


async def test_what_was_cleared_is_not_sent_any_more() -> None:
    huijia = Huijia()
    huijia.answers.extend([0] * 10_000)
    async with sending(huijia) as sender:
        sender.offer(PARTNER, receipt(1))
        sender.offer(PARTNER, receipt(2), after=60)
        await until(lambda: len(huijia.answers) < 9_999)  # the first is being asked again and again
        sender.clear()
        await until(lambda: sender.waiting == 0)
        huijia.answers.clear()
        sender.offer(PARTNER, receipt(3))
        await until(lambda: len(huijia.receipts) > 0)
    assert huijia.receipts == [("dlv_3", "aired")]


async def test_a_key_is_in_no_repr() -> None:
    async with sending(Huijia()) as sender:
        assert "key-1" not in repr(sender._lanes)
