"""Addresses that only their holder knows: signed, expiring media URLs (whoever has one may fetch one picture until it
expires or the alert ends), and where an outlet's far end calls back."""

import hashlib
import hmac
from datetime import datetime


def media_path(secret: bytes, alert: str, sha256: str, expires_at: datetime) -> str:
    """The path and query of a photo; the caller puts the public base URL before it."""
    expires = int(expires_at.timestamp())
    return f"/media/{alert}/{sha256}?expires={expires}&signature={_sign(secret, alert, sha256, expires)}"


def media_allowed(secret: bytes, alert: str, sha256: str, expires: int, signature: str, now: datetime) -> bool:
    """True when this very URL was signed by us and has not expired."""
    right = _sign(secret, alert, sha256, expires)
    return hmac.compare_digest(right.encode(), signature.encode()) and now.timestamp() < expires


def _sign(secret: bytes, alert: str, sha256: str, expires: int) -> str:
    return hmac.new(secret, f"media.{alert}.{sha256}.{expires}".encode(), hashlib.sha256).hexdigest()


def inbound_path(secret: bytes, outlet_id: int) -> str:
    """Where the outlet's far end calls; the caller puts the public base URL before it."""
    return f"/in/{outlet_id}/{inbound_token(secret, outlet_id)}"


def inbound_token(secret: bytes, outlet_id: int) -> str:
    return hmac.new(secret, f"inbound.{outlet_id}".encode(), hashlib.sha256).hexdigest()[:32]
