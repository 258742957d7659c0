"""What the two forms differ in that are spoken in the field: the provisional one of 2016, and GD/J 081–083-2018.

The texts of GY/T 383 to 390-2023, which replace them, were not to be had: an outlet says which form its platform reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal


class Brd(StrEnum):
    """What ``BrdStateCode`` says of an EBM, in words of our own."""

    WAITING = "waiting"
    ON_AIR = "on_air"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Form:
    """``ebrid`` is how many digits a resource code has; an EBDID has 18 more, an EBMID 12 more."""

    ebrid: int
    ebd_version: str
    send_time: str
    states: Mapping[str, Brd]

    @property
    def ebmid(self) -> int:
        return self.ebrid + 12

    @property
    def ebdid(self) -> int:
        return self.ebrid + 18

    def area(self, ebrid: str) -> str:
        """The area of a resource, in the twelve digits of ``AreaCode``. 2018: level, area (12), class (10). 2016: class (4),
        area (6), serial (8)."""
        return ebrid[1:13] if self.ebrid == 23 else ebrid[4:10].ljust(12, "0")


Version = Literal["2016", "2018"]

FORMS: Mapping[Version, Form] = MappingProxyType(
    {
        "2016": Form(18, "1.0", "SentTime", {"0": Brd.FAILED, "1": Brd.ON_AIR, "2": Brd.DONE}),
        "2018": Form(
            23,
            "1",
            "SendTime",
            {
                "0": Brd.WAITING,
                "1": Brd.WAITING,
                "2": Brd.ON_AIR,
                "3": Brd.DONE,
                "4": Brd.FAILED,
                "5": Brd.CANCELLED,
            },
        ),
    }
)
