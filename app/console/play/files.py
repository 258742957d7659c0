"""The page's own files. They lie under a name of their contents, so that they may import each other and a browser may keep
them for good."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}  # fmt: skip
FILES: Mapping[str, bytes] = {p.name: p.read_bytes() for p in sorted(FOLDER.iterdir()) if p.suffix in TYPES}
EDITION = hashlib.sha256(b"\0".join(name.encode() + b"\0" + body for name, body in FILES.items())).hexdigest()[:12]
"""Changes with any of the files: a page that is open is told, and loads itself anew when nothing is on it."""


def static_files() -> APIRouter:
    """Only the files that were there at the start: no name can lead anywhere else."""
    router = APIRouter(include_in_schema=False)

    @router.get("/play/static/{edition}/{name}")
    async def read_static(edition: str, name: str) -> Response:
        if name not in FILES:
            return Response("没有这个文件", 404, media_type="text/plain; charset=utf-8")
        kept = "public, max-age=31536000, immutable" if edition == EDITION else "no-store"
        headers = {"cache-control": kept, "x-content-type-options": "nosniff"}
        return Response(FILES[name], media_type=TYPES[Path(name).suffix], headers=headers)

    return router
