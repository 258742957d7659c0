"""Who the platform is, whom it knows, and in which year's form it speaks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from sandbox.ebd.curve import Keys

CHINA = timezone(timedelta(hours=8))

DIGITS = {"2016": 18, "2018": 23}


@dataclass(frozen=True, slots=True)
class Identity:
    """``own`` and ``peer`` are resource codes: the platform's and huijia's. ``area``: the leading digits of the areas that
    it serves. ``keys`` sign what it says; where ``peer_key`` is set, what it hears must be signed. Neither is in a
    ``repr``."""

    own: str
    peer: str
    area: str
    version: str = "2018"
    keys: Keys | None = field(default=None, repr=False)
    peer_key: str = field(default="", repr=False)
    cert_sn: str = "000000000001"

    @property
    def digits(self) -> int:
        """How many digits a resource code has."""
        return DIGITS[self.version]

    @property
    def send_time(self) -> str:
        """What the time of sending is called."""
        return "SentTime" if self.version == "2016" else "SendTime"


def parse(stamp: str) -> datetime | None:
    """``yyyy-MM-dd HH:mm:ss`` in Beijing; nothing else is a time here."""
    try:
        at = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    except ValueError:
        return None
    return at if f"{at:%Y-%m-%d %H:%M:%S}" == stamp else None
