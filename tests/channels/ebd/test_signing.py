"""The port for signers, and the two forms of the signature file."""

import base64
import re
import xml.etree.ElementTree as ET
from typing import Any, ClassVar

import pytest

from channels.carriers.ebd import signing, sm2
from channels.carriers.ebd.package import Package
from channels.carriers.ebd.signature import BadSignature, check, signed
from channels.carriers.ebd.signing import SIGNERS, SigningFailed, SoftwareSigner, assembled
from channels.contract import Accepted, Reason, Retry
from sandbox.ebd import curve
from sandbox.ebd.platform import Platform
from tests.channels.ebd import stage as stages
from tests.channels.ebd.stage import OUR_KEYS, THEIR_KEYS, der, settings, stage
from tests.channels.notices import NOW, PUBLISH

EBDID = "10261000000000001030101990000000000000007"
DATA = b"<EBD/>"


class Unit:
    """A hardware unit with a key of its own. ``broken``: it was unplugged."""

    name: ClassVar[str] = "unit"
    title: ClassVar[str] = "签名机"
    needs_key: ClassVar[bool] = False
    broken = False

    async def sign(self, data: bytes, key: str) -> bytes:
        if self.broken:
            raise SigningFailed("签名机没有应答")
        return curve.sign(OUR_KEYS, data)


class Blocking(Unit):
    """Not a coroutine: it would stop the event loop."""

    def sign(self, data: bytes, key: str) -> bytes:  # type: ignore[override]
        return b""


class Point:
    """As importlib.metadata gives an entry point."""

    def __init__(self, name: str, gives: Any) -> None:
        self.name = name
        self._gives = gives

    def load(self) -> Any:
        return self._gives


def plug(monkeypatch: pytest.MonkeyPatch, *points: Point) -> None:
    monkeypatch.setattr(signing, "entry_points", lambda group: points if group == "huijia.signers" else ())


def test_a_unit_is_plugged_in_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, Point("unit", Unit()))
    assert set(assembled(SoftwareSigner())) == {"sm2", "unit"}


@pytest.mark.parametrize(
    "point",
    [
        Point("unit", Unit),
        Point("other", Unit()),
        Point("unit", object()),
        Point("unit", Blocking()),
        Point("sm2", SoftwareSigner()),
    ],
)
def test_a_unit_that_will_not_do_stops_the_boot(monkeypatch: pytest.MonkeyPatch, point: Point) -> None:
    plug(monkeypatch, point)
    with pytest.raises(TypeError, match=point.name):
        assembled(SoftwareSigner())


async def test_a_unit_signs_what_goes_out_and_its_failure_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = Unit()
    for module in ("settings", "signature"):
        monkeypatch.setattr(f"channels.carriers.ebd.{module}.SIGNERS", {**SIGNERS, "unit": unit})
    at = stage(settings(signer="unit", cert_sn="000000003363"))
    at.post.platform = Platform(stages.identity(peer_key=OUR_KEYS.public), stages.AT_ONCE)
    assert isinstance(await at.send(PUBLISH, "dlv_1"), Accepted), at.rules()
    unit.broken = True
    calls = len(at.wire.calls)
    outcome = await at.send(PUBLISH, "dlv_2")
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.BAD_CREDENTIALS
    assert "签名机没有应答" in outcome.detail
    assert len(at.wire.calls) == calls


async def made(version: str, **changes: Any) -> ET.Element:
    file = await signed(DATA, EBDID, stages.signed(version, **changes), NOW)
    assert file is not None
    return ET.fromstring(file)


async def test_the_file_of_2018() -> None:
    root = await made("2018")
    tags = ["Version", "RelatedEBD", "CertSN", "SignatureAlgorithm", "SignatureValue"]
    assert [child.tag for child in root] == tags
    assert root.findtext("RelatedEBD/EBDID") == EBDID
    assert root.findtext("SignatureAlgorithm") == "SM2-SM3"
    value = base64.b64decode(root.findtext("SignatureValue") or "", validate=True)
    assert sm2.verify(OUR_KEYS.public, DATA, value)


async def test_the_file_of_2016() -> None:
    root = await made("2016", issuer_id="000000000075")
    tags = ["Version", "RelatedEBD", "SignatureCert", "SignatureTime", "DigestAlgorithm", "SignatureAlgorithm"]
    assert [child.tag for child in root] == [*tags, "SignatureValue"]
    assert [child.tag for child in root[2]] == ["CertType", "IssuerID", "CertSN"]
    assert root.findtext("SignatureTime") == f"{int(NOW.timestamp()):08x}"
    value = base64.b64decode(root.findtext("SignatureValue") or "", validate=True)
    assert value[:10].hex() == f"{int(NOW.timestamp()):08x}00000000a363"
    assert sm2.verify(OUR_KEYS.public, DATA, value[10:])


def peer_file(value: bytes, *, ebdid: str = EBDID, serial: str = "000000000001", time: str = "") -> bytes:
    head = f"<SignatureTime>{time}</SignatureTime>" if time else ""
    return (
        f"<Signature><Version>1.0</Version><RelatedEBD><EBDID>{ebdid}</EBDID></RelatedEBD><CertSN>{serial}</CertSN>"
        f"{head}<SignatureValue>{base64.b64encode(value).decode()}</SignatureValue></Signature>"
    ).encode()


async def test_every_wrapping_of_r_and_s_is_read() -> None:
    outlet = stages.signed(peer_cert_sn="000000000001")
    for _ in range(10):
        value = curve.sign(THEIR_KEYS, DATA)
        for wrapped, time in (
            (value, ""),
            (der(value), ""),
            (bytes.fromhex("5b2891c5000000000001") + value, "5b2891c5"),
        ):
            await check(Package(DATA, peer_file(wrapped, time=time)), EBDID, outlet)


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (None, "缺少"),
        (b"", "无法解析"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><Signature>&b;</Signature>", "无法解析"),
        (b"<Signed/>", "不对应"),
        (peer_file(curve.sign(THEIR_KEYS, DATA), ebdid=EBDID[:-1] + "8"), "不对应"),
        (peer_file(curve.sign(THEIR_KEYS, DATA), serial="000000000002"), "序列号"),
        (peer_file(curve.sign(THEIR_KEYS, DATA + b" ")), "验证失败"),
        (peer_file(curve.sign(OUR_KEYS, DATA)), "验证失败"),
        (peer_file(b""), "验证失败"),
        (peer_file(b"\x30\x02\x02"), "验证失败"),
        (peer_file(b"\x30\x06\x02\x01\x01\x02\x01\x01"), "验证失败"),
        (peer_file(b"\x30\x80" + bytes(70)), "验证失败"),
        (peer_file(curve.sign(THEIR_KEYS, DATA)).replace(b"Value>", b"Value>!"), "验证失败"),
        (peer_file(curve.sign(THEIR_KEYS, DATA), time="zz"), "验证失败"),
    ],
)
async def test_what_does_not_fit_is_told(file: bytes | None, says: str) -> None:
    with pytest.raises(BadSignature, match=re.escape(says)):
        await check(Package(DATA, file), EBDID, stages.signed(peer_cert_sn="000000000001"))


async def test_nothing_is_asked_where_the_key_is_not_known() -> None:
    await check(Package(DATA), EBDID, settings())
