"""Outdoor screens: a handful of lines beside the photo, read in five to eight seconds."""

from typing import ClassVar

from channels.contract import Notice, Piece, Profile, Rendition
from channels.lines import lines
from channels.pictures import pictures
from channels.pieces import LANDSCAPE, poster


class Screen:
    """Texts: ``lines``, fitted to the panel's columns and rows (16 × 8 where it states none)."""

    name: ClassVar[str] = "screen"
    title: ClassVar[str] = "户外电子屏"

    def render(self, notice: Notice, profile: Profile) -> Rendition:
        """Word the notice for passers-by."""
        return Rendition(notice, self.name, {"lines": lines(notice, profile.panel)}, pictures(notice), profile.duty)

    def pieces(self, notice: Notice, profile: Profile) -> tuple[Piece, ...]:
        """A poster at the size of the panel, 1920 × 1080 where none is stated."""
        return poster(profile.panel, LANDSCAPE)
