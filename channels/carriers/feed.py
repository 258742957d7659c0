"""The outlet asks us: ``GET /v1/feed`` with its own key. Nothing is sent; what was fetched is accepted."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from channels.contract import Proves, Retracts


class FeedSettings(BaseModel):
    """Nothing to set: the partner's key says whose notices they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Feed:
    """For outlets behind a firewall that nothing may call into."""

    name: ClassVar[str] = "feed"
    title: ClassVar[str] = "主动拉取"
    alone: ClassVar[bool] = False
    retracts: ClassVar[Retracts] = Retracts.TAKE_DOWN
    proves: ClassVar[Proves] = Proves.AIRED
    carries: ClassVar[frozenset[str] | None] = None
    settings: type[FeedSettings] = FeedSettings
