"""Rectangles on a picture, and cutting them up. Pixels; right and bottom are just outside."""

from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle; it may be empty, never negative."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    def inset(self, across: int, down: int | None = None) -> "Box":
        """What remains inside margins."""
        down = across if down is None else down
        across, down = min(across, self.width // 2), min(down, self.height // 2)
        return Box(self.left + across, self.top + down, self.right - across, self.bottom - down)

    def from_left(self, size: int, gap: int = 0) -> tuple["Box", "Box"]:
        """A column, and what is left of it after a gap."""
        cut = self.left + max(0, min(size, self.width))
        return self._replace(right=cut), self._replace(left=min(cut + gap, self.right))

    def from_right(self, size: int, gap: int = 0) -> tuple["Box", "Box"]:
        """A column at the right edge, and the rest."""
        cut = self.right - max(0, min(size, self.width))
        return self._replace(left=cut), self._replace(right=max(cut - gap, self.left))

    def from_top(self, size: int, gap: int = 0) -> tuple["Box", "Box"]:
        """A row, and what is left below it after a gap."""
        cut = self.top + max(0, min(size, self.height))
        return self._replace(bottom=cut), self._replace(top=min(cut + gap, self.bottom))

    def from_bottom(self, size: int, gap: int = 0) -> tuple["Box", "Box"]:
        """A row at the lower edge, and the rest."""
        cut = self.bottom - max(0, min(size, self.height))
        return self._replace(top=cut), self._replace(bottom=max(cut - gap, self.top))

    def centred(self, width: int, height: int) -> "Box":
        """A box of this size in the middle of this one."""
        left, top = self.left + (self.width - width) // 2, self.top + (self.height - height) // 2
        return Box(left, top, left + width, top + height)

    def within(self, other: "Box") -> "Box":
        """What of this box lies inside the other."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return Box(left, top, max(min(self.right, other.right), left), max(min(self.bottom, other.bottom), top))

    def meets(self, other: "Box") -> bool:
        """True when they share a pixel."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: "Box") -> bool:
        """True when the other lies wholly inside."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )
