"""A record about nobody, with times that are right now, for drills and first steps."""

import io
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image, ImageDraw

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


def sample_photo() -> bytes:
    """A drawn face (JPEG): no real child is shown."""
    image = Image.new("RGB", (480, 600), "#dfe7ee")
    draw = ImageDraw.Draw(image)
    draw.ellipse((110, 420, 370, 760), fill="#c0392b")
    draw.ellipse((140, 120, 340, 400), fill="#f2cfb0")
    draw.pieslice((125, 95, 355, 345), 180, 360, fill="#2b2320")
    for x in (195, 285):
        draw.ellipse((x - 34, 235, x + 34, 295), outline="#1d1d1d", width=6)
        draw.ellipse((x - 9, 256, x + 9, 276), fill="#1d1d1d")
    draw.line((229, 262, 251, 262), fill="#1d1d1d", width=6)
    draw.arc((205, 300, 275, 350), 20, 160, fill="#8a4b38", width=6)
    draw.ellipse((168, 214, 178, 224), fill="#4a3328")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()
