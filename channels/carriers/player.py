"""A page that the screen itself opens: it fetches its notices with the token in its address, and says what is on it."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from channels.contract import Proves, Retracts


class PlayerSettings(BaseModel):
    """How long things stay on. The address itself is made by ``huijia player link``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: Annotated[int, Field(ge=3, le=300)] = Field(
        default=15, title="每条秒数", description="同时有几条寻人时轮流展示，每条展示的秒数；重复展示时每次也是这么久"
    )
    correction_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(
        default=30, title="更正秒数", description="撤回后展示“寻人结束”的秒数，0 为立即黑屏"
    )


class Player:
    """For any screen with a browser. ``screen`` and ``billboard`` have the texts and posters that fit a face."""

    name: ClassVar[str] = "player"
    title: ClassVar[str] = "播放页"
    alone: ClassVar[bool] = True
    retracts: ClassVar[Retracts] = Retracts.TAKE_DOWN
    proves: ClassVar[Proves] = Proves.AIRED
    carries: ClassVar[frozenset[str] | None] = frozenset({"screen", "billboard"})
    settings: type[PlayerSettings] = PlayerSettings
