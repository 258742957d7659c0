"""What can be set from outside, and where it is kept when it is not."""

import base64
import os
import secrets
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.domain.calling import Network, read_networks


class Settings(BaseSettings):
    """Environment variables; docs/settings.md says the same in a table."""

    model_config = SettingsConfigDict(env_prefix="HUIJIA_", env_file=".env", extra="ignore")

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    """PostgreSQL 15 or newer; without it the embedded one runs in the data folder."""
    data: Path = Path(".data")
    """Where the embedded database and generated secrets live."""
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str | None = None
    """Where the public and partners reach huijia; the address it listens on by default."""
    seal_keys: SecretStr | None = None
    """Fernet keys, newest first, comma-separated; generated into the data folder by default."""
    may_call: str = ""
    """Networks beside the public ones in which outlets may be called: CIDR, comma-separated."""
    media_secret: SecretStr | None = Field(default=None, min_length=16)
    """Signs media URLs; generated into the data folder by default."""

    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    """Opens /metrics; generated into the data folder by default."""
    metrics_port: int | None = None
    """Where a lone dispatcher serves its own metrics, on HUIJIA_HOST; nowhere by default."""
    alarm_url: SecretStr | None = None
    """Who is told when something is wrong: a URL that takes a JSON message, such as a DingTalk robot's."""

    @field_validator("may_call")
    @classmethod
    def _is_networks(cls, value: str) -> str:
        read_networks(value)
        return value

    @property
    def networks(self) -> tuple[Network, ...]:
        """Where outlets may be called although it is not public."""
        return read_networks(self.may_call)

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def local_url(self) -> str:
        """Where this machine reaches it."""
        everywhere = ip_address(self.host).is_unspecified if self.host[:1] in "0123456789:" else False
        return f"http://{'127.0.0.1' if everywhere else self.host}:{self.port}"

    def sealing_keys(self) -> list[str]:
        """Newest first."""
        if self.seal_keys is not None:
            return [k.strip() for k in self.seal_keys.get_secret_value().split(",") if k.strip()]
        return [_kept(self.data / "seal.key", lambda: Fernet.generate_key().decode())]

    def token_for_metrics(self) -> str:
        if self.metrics_token is not None:
            return self.metrics_token.get_secret_value()
        return _kept(self.data / "metrics.token", lambda: secrets.token_urlsafe(32))

    def signing_secret(self) -> bytes:
        if self.media_secret is not None:
            return self.media_secret.get_secret_value().encode()
        return _kept(self.data / "media.key", lambda: base64.b64encode(secrets.token_bytes(32)).decode()).encode()


def _kept(path: Path, make: Callable[[], str]) -> str:
    """A secret made once and kept in a file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "x", opener=lambda p, flags: os.open(p, flags, 0o600)) as new:
            new.write(make())
            new.flush()
            os.fsync(new.fileno())
    except FileExistsError:
        pass
    return path.read_text().strip()
