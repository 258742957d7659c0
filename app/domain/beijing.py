"""The time that everyone in the province reads. Inside, instants carry any offset; shown, they carry this one."""

from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


def beijing(instant: datetime) -> datetime:
    return instant.astimezone(BEIJING)
