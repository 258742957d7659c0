"""SM2 signatures over SM3 (GB/T 32918.2-2016, GB/T 32905-2016), with the curve and the user id of GB/T 32918.5.

gmssl does the arithmetic on the curve and nothing else. Its own nonces come from ``random``, which gives the private key
away; it verifies without the range checks of GB/T 32918.2 §7.1; it strips leading 0 and 4 from public keys; and its SM3
takes 18 ms for what OpenSSL's takes microseconds.
"""

import secrets
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from gmssl.sm2 import CryptSM2, default_ecc_table

_N, _P, _A, _B = (int(default_ecc_table[name], 16) for name in ("n", "p", "a", "b"))
_G = default_ecc_table["g"]
_USER = b"1234567812345678"
_SIGNED = 64


def sm3(*parts: bytes) -> bytes:
    """The digest of the parts in a row, 32 bytes."""
    digest = hashes.Hash(hashes.SM3())
    for part in parts:
        digest.update(part)
    return digest.finalize()


def is_private_key(key: str) -> bool:
    """True for 64 hex digits that are a private key: 1 ≤ d ≤ n - 2."""
    return len(key) == 64 and _is_hex(key) and 1 <= int(key, 16) <= _N - 2


def is_public_key(key: str) -> bool:
    """True for 128 hex digits, or 130 that begin with 04, which are a point of the curve."""
    point = _point(key)
    if len(point) != 128 or not _is_hex(point):
        return False
    x, y = int(point[:64], 16), int(point[64:], 16)
    return max(x, y) < _P and (y * y - (x * x * x + _A * x + _B)) % _P == 0


@lru_cache(maxsize=64)
def public_key(private: str) -> str:
    """The point that belongs to a private key, 128 hex digits. Takes as long as a signature, so it is kept."""
    return str(_engine()._kg(int(private, 16), _G)).lower()


def sign(private: str, data: bytes, nonce: int | None = None) -> bytes:
    """r and s, 32 bytes each. ``nonce`` is for the published examples only."""
    engine = _engine()
    engine.private_key = private
    digest = _digest(public_key(private), data)
    while True:
        made = engine.sign(digest, f"{nonce or secrets.randbelow(_N - 1) + 1:064x}")
        if made is not None:
            return bytes.fromhex(made)


def verify(public: str, data: bytes, signature: bytes) -> bool:
    """Whether ``signature`` (r and s, 32 bytes each) was made over ``data`` with the key that belongs to ``public``."""
    if len(signature) != _SIGNED or not is_public_key(public):
        return False
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if not (0 < r < _N and 0 < s < _N):
        return False
    engine = _engine()
    engine.public_key = _point(public)
    try:
        return bool(engine.verify(signature.hex(), _digest(_point(public), data)))
    except TypeError:  # the sum is the point at infinity, which gmssl has no form for
        return False


def _engine() -> CryptSM2:
    return CryptSM2(private_key="", public_key="")


def _digest(public: str, data: bytes) -> bytes:
    """SM3(Z ‖ M), GB/T 32918.2 §5.5."""
    curve = "".join(default_ecc_table[name] for name in ("a", "b", "g"))
    known = (len(_USER) * 8).to_bytes(2) + _USER + bytes.fromhex(curve) + bytes.fromhex(public)
    return sm3(sm3(known), data)


def _point(public: str) -> str:
    return public[2:] if len(public) == 130 and public.startswith("04") else public


def _is_hex(text: str) -> bool:
    return text.isascii() and all(char in "0123456789abcdefABCDEF" for char in text)
