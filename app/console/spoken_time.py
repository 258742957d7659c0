"""Moments and spans as an officer reads them. Every clock on the console is Beijing's."""

from datetime import datetime

from app.domain.beijing import BEIJING


def moment(at: datetime) -> str:
    """11月23日 15:04."""
    local = at.astimezone(BEIJING)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def clock_time(at: datetime, now: datetime) -> str:
    """15:04:05 today; on another day 11月22日 15:04."""
    local = at.astimezone(BEIJING)
    return f"{local:%H:%M:%S}" if local.date() == now.astimezone(BEIJING).date() else moment(at)


def span(seconds: float) -> str:
    """45秒, 3分20秒, 2小时13分, 3天4小时. The page's own clock counts on in the same words (static/live.js)."""
    left = max(int(seconds), 0)
    days, hours, minutes = left // 86400, left // 3600 % 24, left // 60 % 60
    if days:
        return f"{days}天{hours}小时"
    if hours:
        return f"{hours}小时{minutes}分"
    return f"{minutes}分{left % 60}秒" if minutes else f"{left}秒"
