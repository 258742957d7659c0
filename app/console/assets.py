"""The console's own files. They are read once and named by their content, so that a browser keeps them for good."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from app.console.geography import sheet

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".txt": "text/plain; charset=utf-8",
         ".svg": "image/svg+xml"}  # fmt: skip


def _read() -> Mapping[str, bytes]:
    kept = {str(p.relative_to(FOLDER)): p.read_bytes() for p in FOLDER.rglob("*") if p.suffix in TYPES}
    return kept | {"shaanxi.svg": sheet()}


FILES = _read()


def asset(name: str) -> str:
    """The path of a file, with its content's mark."""
    return f"/console/static/{name}?v={hashlib.sha256(FILES[name]).hexdigest()[:12]}"


def static_files() -> APIRouter:
    """Only the files that were there at the start: no name can lead anywhere else."""
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{name:path}")
    async def read_static(name: str) -> Response:
        if name not in FILES:
            return Response("没有这个文件", 404, media_type="text/plain; charset=utf-8")
        headers = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
        return Response(FILES[name], media_type=TYPES[Path(name).suffix], headers=headers)

    return router
