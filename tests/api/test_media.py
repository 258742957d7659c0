"""Pictures by signed URL, as long as the search lasts."""

import hashlib

import pytest

from tests.api.records import fresh, items, new_partner, retract
from tests.api.stage import Stage
from tests.making import photo_bytes

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def pictured(stage: Stage) -> tuple[str, dict[str, str]]:
    """A live alert with a photo, and the photo as a partner was told of it."""
    who = await new_partner(stage)
    code = (await stage.post_parts("/v1/alerts", fresh(), photo_bytes())).json()["id"]
    (item,) = [i for i in await items(stage, who) if i["payload"]["data"]["alert"] == code]
    (media,) = [m for m in item["payload"]["data"]["rendition"]["media"] if m["role"] == "photo"]
    return code, media


async def test_200_then_410_from_the_moment_it_ends(shared: Stage) -> None:
    code, media = await pictured(shared)
    got = await shared.client.get(media["url"])
    assert got.status_code == 200
    assert got.headers["content-type"] == media["mime"] == "image/jpeg"
    assert hashlib.sha256(got.content).hexdigest() == media["sha256"]
    assert got.headers["cache-control"] == "private, no-store"
    assert got.headers["x-content-type-options"] == "nosniff"
    await retract(shared, code)
    gone = await shared.client.get(media["url"])
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:huijia:problem:search-ended")
    assert gone.headers["content-type"] == "application/problem+json"


async def test_410_when_it_has_expired_by_the_clock(shared: Stage) -> None:
    code, media = await pictured(shared)
    await shared.change("UPDATE alert SET state = 'expired' WHERE code = :c", c=code)
    assert (await shared.client.get(media["url"])).status_code == 410


@pytest.mark.parametrize("part", ["signature", "expires", "sha256", "alert"])
async def test_410_for_a_url_that_we_did_not_sign(shared: Stage, part: str) -> None:
    code, media = await pictured(shared)
    other, _ = await pictured(shared)
    head, _, signature = media["url"].rpartition("signature=")
    forged = {
        "signature": f"{head}signature={'0' if signature[0] != '0' else '1'}{signature[1:]}",
        "expires": media["url"].replace("expires=", "expires=9"),
        "sha256": media["url"].replace(media["sha256"], "0" * 64),
        "alert": media["url"].replace(code, other),
    }[part]
    assert forged != media["url"]
    answer = await shared.client.get(forged)
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:huijia:problem:media-expired")


async def test_no_signature_lies_in_the_database(shared: Stage) -> None:
    _, media = await pictured(shared)
    assert media["url"].rpartition("=")[2].encode() not in await shared.stored()
