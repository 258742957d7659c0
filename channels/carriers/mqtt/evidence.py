"""What a screen says of itself: receipts and presence (docs/channels/mqtt.md)."""

import re
from datetime import datetime
from typing import Any

from channels.carriers.answer import json_object, moment
from channels.carriers.mqtt.packets import Message
from channels.carriers.mqtt.settings import MqttSettings, reference
from channels.carriers.redact import plain
from channels.contract import Echo, Presence, ReceiptKind, StatedReceipt

_ALERT = re.compile(r"[A-Za-z0-9-]{1,64}")


def read(settings: MqttSettings, message: Message) -> Echo | Presence | None:
    """What it says, or ``None`` when it is not of the form that the page asks for. Whose it is, the topic says: a broker
    can see to it that nobody else writes there."""
    about, _, screen = message.topic.removeprefix(f"{settings.prefix}/").partition("/")
    said = json_object(message.payload)
    if said is None or not screen:
        return None
    if about == "status":
        return _presence(screen, said)
    return _echo(settings, screen, said) if about == "receipts" else None


def _presence(screen: str, said: dict[str, Any]) -> Presence | None:
    there = said.get("online")
    return Presence(screen, there, _moment(said.get("at"))) if isinstance(there, bool) else None


def _echo(settings: MqttSettings, screen: str, said: dict[str, Any]) -> Echo | None:
    alert, number, note = said.get("alert"), said.get("number"), said.get("note")
    try:
        kind = ReceiptKind(str(said.get("kind")))
    except ValueError:
        return None
    if not isinstance(alert, str) or not _ALERT.fullmatch(alert) or type(number) is not int or number < 1:
        return None
    receipt = StatedReceipt(kind, _moment(said.get("at")), plain(note) if isinstance(note, str) else "")
    return Echo(receipt, None, reference(settings, screen, alert, number), screen, f"{screen} {alert}/{number}")


def _moment(at: object) -> datetime | None:
    """A time that cannot be read is no reason to lose what was said: it counts as now."""
    try:
        return moment(at)
    except ValueError:
        return None
