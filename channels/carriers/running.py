"""What was agreed to be on air at a moment, where huijia itself switches it."""

from datetime import datetime, timedelta

from channels.contract import Duty

_COMPLAINT_EVERY = timedelta(minutes=10)


def began(reference: str | None, otherwise: datetime) -> datetime:
    """When it was brought on: what ``reference`` says, unless another wire gave it."""
    try:
        at = datetime.fromisoformat(reference or "")
    except ValueError:
        return otherwise
    return at if at.tzinfo is not None else otherwise


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


def complaint_at(*, since: datetime, now: datetime) -> datetime:
    """The moment of a receipt that is said at every look: the same one for ten minutes, so that it is kept once."""
    return since + (now - since) // _COMPLAINT_EVERY * _COMPLAINT_EVERY
