"""Who signs what we send. Software keys are one way; a hardware unit is another, plugged in by an entry point."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import ClassVar, Protocol

from channels.carriers.ebd import sm2

SIGNER_GROUP = "huijia.signers"
UNSIGNED = "none"


class SigningFailed(Exception):
    """No signature could be made, so nothing was sent. The text is a Chinese sentence without a secret."""


class Signer(Protocol):
    """Makes SM2 signatures over SM3. ``title`` is the Chinese name operators see."""

    name: ClassVar[str]
    title: ClassVar[str]
    needs_key: ClassVar[bool]

    def sign(self, data: bytes, key: str) -> bytes:
        """What ``SignatureValue`` holds before Base64: r and s, 32 bytes each, or what the unit gives instead. ``key`` is
        the outlet's ``signing_key``: the private key, or what the unit calls it (empty where ``needs_key`` is false).
        Called in a thread; may block. Raises :class:`SigningFailed`."""
        ...


class SoftwareSigner:
    """The private key lies in the sealed settings of the outlet, 64 hex digits."""

    name: ClassVar[str] = "sm2"
    title: ClassVar[str] = "软件密钥（SM2）"
    needs_key: ClassVar[bool] = True

    def sign(self, data: bytes, key: str) -> bytes:
        """r and s."""
        if not sm2.is_private_key(key):
            raise SigningFailed("签名私钥不正确")
        return sm2.sign(key, data)


def assembled(*built_in: Signer) -> Mapping[str, Signer]:
    """Ours and the plugged ones, by name. One that cannot be used stops the boot: :class:`TypeError`."""
    found = {signer.name: signer for signer in built_in}
    for point in entry_points(group=SIGNER_GROUP):
        signer = point.load()
        whole = all(hasattr(signer, name) for name in ("title", "needs_key")) and callable(
            getattr(signer, "sign", None)
        )
        if isinstance(signer, type) or not whole or getattr(signer, "name", None) != point.name:
            raise TypeError(f"entry point {point.name!r} of {SIGNER_GROUP} gives no signer of that name")
        if point.name in found or point.name == UNSIGNED:
            raise TypeError(f"two signers are called {point.name!r}")
        found[point.name] = signer
    return MappingProxyType(found)


SIGNERS: Mapping[str, Signer] = assembled(SoftwareSigner())
