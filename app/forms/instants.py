"""Moments and days as they are sent: RFC 3339, and nothing that a reader could take two ways."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from app.domain.beijing import BEIJING
from app.flows.faults import Complaint

_LOCAL = r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?"
_INSTANT = re.compile(_LOCAL + r"(Z|[+-]\d\d:\d\d)", re.ASCII)
_NO_OFFSET = re.compile(_LOCAL.replace("T", "[T ]"), re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT_LIKE = ("如 2026-11-23T15:04:05+08:00。", "Such as 2026-11-23T15:04:05+08:00.")
_DAY_LIKE = ("如 2020-05-01。", "Such as 2020-05-01.")


def read_instant(value: Any) -> datetime:
    """In Beijing's time: whole days (an age, a birthday) are counted where the child is. Raises Complaint."""
    if not isinstance(value, str):
        raise Complaint("datetime_type", "应为带引号的时间。", "A time is a string.", *_INSTANT_LIKE)
    if _NO_OFFSET.fullmatch(value):
        raise Complaint("timezone_aware", "时间缺少时区。", "The time has no offset.", *_INSTANT_LIKE)
    if _INSTANT.fullmatch(value) is None or (moment := _moment(value)) is None:
        raise Complaint("datetime_parsing", "时间格式不对，或没有这个时刻。", "Not a time (RFC 3339).", *_INSTANT_LIKE)
    return moment


def read_day(value: Any) -> date:
    """A calendar day. Raises Complaint."""
    if not isinstance(value, str):
        raise Complaint("date_type", "应为带引号的日期。", "A date is a string.", *_DAY_LIKE)
    if _DAY.fullmatch(value) is None or (day := _day(value)) is None:
        raise Complaint("date_parsing", "日期格式不对，或没有这一天。", "Not a date (RFC 3339 full-date).", *_DAY_LIKE)
    return day


def _moment(value: str) -> datetime | None:
    """``None`` when the calendar or the clock has no such moment."""
    try:
        return datetime.fromisoformat(value).astimezone(BEIJING)
    except (ValueError, OverflowError):
        return None


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


Instant = Annotated[datetime, PlainValidator(read_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Day = Annotated[date, PlainValidator(read_day), WithJsonSchema({"type": "string", "format": "date"})]
