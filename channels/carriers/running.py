"""What was agreed to be on air at a moment, where huijia itself switches it."""

from datetime import datetime, timedelta

from channels.contract import Duty


def is_slate(duty: Duty, each: timedelta, *, since: datetime, now: datetime) -> bool:
    """Whether the whole picture is due: as long as the alert is alone on air, or for ``each`` where nothing is agreed;
    then for ``each`` at every repetition."""
    run = max(now - since, timedelta(0))
    first = timedelta(minutes=duty.exclusive_minutes) if duty.exclusive_minutes is not None else each
    if run < first:
        return True
    return bool(duty.repeat_every_minutes) and run % timedelta(minutes=duty.repeat_every_minutes or 1) < each


def is_over(duty: Duty, *, since: datetime, now: datetime) -> bool:
    """Whether the time is up for which it was to be shown at most."""
    return duty.until_minutes is not None and now - since >= timedelta(minutes=duty.until_minutes)
