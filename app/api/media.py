"""Photos by signed URL: 410 from the moment the alert ends."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.api.access import TheHouse
from app.api.openapi import answers
from app.api.problems import Problem
from app.db import alerts
from app.db.engine import transaction
from app.domain.media_url import media_allowed
from app.domain.words import AlertState

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
    """The picture behind a signed URL."""
    if not media_allowed(house.media_secret, alert, sha256, expires, signature, datetime.now(UTC)):
        raise Problem("media-expired", "图片链接无效或已过期。", "The media URL is not valid or has expired.")
    async with transaction(house.engine) as session:
        found = await alerts.public_photo(session, alert, sha256)
    if found is None or found[0] is not AlertState.ACTIVE:
        raise Problem("search-ended", "搜寻已结束，图片已撤下。", "The search has ended; the picture is gone.")
    headers = {"cache-control": "private, no-store", "x-content-type-options": "nosniff", "x-robots-tag": "noindex"}
    return Response(found[2], media_type=found[1], headers=headers)
