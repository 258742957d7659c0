"""What the edges share, built once by a composition root."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from app.flows.notary import Notary
from app.flows.ports import Press, Seal, Wirer


@dataclass(frozen=True, slots=True)
class House:
    """``base_url`` is where the public and partners find huijia, without a trailing slash.
    ``cap_sender`` names the house in CAP documents."""

    engine: AsyncEngine
    seal: Seal
    press: Press
    wire: Wirer
    base_url: str
    media_secret: bytes
    notary: Notary = field(default_factory=Notary)
    cap_sender: str = "huijia@localhost"
