"""The object that every JSON wire carries: docs/channels/payload.md."""

from datetime import datetime
from typing import Any
from urllib.parse import urljoin

import orjson

from channels.contract import Kind, Loss, Media, Notice, Person, Rendition
from channels.wording import beijing


def payload(rendition: Rendition) -> bytes:
    """UTF-8 JSON; the same rendition gives the same bytes."""
    return rendition.once("payload", _dumped)


def _dumped(rendition: Rendition) -> bytes:
    return orjson.dumps(contents(rendition))


def thin_payload(rendition: Rendition, key: str) -> bytes:
    """Who is to fetch the rest, and where: nothing about the child. ``key`` is the delivery's id. The API stands beside
    the public pages."""
    notice = rendition.notice
    frame = _frame(notice)
    told = ("alert", "number", "kind", "status", "issued_at", "expires_at", "ends")
    link = urljoin(notice.page_url, f"../v1/deliveries/{key}/notice")
    data = {name: frame[name] for name in told} | {"delivery": key, "notice_url": link}
    return orjson.dumps({"type": f"alert.{notice.kind}", "timestamp": _time(notice.issued_at), "data": data})


def contents(rendition: Rendition) -> dict[str, Any]:
    """``{type, timestamp, data}``. A retraction tells nothing of the child, whatever the rendition holds."""
    notice = rendition.notice
    over = notice.kind is Kind.RETRACT
    return {
        "type": f"alert.{notice.kind}",
        "timestamp": _time(notice.issued_at),
        "data": {
            **_frame(notice),
            "person": _person(notice.person) if notice.person else None,
            "loss": _loss(notice.loss) if notice.loss else None,
            "suspect": "" if over else notice.suspect,
            "vehicle": "" if over else notice.vehicle,
            "rendition": {
                "channel": rendition.channel,
                "texts": dict(rendition.texts),
                "media": [_media(media) for media in rendition.media if not (over and media.role == "photo")],
            },
            "duty": {
                "exclusive_minutes": rendition.duty.exclusive_minutes,
                "repeat_every_minutes": rendition.duty.repeat_every_minutes,
                "until_minutes": rendition.duty.until_minutes,
            },
        },
    }


def _frame(notice: Notice) -> dict[str, Any]:
    return {
        "alert": notice.alert,
        "number": notice.number,
        "kind": notice.kind,
        "status": notice.status,
        "issued_at": _time(notice.issued_at),
        "expires_at": _time(notice.expires_at),
        "ends": list(notice.ends),
        "unit": notice.unit,
        "phone": notice.phone,
        "page_url": notice.page_url,
        "masked_name": notice.masked_name,
        "line": notice.line,
    }


def _person(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "sex": person.sex,
        "age": person.age,
        "height_cm": person.height_cm,
        "features": person.features,
        "clothing": person.clothing,
    }


def _loss(loss: Loss) -> dict[str, Any]:
    return {
        "at": _time(loss.at),
        "place": loss.place,
        "area_code": loss.area_code,
        "area_name": loss.area_name,
        "circumstances": loss.circumstances,
    }


def _media(media: Media) -> dict[str, Any]:
    return {
        "role": media.role,
        "mime": media.mime,
        "url": media.url,
        "sha256": media.sha256,
        "size": media.size,
        "width": media.width,
        "height": media.height,
        "seconds": media.seconds,
    }


def _time(at: datetime) -> str:
    return beijing(at).isoformat(timespec="seconds")
