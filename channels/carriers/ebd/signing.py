"""Who signs what we send. Software keys are one way; a hardware unit is another, plugged in by an entry point."""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import ClassVar, Protocol, TypeVar

from channels.carriers.ebd import sm2

SIGNER_GROUP = "huijia.signers"
UNSIGNED = "none"

# One at a time: threads that compute side by side in Python only take the interpreter away from the event loop.
_TURN = ThreadPoolExecutor(1, "sm2")
T = TypeVar("T")


class SigningFailed(Exception):
    """No signature could be made, so nothing was sent. The text is a Chinese sentence without a secret."""


class Signer(Protocol):
    """Makes SM2 signatures over SM3. ``title`` is the Chinese name operators see; ``needs_key``: the outlet must have a
    ``signing_key``."""

    name: ClassVar[str]
    title: ClassVar[str]
    needs_key: ClassVar[bool]

    async def sign(self, data: bytes, key: str) -> bytes:
        """What ``SignatureValue`` holds before Base64: r and s, 32 bytes each, or what a unit gives instead. ``key`` is the
        outlet's ``signing_key`` or empty: the private key, or what the unit calls it. Does not block the event loop, and
        ends by itself. Raises :class:`SigningFailed`."""
        ...


class SoftwareSigner:
    """The private key lies in the sealed settings of the outlet, 64 hex digits."""

    name: ClassVar[str] = "sm2"
    title: ClassVar[str] = "软件密钥（SM2）"
    needs_key: ClassVar[bool] = True

    async def sign(self, data: bytes, key: str) -> bytes:
        """r and s."""
        if not sm2.is_private_key(key):
            raise SigningFailed("签名私钥不正确")
        return await _in_turn(lambda: sm2.sign(key, data))


async def verified(public: str, data: bytes, signature: bytes) -> bool:
    """As :func:`channels.carriers.ebd.sm2.verify`."""
    return await _in_turn(lambda: sm2.verify(public, data, signature))


async def _in_turn(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_TURN, work)


def assembled(*built_in: Signer) -> Mapping[str, Signer]:
    """Ours and the plugged ones, by name. One that cannot be used stops the boot: :class:`TypeError`."""
    found = {signer.name: signer for signer in built_in}
    for point in entry_points(group=SIGNER_GROUP):
        signer = point.load()
        signs = inspect.iscoroutinefunction(getattr(signer, "sign", None))
        whole = signs and hasattr(signer, "title") and hasattr(signer, "needs_key")
        if isinstance(signer, type) or not whole or getattr(signer, "name", None) != point.name:
            raise TypeError(f"entry point {point.name!r} of {SIGNER_GROUP} gives no signer of that name")
        if point.name in found or point.name == UNSIGNED:
            raise TypeError(f"two signers are called {point.name!r}")
        found[point.name] = signer
    return MappingProxyType(found)


SIGNERS: Mapping[str, Signer] = assembled(SoftwareSigner())
