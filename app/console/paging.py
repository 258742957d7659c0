"""Long lists, a page at a time; and numbers as they stand in addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from app.domain.errors import NotFound

PAGE = 50


@dataclass(frozen=True, slots=True)
class Paging:
    """``number`` counts from 1. ``asked`` are the other parts of the list's address."""

    number: int
    asked: Mapping[str, str]
    total: int = 0

    @property
    def skip(self) -> int:
        return (self.number - 1) * PAGE

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE))

    @property
    def before(self) -> str:
        return self.href(page=self.number - 1) if self.number > 1 else ""

    @property
    def after(self) -> str:
        return self.href(page=self.number + 1) if self.number < self.pages else ""

    def href(self, page: int = 1, **changes: str) -> str:
        """The address of another page of this list, or of the list with something else asked for."""
        asked = {**self.asked, **changes} | ({"page": str(page)} if page > 1 else {})
        return f"?{urlencode({name: said for name, said in asked.items() if said})}"


def page_number(said: str) -> int:
    """Which page; what is no number is the first."""
    return max(1, int(said)) if said.isascii() and said.isdigit() and len(said) < 6 else 1


def row_id(said: str) -> int:
    """The id of a row. Raises NotFound for what no row is called."""
    if not (said.isascii() and said.isdigit() and len(said) <= 18):
        raise NotFound("没有这一项。", "There is no such thing.")
    return int(said)
