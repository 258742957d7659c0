"""From a frozen public notice to what a medium shows, and to the bytes that travel."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from app.db.outlets import Profiles
from app.dispatch.studio import Studio
from app.domain.media_url import inbound_path, media_path
from app.domain.notice import Photo, PublicNotice
from app.flows.ports import Plate
from channels import contract as c
from channels.carriers.payload import contents
from channels.registry import channel as _channel

log = logging.getLogger("huijia.press")


class HousePress:
    """Renders with the registered channels. ``base_url`` is where the public finds huijia, without a trailing slash."""

    def __init__(self, base_url: str, media_secret: bytes, studio: Studio | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._secret = media_secret
        self._studio = studio

    def render(
        self, notice: PublicNotice, channel: str, panel: Mapping[str, Any], duty: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Texts and media of one profile, JSON-ready. Media are kept by their content: their URLs are signed on the way
        out, so that no signature lies in the ledger."""
        made = _channel(channel).render(self.notice(notice), _profile(panel, duty))
        return {
            "channel": channel,
            "texts": {k: v if isinstance(v, str) else list(v) for k, v in made.texts.items()},
            "media": [asdict(m) | {"url": ""} for m in made.media],
            "duty": asdict(made.duty),
        }

    async def warm(self) -> None:
        """Be ready to draw before the first record comes."""
        if self._studio is not None:
            await self._studio.warm()

    def close(self) -> None:
        if self._studio is not None:
            self._studio.close()

    async def illustrate(
        self, notice: PublicNotice, profiles: Profiles, photo: bytes | None
    ) -> Mapping[str, Sequence[Plate]]:
        """Without a studio there are words only."""
        return await self.drawn(self.notice(notice), profiles, photo)

    async def drawn(self, said: c.Notice, profiles: Profiles, photo: bytes | None) -> Mapping[str, Sequence[Plate]]:
        """The same of a notice that has no alert."""
        if self._studio is None:
            return {}
        wanted = {name: _pieces(said, *profile) for name, profile in profiles.items()}
        made = await self._studio.make(said, (p for pieces in wanted.values() for p in pieces), photo)
        plates = {piece: _plate(piece, done) for piece, done in made.items()}
        return {name: [plates[p] for p in pieces if p in plates] for name, pieces in wanted.items()}

    def rendition(self, notice: PublicNotice, rendered: Mapping[str, Any]) -> c.Rendition:
        """The rendition that ``render`` made, as carriers take it."""
        return c.Rendition(
            notice=self.notice(notice),
            channel=rendered["channel"],
            texts={k: v if isinstance(v, str) else tuple(v) for k, v in rendered["texts"].items()},
            media=tuple(c.Media(**(m | {"url": self._url(notice, m["sha256"])})) for m in rendered["media"]),
            duty=c.Duty(**rendered["duty"]),
        )

    def inbound(self, outlet_id: int) -> str:
        """Where the outlet's far end calls back."""
        return self.base_url + inbound_path(self._secret, outlet_id)

    def payload(self, notice: PublicNotice, rendered: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a JSON wire carries of it."""
        return contents(self.rendition(notice, rendered))

    def notice(self, n: PublicNotice) -> c.Notice:
        """The same notice in the words of the contract."""
        f = n.facts
        return c.Notice(
            alert=n.alert, number=n.number, kind=c.Kind(n.kind), status=c.Status(n.status), issued_at=n.issued_at,
            expires_at=n.expires_at, unit=n.unit, phone=n.phone, page_url=f"{self.base_url}/p/{n.alert}",
            masked_name=n.masked_name,
            person=c.Person(f.name, f.sex, f.age, f.height_cm, f.features, f.clothing) if f else None,
            loss=c.Loss(f.lost_at, f.place, f.area_code, f.area_name, f.circumstances) if f else None,
            suspect=f.suspect if f else "", vehicle=f.vehicle if f else "", line=n.line,
            photo=self._photo(n, n.photo) if n.photo else None, ends=n.ends,
        )  # fmt: skip

    def _photo(self, n: PublicNotice, p: Photo) -> c.Media:
        return c.Media("photo", p.mime, self._url(n, p.sha256), p.sha256, p.size, p.width, p.height)

    def listed(self, notice: c.Notice, plate: Plate) -> c.Media:
        """A plate of a notice as carriers take it: where it can be fetched until the notice runs out."""
        url = self.base_url + media_path(self._secret, notice.alert, plate.sha256, notice.expires_at)
        role, size = cast(c.Role, plate.role), len(plate.body)
        return c.Media(role, plate.mime, url, plate.sha256, size, plate.width, plate.height, plate.seconds)

    def _url(self, n: PublicNotice, sha256: str) -> str:
        return self.base_url + media_path(self._secret, n.alert, sha256, n.expires_at)


def _profile(panel: Mapping[str, Any], duty: Mapping[str, Any]) -> c.Profile:
    return c.Profile(c.Panel(**panel), c.Duty(**duty))


def _pieces(notice: c.Notice, channel: str, panel: Mapping[str, Any], duty: Mapping[str, Any]) -> Sequence[c.Piece]:
    try:
        return _channel(channel).pieces(notice, _profile(panel, duty))
    except Exception:  # an adapter from outside; the words go out all the same
        log.exception("channel %s cannot say which pieces it needs", channel)
        return ()


def _plate(piece: c.Piece, made: c.Made) -> Plate:
    digest = hashlib.sha256(made.body).hexdigest()
    return Plate(piece.role, made.mime, made.body, made.width, made.height, made.seconds, digest)
