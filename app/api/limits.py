"""A body larger than any honest one is refused before it is read."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import Problem

LARGEST_BODY = 16 * 1024 * 1024  # a 10 MB photo as Base64 beside its record, with room


class BodyLimit:
    """ASGI middleware. A stated Content-Length is refused before anything is read; it is not trusted: what arrives is
    counted."""

    def __init__(self, app: ASGIApp, limit: int = LARGEST_BODY) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        came = 0
        stated = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")

        async def counted() -> Message:
            nonlocal came
            if stated.isdigit() and int(stated[:20]) > self._limit:
                raise too_large()
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._limit:
                raise too_large()
            return message

        await self._app(scope, counted, send)


def too_large() -> Problem:
    return Problem("too-large", "内容超过 16 MB。", "The body is larger than 16 MB.")
