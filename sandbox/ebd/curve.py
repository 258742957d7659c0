"""SM2 over SM3, by the formulas of GB/T 32918.2, in plain integers."""

import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
USER = b"1234567812345678"

Point = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Keys:
    """``public`` is x and y in hex."""

    private: int
    public: str

    @property
    def private_hex(self) -> str:
        return f"{self.private:064x}"


def generate() -> Keys:
    """A fresh pair."""
    return keys_of(f"{secrets.randbelow(N - 2) + 1:064x}")


def keys_of(private: str) -> Keys:
    """The pair that a private key in hex belongs to."""
    return Keys(int(private, 16), _hex(_times(int(private, 16), G)))


def sign(keys: Keys, data: bytes) -> bytes:
    """r and s, 32 bytes each (§6.1)."""
    e = _digest(keys.public, data)
    while True:
        k = secrets.randbelow(N - 1) + 1
        point = _times(k, G)
        assert point is not None
        r = (e + point[0]) % N
        s = pow(1 + keys.private, -1, N) * (k - r * keys.private) % N
        if r and s and r + k != N:
            return r.to_bytes(32) + s.to_bytes(32)


def verify(public: str, data: bytes, signature: bytes) -> bool:
    """§7.1, with all of its range checks."""
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    t = (r + s) % N
    if not (0 < r < N and 0 < s < N) or t == 0:
        return False
    point = _add(_times(s, G), _times(t, _point(public)))
    return point is not None and (_digest(public, data) + point[0]) % N == r


def _digest(public: str, data: bytes) -> int:
    curve = b"".join(number.to_bytes(32) for number in (A, B, *G))
    z = _sm3((len(USER) * 8).to_bytes(2) + USER + curve + bytes.fromhex(public))
    return int.from_bytes(_sm3(z + data))


def _sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def _point(public: str) -> Point:
    return int(public[:64], 16), int(public[64:], 16)


def _hex(point: Point) -> str:
    assert point is not None
    return f"{point[0]:064x}{point[1]:064x}"


def _times(factor: int, point: Point) -> Point:
    total: Point = None
    while factor:
        if factor & 1:
            total = _add(total, point)
        point = _add(point, point)
        factor >>= 1
    return total


def _add(one: Point, two: Point) -> Point:
    if one is None or two is None:
        return one or two
    if one[0] == two[0]:
        if (one[1] + two[1]) % P == 0:
            return None
        slope = (3 * one[0] * one[0] + A) * pow(2 * one[1], -1, P) % P
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, P) % P
    x = (slope * slope - one[0] - two[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P
