"""A record about nobody, with times that are right now, for drills and first steps."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.beijing import BEIJING

ORGAN, ORGAN_NAME = "610000000000", "陕西省公安厅（演示）"


def sample_record(status: str = "exercise", now: datetime | None = None) -> dict[str, Any]:
    """The body of ``POST /v1/alerts``; the case number is a new one each time."""
    here = (now or datetime.now(UTC)).astimezone(BEIJING).replace(microsecond=0)
    lost = here - timedelta(minutes=35)
    return {
        "status": status,
        "case_number": f"A{ORGAN}{here:%Y%m}{secrets.randbelow(10_000):04d}",
        "organ_code": ORGAN,
        "reported_by": {"name": "王建国", "number": "010233", "phone": "029-85250110"},
        "verified_by": {"name": "赵敏", "number": "010871", "phone": "029-85250111"},
        "verified_at": (here - timedelta(minutes=5)).isoformat(),
        "basis": "演示：监控视频与家属陈述一致",
        "minor": {
            "name": "李小明", "sex": "male", "birth_date": f"{lost.year - 7}-03-12", "height_cm": 118,
            "features": "圆脸，左眉有一颗痣，戴黑框眼镜", "clothing": "红色连帽外套、蓝色牛仔裤、白色运动鞋，背绿色恐龙书包",
        },
        "loss": {
            "address": "小寨地铁站B口", "area_code": "610113", "datum": "GCJ02", "lon": 108.947, "lat": 34.224,
            "at": lost.isoformat(), "circumstances": "与家人在地铁站走散，可能向大雁塔方向行走",
        },
        "guardian": {"told": True, "name": "李强", "phone": "13800000000", "relation": "父亲"},
        "duration_hours": 24,
    }  # fmt: skip
