"""Pictures and sounds by signed URL: 410 from the moment the alert ends, or an update has replaced them."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.api.access import TheHouse
from app.api.openapi import answers
from app.api.problems import Problem
from app.db import media
from app.db.engine import transaction
from app.domain.media_url import media_allowed

router = APIRouter(tags=["media"])

_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/media/{alert}/{sha256}", response_class=Response, responses={**_PICTURE, **answers(410, 422, 503)})
async def read_media(
    alert: str,
    sha256: str,
    house: TheHouse,
    expires: Annotated[int, Query(description="Seconds since 1970, as the notice gives it")] = 0,
    signature: str = "",
) -> Response:
    """The picture or sound behind a signed URL."""
    if not media_allowed(house.media_secret, alert, sha256, expires, signature, datetime.now(UTC)):
        raise Problem("media-expired", "图片链接无效或已过期。", "The media URL is not valid or has expired.")
    async with transaction(house.crowd) as session:
        found = await media.public(session, alert, sha256)
    if found is None:
        raise Problem(
            "search-ended",
            "搜寻已结束或信息已更新，此前的图片和声音已撤下。",
            "The search has ended or was updated; this is gone.",
        )
    headers = {"cache-control": "private, no-store", "x-content-type-options": "nosniff", "x-robots-tag": "noindex"}
    return Response(found.body, media_type=found.mime, headers=headers)
