"""The feed in OpenAPI: its routes are plain, and describe themselves here."""

from typing import Any

from app.api.feed_query import FeedQuery
from app.api.openapi import answers

HEARTBEAT: dict[str, Any] = {
    "type": "object",
    "required": ["partner", "head", "last", "at", "key", "signature"],
    "properties": {
        "partner": {"type": "string"},
        "head": {"type": "integer", "description": "Your highest sequence number."},
        "last": {"type": "array", "maxItems": 10, "items": {"type": "string"}, "description": "Newest first."},
        "at": {"type": "string", "format": "date-time", "description": "When huijia last knew this to be so."},
        "key": {"type": "string", "description": "Which key of /v1/keys signed."},
        "signature": {"type": "string", "description": "v1a, and Ed25519 in Base64: docs/partners/pull.md."},
    },
}

_ITEM: dict[str, Any] = {
    "type": "object",
    "required": ["sequence", "delivery", "outlet", "notice", "pushed", "cap", "payload"],
    "properties": {
        "sequence": {"type": "integer"},
        "delivery": {"type": "string"},
        "outlet": {"type": "string"},
        "notice": {"type": "string"},
        "pushed": {"type": "boolean", "description": "Of an outlet that huijia calls; reading it accepts nothing."},
        "cap": {"type": "string", "format": "uri"},
        "payload": {"$ref": "#/components/schemas/Payload"},
    },
}

_FEED: dict[str, Any] = {
    "type": "object",
    "required": ["cursor", "items", "left_out", "more", "stale", "heartbeat"],
    "properties": {
        "cursor": {"type": "string"},
        "items": {"type": "array", "items": _ITEM},
        "left_out": {
            "type": "array",
            "items": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
            "description": "Numbers after your cursor that are not given, as ranges with both ends in.",
        },
        "more": {"type": "boolean", "description": "Ask again at once."},
        "stale": {"type": "boolean", "description": "The database is away: this is what was known before."},
        "heartbeat": HEARTBEAT,
    },
}


def _parameters(*names: str) -> list[dict[str, Any]]:
    properties = FeedQuery.model_json_schema()["properties"]
    found = []
    for name in names:
        schema = {k: v for k, v in properties[name].items() if k not in ("title", "description")}
        said = properties[name].get("description", "")
        found.append({"name": name, "in": "query", "required": False, "description": said, "schema": schema})
    return found


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string"}}


_EVENTS = {"schema": {"type": "string", "description": "Events notice, left_out and heartbeat."}}
_TAG = {"ETag": {"description": "Changes with everything you could be given.", "schema": {"type": "string"}}}
_PROBLEMS = {str(status): said for status, said in answers(401, 403, 404, 422, 503).items()}

FEED_PATHS: dict[str, Any] = {
    "/v1/feed": {
        "get": {
            "tags": ["feed"], "operationId": "read_feed_v1_feed_get", "security": [{"HTTPBearer": []}],
            "description": "Notices after the cursor, oldest first, and the cursor to go on from. What a newer notice has "
            "replaced is left out: whoever was away learns that what it had fetched is over, and never sees the beginning of "
            "what it had not. With `Accept: text/event-stream` the same as `/v1/feed/stream`, with the parameters of that.",
            "parameters": [
                *_parameters("cursor", "limit", "wait", "all", "outlet", "order", "before", "since"),
                _header("If-None-Match", "The ETag of an answer: 304 while there is nothing else."),
            ],
            "responses": {
                "200": {
                    "description": "What there is.", "headers": _TAG,
                    "content": {"application/json": {"schema": _FEED}, "text/event-stream": _EVENTS},
                },
                "304": {
                    "description": "Nothing has changed.",
                    "headers": _TAG | {"Huijia-Heartbeat": {"description": "The heartbeat.", "schema": {"type": "string"}}},
                },
                **_PROBLEMS,
            },
        }
    },
    "/v1/feed/stream": {
        "get": {
            "tags": ["feed"], "operationId": "stream_feed_v1_feed_stream_get",
            "security": [{"HTTPBearer": []}],
            "description": "The same as server-sent events, with a heartbeat every fifteen to twenty seconds.",
            "parameters": [
                *_parameters("cursor", "all", "outlet", "since"),
                _header("Last-Event-ID", "The id of the last event: the stream goes on after it."),
            ],
            "responses": {"200": {"description": "A stream.", "content": {"text/event-stream": _EVENTS}}, **_PROBLEMS},
        }
    },
}  # fmt: skip
