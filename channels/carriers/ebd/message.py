"""The EBM: what is to be played, where and until when; or what is to come off."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from channels.carriers.ebd import sm2
from channels.carriers.ebd.document import Node, node
from channels.carriers.ebd.envelope import stamp
from channels.carriers.ebd.memory import Does, Errand, Message
from channels.carriers.ebd.settings import EbdSettings
from channels.contract import Media, Rendition, Status, Wire
from channels.wording import clean, title

Attached = tuple[Media, str, bytes]
"""A picture or sound, its name in the tar, and its bytes."""

_WORDS = ("crawl", "script", "text", "lines")
_PICTURES = ("slate", "poster", "photo")  # the first that there is goes along: a platform shows one
_ENDINGS = {"audio/mpeg": "mp3", "image/png": "png", "image/jpeg": "jpg"}


def words(rendition: Rendition) -> str:
    """The text that is read out or shown; empty when this rendition has none that fits."""
    said = next((rendition.texts[name] for name in _WORDS if name in rendition.texts), "")
    return said if isinstance(said, str) else "\n".join(said)


def msg_type(status: Status, does: Does, settings: EbdSettings) -> str:
    """2 takes off; 1 is the real thing and nothing else is; 3 to 5 are drills."""
    if does is Does.CANCEL:
        return "2"
    if status is Status.ACTUAL:
        return "1"
    return settings.exercise_type if status is Status.EXERCISE else settings.test_type


async def attached(message: Message, rendition: Rendition, settings: EbdSettings, wire: Wire) -> Sequence[Attached]:
    """The announcement and one picture, under names of this message. What is no longer kept stays away."""
    sounds = [media for media in rendition.media if media.mime == "audio/mpeg"] if settings.audio else []
    pictures = [media for role in _PICTURES for media in rendition.media if media.role == role and settings.image]
    found: list[Attached] = []
    for media in (*sounds[:1], *pictures[:1]):
        try:
            body = await wire.content(media)
        except LookupError:
            continue
        if media.mime in _ENDINGS:
            found.append((media, f"EBDR_{message.ebmid}_{len(found) + 1}.{_ENDINGS[media.mime]}", body))
    return found


def ebm(message: Message, errand: Errand, files: Sequence[Attached] = ()) -> Node:
    """The body of the packet. A cancel is as complete as a play: there are platforms that read it as one."""
    related = node("RelatedInfo", node("EBMID", message.cancels)) if message.cancels else None
    return node(
        "EBM",
        node("EBMVersion", "1"),
        node("EBMID", message.ebmid),
        related,
        _basic(message, errand),
        _content(errand, files),
    )


def _basic(message: Message, errand: Errand) -> Node:
    settings, notice = errand.settings, errand.rendition.notice
    real = notice.status is Status.ACTUAL
    until = notice.expires_at
    if message.does is Does.CORRECT:
        until = message.at + timedelta(minutes=settings.correction_minutes)
    return node(
        "MsgBasicInfo",
        node("MsgType", msg_type(notice.status, message.does, settings)),
        node("SenderName", settings.sender_name or clean(notice.unit) or "公安机关"),
        node("SenderCode", settings.sender_code or settings.source),
        node(settings.form.send_time, stamp(message.at)),
        node("EventType", settings.event_type if real else settings.drill_event_type),
        node("Severity", settings.severity if real else settings.drill_severity),
        node("StartTime", stamp(message.at)),
        node("EndTime", stamp(until)),
    )


def _content(errand: Errand, files: Sequence[Attached]) -> Node:
    settings = errand.settings
    return node(
        "MsgContent",
        node("LanguageCode", "zho"),
        node("MsgTitle", title(errand.rendition.notice)),
        node("MsgDesc", words(errand.rendition)),
        node("AreaCode", ",".join(settings.areas or [settings.form.area(settings.target)])),
        *(_auxiliary(media, name, body, settings) for media, name, body in files),
    )


def _auxiliary(media: Media, name: str, body: bytes, settings: EbdSettings) -> Node:
    return node(
        "Auxiliary",
        node("AuxiliaryType", settings.audio_type if media.mime.startswith("audio/") else settings.image_type),
        node("AuxiliaryDesc", name),
        node("Size", str(len(body))),
        node("Digest", _digest(body, settings)),
    )


def _digest(body: bytes, settings: EbdSettings) -> str:
    """MD5 is what platforms were seen to compute; it guards against nothing but damage, and the signature against the
    rest."""
    if settings.digest == "sm3":
        return sm2.sm3(body).hex()
    return hashlib.new(settings.digest, body, usedforsecurity=False).hexdigest()
