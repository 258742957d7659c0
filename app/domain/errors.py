"""Everything that can be refused.

* HuijiaError
  * NotFound
  * Forbidden
  * Conflict
    - LiveAlertExists: a second actual alert for a case that has a live one
    - KeyReused: the same idempotency key with another body
    - WrongState: the act does not fit the state
  * Replaced: a newer notice has taken the place of the one asked for
  * Invalid: facts that cannot be taken, each a ``Fault``

Every error says in Chinese and in English what is wrong and what to do. No error here knows about HTTP.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent. ``pointer`` is a JSON Pointer (RFC 6901) into the record."""

    pointer: str
    code: str
    zh: str
    en: str
    remedy_zh: str = ""
    remedy_en: str = ""


class HuijiaError(Exception):
    """``zh`` and ``en`` are whole sentences fit to show; they hold no fact that is not public."""

    code = "error"

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class NotFound(HuijiaError):
    code = "not-found"


class Forbidden(HuijiaError):
    code = "forbidden"


class Conflict(HuijiaError):
    code = "conflict"


class LiveAlertExists(Conflict):
    code = "live-alert-exists"

    def __init__(self, alert: str) -> None:
        super().__init__(
            f"该案件已有正在发布的紧急寻人 {alert}。如有新情况请更新该条，不要重复发布。",
            f"This case already has the live alert {alert}. Update that alert instead of issuing another.",
        )
        self.alert = alert


class KeyReused(Conflict):
    code = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__(
            "同一个 Idempotency-Key 已用于另一份内容。重试请原样发送；新的请求请换一个新的键。",
            "This Idempotency-Key was used with a different body. Retry with the same body, or use a new key.",
        )


class WrongState(Conflict):
    code = "wrong-state"


class Replaced(HuijiaError):
    code = "replaced"

    def __init__(self) -> None:
        super().__init__(
            "该通告已被更新的通告取代，或寻人已经结束。请停止展示，并取最新一条。",
            "A newer notice has taken its place, or the search has ended. Stop showing it and take the newest.",
        )


class Invalid(HuijiaError):
    code = "invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"提交的信息有 {len(faults)} 处问题，没有生效。请按各项提示修改后重新提交。",
            f"{len(faults)} fault(s) found; nothing was done. Correct each one and submit again.",
        )
        self.faults = tuple(faults)
