"""Outdoor screens: a handful of lines beside the photo, read in five to eight seconds."""

from typing import ClassVar

from channels.contract import Notice, Profile, Rendition
from channels.lines import lines
from channels.pictures import pictures


class Screen:
    """Texts: ``lines``, fitted to the panel's columns and rows (16 × 8 where it states none)."""

    name: ClassVar[str] = "screen"
    title: ClassVar[str] = "户外电子屏"

    def render(self, notice: Notice, profile: Profile) -> Rendition:
        """Word the notice for passers-by."""
        return Rendition(notice, self.name, {"lines": lines(notice, profile.panel)}, pictures(notice), profile.duty)
