"""Once a week, at a time of Beijing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.beijing import BEIJING

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Weekly:
    """``weekday`` 1 is Monday; ``minute`` counts from midnight."""

    weekday: int
    minute: int

    def latest(self, now: datetime) -> datetime:
        """The last such moment that is not after ``now``."""
        here = now.astimezone(BEIJING)
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
        moment = midnight + timedelta(days=self.weekday - here.isoweekday(), minutes=self.minute)
        return moment if moment <= here else moment - WEEK

    def next(self, now: datetime) -> datetime:
        return self.latest(now) + WEEK
