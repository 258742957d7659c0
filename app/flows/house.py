"""What the edges share, built once by a composition root."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.flows.ports import Ear, Press, Seal, Wirer


@dataclass(frozen=True, slots=True)
class House:
    """``base_url`` is where the public and partners find huijia, without a trailing slash."""

    engine: AsyncEngine
    seal: Seal
    press: Press
    wire: Wirer
    base_url: str
    media_secret: bytes
    ear: Ear | None = None
