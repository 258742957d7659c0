"""A notice as a CAP 1.2 message (OASIS, urn:oasis:names:tc:emergency:cap:1.2), before it is signed. docs/partners/cap.md
says for each element what it holds. The same notice gives the same bytes, whenever it is asked for."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from xml.etree import ElementTree as ET

from app.domain.beijing import beijing
from app.domain.english import Words, in_english
from app.domain.geo import Point
from app.domain.notice import PublicNotice
from app.domain.reach import radius_km
from app.domain.regions import counties, within_km
from app.domain.words import Kind, Status

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
GEOCODE = "GB/T 2260"

STATUS = {Status.ACTUAL: "Actual", Status.EXERCISE: "Exercise", Status.TEST: "Test"}
MSG_TYPE = {Kind.PUBLISH: "Alert", Kind.UPDATE: "Update", Kind.RETRACT: "Cancel"}
NOTES = {
    Status.EXERCISE: "演练信息，请勿播出或转发。Exercise: do not disseminate.",
    Status.TEST: "测试信息，请勿播出或转发。Test: do not disseminate.",
}
# A search that has ended calls for nothing any more; of what it was about nothing is said.
_GRAVE = ("Monitor", "Immediate", "Severe", "Observed")
_OVER = ("AllClear", "Past", "Unknown", "Unknown")

# XML 1.0 §2.2 has no such characters, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Resource(NamedTuple):
    """A picture by reference. ``digest`` is SHA-1, as CAP asks; empty when the bytes are not at hand."""

    zh: str
    en: str
    mime: str
    size: int
    uri: str
    digest: str


@dataclass(frozen=True, slots=True)
class Telling:
    """What one message says beside its notice. ``earlier`` are the alert's notices before it, oldest first."""

    sender: str
    page_url: str
    earlier: Sequence[PublicNotice]
    zh: Words
    resources: Sequence[Resource]


def identifier(notice: PublicNotice) -> str:
    """Unique to the notice. It begins with HJ for what is real, YL or CS for what is not: a second defence, should the
    status get lost on the way."""
    return f"{notice.alert}.{notice.number}"


def time(at: datetime) -> str:
    """CAP's form: an offset, no Z and no fractions."""
    return beijing(at).isoformat(timespec="seconds")


def message(notice: PublicNotice, telling: Telling) -> bytes:
    """The unsigned message, UTF-8."""
    alert = ET.Element(f"{{{CAP}}}alert")
    _add(
        alert,
        identifier=identifier(notice), sender=telling.sender, sent=time(notice.issued_at), status=STATUS[notice.status],
        msgType=MSG_TYPE[notice.kind], scope="Public", note=NOTES.get(notice.status, ""),
        references=" ".join(f"{telling.sender},{identifier(n)},{time(n.issued_at)}" for n in telling.earlier),
        incidents=notice.alert,
    )  # fmt: skip
    _info(alert, notice, telling, "zh-CN", telling.zh)
    _info(alert, notice, telling, "en-US", in_english(notice))
    document: bytes = ET.tostring(alert, encoding="utf-8", xml_declaration=True, default_namespace=CAP)
    return document


def _info(alert: ET.Element, notice: PublicNotice, telling: Telling, language: str, words: Words) -> None:
    response, urgency, severity, certainty = _OVER if notice.kind is Kind.RETRACT else _GRAVE
    info = ET.SubElement(alert, f"{{{CAP}}}info")
    _add(
        info,
        language=language, category="Safety", event=words.event, responseType=response, urgency=urgency, severity=severity,
        certainty=certainty,
    )  # fmt: skip
    _pair(info, "eventCode", "huijia:event", "missing-minor")
    _add(
        info,
        effective=time(notice.issued_at), expires=time(notice.expires_at), senderName=notice.unit, headline=words.headline,
        description=words.description, instruction=words.instruction, web=telling.page_url, contact=notice.phone,
    )  # fmt: skip
    _pair(info, "parameter", "huijia:alert", notice.alert)
    _pair(info, "parameter", "huijia:number", str(notice.number))
    for r in telling.resources:
        _add(
            ET.SubElement(info, f"{{{CAP}}}resource"),
            resourceDesc=r.zh if language == "zh-CN" else r.en, mimeType=r.mime, size=str(r.size), uri=r.uri, digest=r.digest,
        )  # fmt: skip
    _areas(info, notice, telling, language)


def _areas(info: ET.Element, notice: PublicNotice, telling: Telling, language: str) -> None:
    """The county of the loss, and the widest circle that the alert will reach before it ends, round a place in that
    county: where exactly the child was lost is not published. A retraction names only whom it concerns."""
    zh = language == "zh-CN"
    facts = notice.facts
    told = [n for n in (*telling.earlier, notice) if n.facts is not None]
    cities = sorted({city for n in told for city in _cities(n)})
    if facts is None:
        _area(info, "原发布范围" if zh else "Where it had been published", None, cities)
        return
    _area(info, facts.area_name, None, [facts.area_code])
    radius = _radius(notice)
    centre = _rounded(counties()[facts.area_code].point)
    desc = f"{facts.area_name}周边{radius}公里" if zh else f"Within {radius} km of {facts.area_name}"
    _area(info, desc, f"{centre.lat},{centre.lon} {radius}", sorted(_cities(notice)))


def _area(info: ET.Element, desc: str, circle: str | None, codes: Iterable[str]) -> None:
    area = ET.SubElement(info, f"{{{CAP}}}area")
    _add(area, areaDesc=desc, circle=circle or "")
    for code in codes:
        _pair(area, "geocode", GEOCODE, code)


def _radius(notice: PublicNotice) -> int:
    assert notice.facts is not None
    return radius_km(notice.facts.lost_at, notice.expires_at)


def _cities(notice: PublicNotice) -> Iterable[str]:
    """GB/T 2260 codes of the cities that lie in the circle, wholly or in part."""
    assert notice.facts is not None
    centre = counties()[notice.facts.area_code].point
    return {f"{county.code[:4]}00" for county in within_km(centre, _radius(notice))}


def _rounded(p: Point) -> Point:
    return Point(round(p.lon, 4), round(p.lat, 4))


def _pair(parent: ET.Element, name: str, of: str, value: str) -> None:
    _add(ET.SubElement(parent, f"{{{CAP}}}{name}"), valueName=of, value=value)


def _add(parent: ET.Element, **texts: str) -> None:
    """Children in the order given; an empty one is left out."""
    for name, said in texts.items():
        if said:
            ET.SubElement(parent, f"{{{CAP}}}{name}").text = _ILLEGAL.sub("", said)
