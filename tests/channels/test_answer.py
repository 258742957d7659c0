"""What a 2xx says in its body. A success is believed only where nothing in the body takes it back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from channels.carriers.answer import read
from channels.contract import Accepted, Reason, ReceiptKind, Refused, Retry, StatedReceipt

AT = datetime(2026, 11, 23, 15, 4, 7, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    "body",
    [
        b"", b" \r\n", b"ok", b"OK\n", b"success", "收到".encode(), "收到".encode("gbk"), b"[]", b"null", b"true", b"{}", b'"ok"',
        b"1", b'"' + b"x" * 5000 + b'"', b"x" * 200,
        b'{"errcode": 0, "errmsg": "ok"}', b'{"errcode": "0"}', b'{"errcode": null}', b'{"accepted": true}',
        b'{"reference": ""}', b'{"reference": null}', b'{"reference": true}', b'{"reference": ["a"]}',
    ],
)  # fmt: skip
def test_a_plain_yes(body: bytes) -> None:
    assert read(body) == Accepted()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"<html>\xe7\x99\xbb\xe5\xbd\x95</html>", "网页"),
        (b"\xef\xbb\xbf \n<!DOCTYPE html><title>Sign in to the network</title>", "网页"),
        (b"<script>location='http://portal.example/'</script>", "网页"),
        (b'<?xml version="1.0"?><ok/>', "网页"),
        ("<html>".encode("utf-16"), "网页"),
        (b"{broken", "不完整"),
        (b'{"errcode": 310', "不完整"),
        (b'[{"errcode": 310000}', "不完整"),
        (b"false", "false"),
        (b"x" * 201, "过长"),
        (b"Welcome. " * 40, "过长"),
    ],
)
def test_what_somebody_else_answered_is_no_yes(body: bytes, word: str) -> None:
    """A captive portal and a proxy say 200 too; and a refusal may have been in what broke off."""
    outcome = read(body)
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.UNINTELLIGIBLE
    assert word in outcome.detail


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ('{"errcode": 310000, "errmsg": "sign not match"}', "errcode 310000 sign not match"),
        ('{"errcode": "E42"}', "errcode E42"),
        ('{"errcode": -1, "reference": "x"}', "errcode -1"),
        ('{"errcode": 0, "accepted": false, "note": "频道停播"}', "频道停播"),
        ('{"accepted": false}', "对方答复不接受"),
        ('{"receipt": {"kind": "rejected", "note": "照片不清"}}', "照片不清"),
        ('{"receipt": {"kind": "rejected", "at": "yesterday"}}', "对方回执为拒绝"),
        ('\ufeff{"errcode": 1, "errmsg": "见 https://x.example/?k=1"}', "errcode 1 见 …"),
    ],
)
def test_a_refusal_inside_a_yes(body: str, note: str) -> None:
    assert read(body.encode()) == Refused(Reason.REJECTED, note)


def test_a_refusal_in_gbk_is_a_refusal() -> None:
    assert read('{"errcode": 7, "errmsg": "素材不合格"}'.encode("gbk")) == Refused(
        Reason.REJECTED, "errcode 7 素材不合格"
    )


@pytest.mark.parametrize("code", ["true", "[]", "{}"])
def test_a_code_that_is_none_is_not_a_success(code: str) -> None:
    outcome = read(f'{{"errcode": {code}}}'.encode())
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.UNINTELLIGIBLE


@pytest.mark.parametrize(
    ("reference", "kept"),
    [('"po-42"', "po-42"), ("42", "42"), (f'"{"x" * 200}"', "x" * 200), (f'"{"x" * 201}"', None), ('"a\\nb"', None)],
)
def test_references(reference: str, kept: str | None) -> None:
    assert read(f'{{"reference": {reference}}}'.encode()) == Accepted(reference=kept)


@pytest.mark.parametrize(
    ("receipt", "stated"),
    [
        ('{"kind": "received"}', StatedReceipt(ReceiptKind.RECEIVED)),
        (
            '{"kind": "aired", "at": "2026-11-23T15:04:07+08:00", "note": "一套", "evidence": "https://tv.example/1.jpg"}',
            StatedReceipt(ReceiptKind.AIRED, AT, "一套", "https://tv.example/1.jpg"),
        ),
        (
            '{"kind": "taken_down", "at": "2026-11-23T07:04:07.5Z"}',
            StatedReceipt(ReceiptKind.TAKEN_DOWN, datetime(2026, 11, 23, 7, 4, 7, 500_000, tzinfo=UTC)),
        ),
        ('{"kind": "aired", "at": "", "note": null, "evidence": null}', StatedReceipt(ReceiptKind.AIRED)),
        (
            '{"kind": "aired", "at": "2026-11-23T15:04:07+08:00", "until": "2026-11-23T15:04:37+08:00"}',
            StatedReceipt(ReceiptKind.AIRED, AT, until=AT + timedelta(seconds=30)),
        ),
    ],
)
def test_receipts(receipt: str, stated: StatedReceipt) -> None:
    assert read(f'{{"reference": "r", "receipt": {receipt}}}'.encode()) == Accepted("r", stated)


@pytest.mark.parametrize(
    "receipt",
    [
        "null", "[]", '"aired"', "{}", '{"kind": "shown"}', '{"kind": 1}',
        '{"kind": "aired", "at": "2026-11-23T15:04:07"}', '{"kind": "aired", "at": "2026-13-23T15:04:07Z"}',
        '{"kind": "aired", "at": 1764000000}', '{"kind": "aired", "at": "2026-11-23"}', '{"kind": "aired", "note": 1}',
        '{"kind": "aired", "evidence": "javascript:alert(1)"}', '{"kind": "aired", "evidence": "https://[x"}',
        '{"kind": "aired", "evidence": "https://u:p@x.example"}',
        '{"kind": "aired", "evidence": "https://x.example/' + "y" * 490 + '"}',
        '{"kind": "aired", "evidence": ["https://x.example"]}', '{"kind": "aired", "until": "2026-11-23T15:04:07+08:00"}',
        '{"kind": "aired", "at": "2026-11-23T15:04:07+08:00", "until": "2026-11-23T15:04:06+08:00"}',
        '{"kind": "received", "at": "2026-11-23T15:04:07+08:00", "until": "2026-11-23T15:04:08+08:00"}',
    ],
)  # fmt: skip
def test_a_malformed_receipt_does_not_undo_the_yes(receipt: str) -> None:
    assert read(f'{{"reference": "r", "receipt": {receipt}}}'.encode()) == Accepted("r")
