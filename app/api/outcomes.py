"""What is told of one receipt, and what is made of a clock that is wrong."""

from datetime import datetime, timedelta
from typing import Any

from app.api.problems import described
from app.domain.beijing import BEIJING
from app.domain.errors import Fault
from app.flows.confirm import Stated, Taken

# A display that lost its clock with its power says 1970. What it aired is evidence all the same: it counts as of now.
SLOWEST, FASTEST = timedelta(days=30), timedelta(minutes=10)


def believable(at: datetime | None, now: datetime, note: str) -> tuple[datetime, str]:
    """The time that counts, and the note, which says so when it is not the one that was told."""
    if at is None or now - SLOWEST <= at <= now + FASTEST:
        return at or now, note
    said = f"设备报的时间 {at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S} 不可信，按收到时间记"
    return now, f"{note}（{said}）" if note else said


def result(outcome: Taken, stated: Stated, pointer: str) -> dict[str, Any]:
    """One that fits nothing is told why, at its place in the request."""
    said = {"outcome": outcome, "delivery": stated.said_for, "kind": stated.kind, "at": stated.at}
    if outcome is Taken.UNMATCHED:
        fault = Fault(
            pointer, "unknown_delivery", "没有这个投递编号，或它不属于本单位，或测试密钥答复了实发通告。已留存备查。",
            "No delivery of yours has this id; or a test key spoke of an actual alert. It was kept.",
            "填写 webhook-id，或 feed 中的 delivery；实发通告用正式密钥。",
            "Give the webhook-id, or the delivery of the feed item; use a live key for an actual alert.",
        )  # fmt: skip
        said["errors"] = [described(fault)]
    return said
