"""What a drill says: a record about nobody, and a drawn face."""

import io
from datetime import datetime, timedelta
from functools import cache

from PIL import Image, ImageDraw

from app.domain.record import Guardian, Loss, Minor, Officer, Record
from app.domain.regions import within
from app.domain.words import Status
from app.flows.submit import Picture

NAME = "演小练"
PHONE = "029-00000000"  # nobody's: who takes the drill for real and calls reaches no stranger
HOURS = 1  # should nobody end it, the clock does
SIZE = (480, 600)


def rehearsal(organ: str, area: str, now: datetime) -> Record:
    """An exercise in the name of this organ, at a place inside its region."""
    place = min(within(area), key=lambda c: c.code)
    officers = Officer("演练员甲", "000001", PHONE), Officer("演练员乙", "000002", PHONE)
    lost = now - timedelta(minutes=35)
    return Record(
        status=Status.EXERCISE, case_number=f"Y{organ}{now:%Y%m%d%H}", organ_code=organ, reported_by=officers[0],
        verified_by=officers[1], verified_at=now - timedelta(minutes=5), basis="演练",
        minor=Minor(NAME, "male", None, 7, 118, "圆脸，戴黑框眼镜", "红色连帽外套、蓝色牛仔裤，背绿色书包", None),
        loss=Loss(
            f"{place.full_name}（演练地点）", place.code, place.point.lon, place.point.lat, "WGS84", lost, "演练：与家人走散",
        ),
        guardian=Guardian(True, "演练家属", PHONE, "父亲"), duration_hours=HOURS, suspect="", vehicle="", note="演练",
    )  # fmt: skip


@cache
def face() -> Picture:
    """Drawn: no real child is shown. Slow for a moment the first time."""
    image = Image.new("RGB", SIZE, "#dfe7ee")
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
    return Picture(out.getvalue(), "image/jpeg", *SIZE)
