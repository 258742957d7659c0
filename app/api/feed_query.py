"""What a reader of the feed may ask for in the address."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qsl

from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator, Field, ValidationError

from app.api.parameters import MOST, Parameters
from app.domain.board import Ask
from app.flows.faults import Complaint
from app.forms.instants import Instant

LONGEST_WAIT = 60
PAGE = 500
ORDINARY = 200
"""Bytes of a query that is worth remembering."""
_NUMBER = Field(pattern=r"^[0-9]{1,18}$")

Q = TypeVar("Q", bound="StreamQuery")


def _plus(value: object) -> object:
    """An offset's ``+`` that was not escaped arrives as a space."""
    return value.replace(" ", "+") if isinstance(value, str) else value


class StreamQuery(Parameters):
    """Of those who listen. The defaults are those of a reader who begins."""

    cursor: Annotated[str, _NUMBER, Field(description="`cursor` of the answer before. Old ones stay valid.")] = "0"
    all: Annotated[
        bool, Field(description="Also the notices of your outlets that huijia calls (webhook and others).")
    ] = False
    outlet: Annotated[
        str | None,
        _NUMBER,
        Field(description="Only notices of this outlet of yours: nothing is fetched, and so accepted, for the others."),
    ] = None
    since: Annotated[
        Instant | None,
        BeforeValidator(_plus),
        Field(description="Only notices issued at this time or later (RFC 3339)."),
    ] = None

    def ask(self, partner: int, live: bool) -> Ask:
        """As this partner asks it, with a key of this kind."""
        outlet = int(self.outlet) if self.outlet is not None else None
        return Ask(partner, live, self.all, int(self.cursor), PAGE, since=self.since, outlet=outlet)


class FeedQuery(StreamQuery):
    """Of those who ask."""

    limit: Annotated[int, Field(ge=1, le=PAGE, description="Items at most.")] = 100
    wait: Annotated[
        int,
        Field(ge=0, le=LONGEST_WAIT, description="Seconds to wait for something new before answering with nothing."),
    ] = 0
    order: Annotated[
        Literal["oldest", "newest"],
        Field(description="`newest`: what stands now, newest first; `cursor` then leads on from now."),
    ] = "oldest"
    before: Annotated[
        str | None, _NUMBER, Field(description="With `order=newest`: only numbers below this, for the next page.")
    ] = None

    def ask(self, partner: int, live: bool) -> Ask:
        before = int(self.before) if self.before is not None else None
        asked = super().ask(partner, live)
        return replace(asked, limit=self.limit, newest=self.order == "newest", before=before)


def read_ask(query: bytes, partner: int, live: bool) -> tuple[Ask, int]:
    """What is asked, and for how many seconds it may wait. Raises RequestValidationError."""
    return (_read_again if len(query) <= ORDINARY else _read)(query, partner, live)


def _read(query: bytes, partner: int, live: bool) -> tuple[Ask, int]:
    read = _read_as(FeedQuery, query)
    return read.ask(partner, live), read.wait


_read_again = lru_cache(maxsize=16_384)(_read)  # pollers send the same again and again


def read_stream_ask(query: bytes, partner: int, live: bool) -> Ask:
    """What is listened to. Raises RequestValidationError."""
    return _read_as(StreamQuery, query).ask(partner, live)


def _read_as(model: type[Q], query: bytes) -> Q:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    given = dict(pairs)
    faults = _twice(name for name, _ in pairs) if len(given) < len(pairs) else []
    try:
        read = model.model_validate(given)
    except ValidationError as e:
        faults += e.errors()
    if faults:
        raise RequestValidationError([{**fault, "loc": ("query", *fault["loc"])} for fault in faults])
    return read


def _twice(names: Iterable[str]) -> list[Any]:
    """Of two outlets one would be read, and the other's notices never be missed."""
    words = ("named_twice", "此参数写了两次。", "This parameter is given twice.", "只保留一个。", "Keep one of them.")
    found = [name for name, times in Counter(names).items() if times > 1][:MOST]
    return [{"type": "value_error", "loc": (name,), "msg": "", "ctx": {"error": Complaint(*words)}} for name in found]
