"""SM2 and SM3 against the published examples, and against arithmetic that is not gmssl's."""

import shutil
import subprocess
from pathlib import Path

import pytest
from gmssl.sm2 import CryptSM2
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.carriers.ebd import sm2
from sandbox.ebd import curve
from tests.channels.ebd.stage import der

# GB/T 32918.5-2017, annex A: the recommended curve, the user 1234567812345678, the message "message digest".
PRIVATE = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
PUBLIC = (
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
).lower()
NONCE = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
R = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
S = "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
SIGNED = bytes.fromhex(R + S)


@pytest.mark.parametrize(
    ("text", "digest"),
    [  # GB/T 32905-2016, annex A
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_of_the_standard(text: bytes, digest: str) -> None:
    assert sm2.sm3(text).hex() == digest
    assert sm2.sm3(text[:2], text[2:]).hex() == digest


def test_sm2_of_the_standard() -> None:
    assert sm2.public_key(PRIVATE) == PUBLIC
    assert sm2.sign(PRIVATE, b"message digest", NONCE) == SIGNED
    assert sm2.verify(PUBLIC, b"message digest", SIGNED)
    assert sm2.verify(f"04{PUBLIC}", b"message digest", SIGNED)
    assert curve.verify(PUBLIC, b"message digest", SIGNED), "the sandbox's own arithmetic agrees"


def test_openssl_takes_it(tmp_path: Path) -> None:
    """OpenSSL 3 verifies over the same curve and user."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    point = bytes.fromhex(f"04{PUBLIC}")
    algorithm = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")  # ecPublicKey, SM2
    key = b"\x03" + bytes([len(point) + 1, 0]) + point
    (tmp_path / "key").write_bytes(b"\x30" + bytes([len(algorithm) + len(key)]) + algorithm + key)
    (tmp_path / "data").write_bytes(b"message digest")
    (tmp_path / "signature").write_bytes(der(sm2.sign(PRIVATE, b"message digest")))
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-keyform", "DER", "-rawin", "-in", "data"]
    more = ["-sigfile", "signature", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"]
    said = subprocess.run([*command, *more], cwd=tmp_path, capture_output=True, text=True, check=False)
    if "Signature" not in said.stdout:
        pytest.skip(f"this openssl does not know SM2: {said.stderr.strip()[:80]}")
    assert said.stdout.strip() == "Signature Verified Successfully"


@settings(max_examples=15, deadline=None)
@given(data=st.binary(max_size=200), private=st.integers(1, curve.N - 2))
def test_ours_and_the_sandboxs_take_each_other(data: bytes, private: int) -> None:
    public = sm2.public_key(f"{private:064x}")
    keys = curve.Keys(private, public)
    assert curve.verify(public, data, sm2.sign(f"{private:064x}", data))
    assert sm2.verify(public, data, curve.sign(keys, data))
    assert not sm2.verify(public, data + b"!", curve.sign(keys, data))


def test_a_key_that_begins_with_0_or_4_is_kept_whole() -> None:
    """gmssl strips those characters from the front of what it is given."""
    begins = set()
    for private in range(1, 400):
        public = sm2.public_key(f"{private:064x}")
        if public[0] not in "04" or public[:2] in begins:
            continue
        begins.add(public[:2])
        signature = sm2.sign(f"{private:064x}", b"packet")
        assert sm2.verify(public, b"packet", signature)
        assert sm2.verify(f"04{public}", b"packet", signature)
    assert "04" in begins
    assert len(begins) > 10


def test_a_nonce_is_never_used_twice() -> None:
    """Two signatures with one nonce give the private key away; r would be the same."""
    assert len({sm2.sign(PRIVATE, b"same")[:32] for _ in range(8)}) == 8


def number(value: int) -> bytes:
    return value.to_bytes(32)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        SIGNED[:63],
        SIGNED + b"\0",
        number(0) + SIGNED[32:],
        SIGNED[:32] + number(0),
        number(curve.N) + SIGNED[32:],
        SIGNED[:32] + number(curve.N),
        number(curve.N - 1) + number(1),  # r + s = n
        number(1) + number(1),
        SIGNED[32:] + SIGNED[:32],
        number(2**256 - 1) * 2,
    ],
)
def test_what_is_no_signature(signature: bytes) -> None:
    assert sm2.verify(PUBLIC, b"message digest", signature) is False
    assert curve.verify(PUBLIC, b"message digest", signature) is False


def test_a_sum_at_infinity_is_no_signature() -> None:
    """s·G + t·P has no x where s = -t·d: gmssl fails on it with a TypeError."""
    d, t = int(PRIVATE, 16), 7
    s = -t * d % curve.N
    signature = number((t - s) % curve.N) + number(s)
    engine = CryptSM2(private_key="", public_key="")
    engine.public_key = PUBLIC
    with pytest.raises(TypeError):
        engine.verify(signature.hex(), b"\1" * 32)
    assert sm2.verify(PUBLIC, b"message digest", signature) is False


@pytest.mark.parametrize(
    "key", ["", "0" * 64, f"{curve.N:064x}", f"{curve.N - 1:064x}", "f" * 64, "zz" * 32, PRIVATE[:-1], "１" * 64]
)
def test_what_is_no_private_key(key: str) -> None:
    assert not sm2.is_private_key(key)
    assert sm2.is_private_key(PRIVATE)
    assert sm2.is_private_key(f"{curve.N - 2:064x}")


@pytest.mark.parametrize("key", ["", PUBLIC[:-1], PUBLIC[:-1] + "4", "0" * 128, f"02{PUBLIC}", "g" * 128, "f" * 128])
def test_what_is_no_point_of_the_curve(key: str) -> None:
    assert not sm2.is_public_key(key)
    assert sm2.verify(key, b"", SIGNED) is False
