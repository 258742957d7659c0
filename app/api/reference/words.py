"""What the OpenAPI document says beside its operations."""

from collections.abc import Mapping
from typing import Any

ABOUT = (
    "失踪未成年人紧急寻人发布。公安机关从 alerts 开始，协作单位从 feed、receipts 和 outlets 开始。"
    "时间为带时区的 RFC 3339；错误为 RFC 9457，按 type 处理。"
    "Answers may gain members in later versions: ignore those that you do not know. "
    "A query parameter that is not named here is refused (422)."
)

TAGS: Mapping[str, str] = {
    "alerts": "公安机关：发布、更新、撤回、查看",
    "feed": "协作单位：拉取通告",
    "cap": "协作单位：CAP 1.2 与 Atom",
    "receipts": "协作单位：播出、撤下的回执",
    "deliveries": "协作单位：投递记录、重发",
    "outlets": "协作单位：发布点、测试、密钥",
    "drills": "演练：值班发起，协作单位查看本单位的结果",
    "partners": "在线情况与未收到的通告",
    "keys": "验签公钥",
    "media": "图片和声音",
    "health": "运行状况",
}

PARAMETERS: Mapping[str, str] = {
    "id": "The alert's number, such as YL-2026-000001.",
    "alert": "The alert's number, as the notice's link has it.",
    "number": "The notice's number within the alert, from 1.",
    "outlet": "The outlet's id, from GET /v1/outlets.",
    "delivery": "The delivery: the webhook-id, or the feed item's delivery.",
    "sha256": "The file, as the notice's link has it.",
    "signature": "As the notice's link has it.",
    "limit": "At most so many, 1 to 500.",
    "If-None-Match": "The ETag of an answer: 304 while there is nothing else.",
    "Idempotency-Key": "8 to 255 visible ASCII characters, a new UUID for each submission. The same request with the same "
    "key is answered with the alert that it made.",
}

_ISSUING = ("post /v1/alerts", "post /v1/alerts/{id}/update")
_CAP = "get /v1/alerts/{id}/cap/{number}.xml"

ONLY: Mapping[str, tuple[str, ...]] = {
    "multipart": _ISSUING,
    "live-alert-exists": _ISSUING,
    "idempotency-key-reused": (*_ISSUING, "post /v1/drills"),
    "xml": ("post /v1/receipts",),
    "too-many": ("post /v1/receipts",),
    "media-expired": ("get /media/{alert}/{sha256}",),
    "search-ended": ("get /media/{alert}/{sha256}", _CAP),
    "replaced": ("get /v1/deliveries/{delivery}/notice", _CAP),
    "no-such-address": (),
    "conflict": (
        "post /v1/alerts/{id}/update",
        "post /v1/outlets/{outlet}/check",
        "post /v1/outlets/{outlet}/rotate",
        "post /v1/outlets/{outlet}/replay",
        "post /v1/deliveries/{delivery}/replay",
        "post /v1/drills",
    ),
    "wrong-state": (
        "post /v1/alerts/{id}/update",
        "post /v1/alerts/{id}/retract",
        "post /v1/deliveries/{delivery}/replay",
    ),
}
"""Problems that only these operations answer with; the others are everybody's."""

HEADERS: Mapping[str, Mapping[str, str]] = {
    "post /v1/alerts": {
        "Location": "Where the alert is.",
        "Idempotency-Replayed": "`true`: this key had made the alert before.",
    },
    "post /v1/alerts/{id}/update": {"Idempotency-Replayed": "`true`: this key had made the update before."},
    "get /v1/feed": {"ETag": "Changes with everything you could be given."},
    "get /v1/feed.atom": {"ETag": "Changes with everything you could be given."},
    _CAP: {"ETag": "Of these bytes."},
    "post /v1/drills": {
        "Location": "Where the drill is.",
        "Idempotency-Replayed": "`true`: this key had started the drill before.",
    },
    "get /v1/drills/{id}.csv": {"Content-Disposition": "A name to keep it under: `YL-2026-000001.csv`."},
}


def _header(name: str, said: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "description": said, "schema": {"type": "string"}}


WEBHOOK: Mapping[str, Any] = {
    "tags": ["outlets"],
    "operationId": "notice",
    "summary": "本平台推送的通告",
    "description": "What huijia POSTs to the address of an outlet that is called, signed as Standard Webhooks 1.0 says: "
    "docs/partners/push.md. Verify, take each `webhook-id` once, answer within 8 seconds.",
    "security": [],
    "parameters": [
        _header("webhook-id", "The delivery; the same at every retry."),
        _header("webhook-timestamp", "Unix seconds of this attempt. Refuse what is more than five minutes away."),
        _header("webhook-signature", "`v1,…` (HMAC-SHA256) or `v1a,…` (Ed25519) for each key, separated by spaces."),
    ],
    "responses": {
        "200": {
            "description": "Taken. The body may be empty, or hold a receipt.",
            "content": {
                "application/json": {
                    "schema": {"type": "object"},
                    "example": {"receipt": {"kind": "aired", "at": "2026-11-23T15:04:07+08:00", "note": "一套"}},
                }
            },
        },
        "410": {"description": "There is no receiver here any more: the outlet is quarantined at once."},
        "503": {"description": "Not now: asked again, after `Retry-After` if you send one."},
    },
}
