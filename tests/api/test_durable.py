"""201 means that all of it is there, and only what may lie there in the clear."""

from datetime import UTC, datetime, timedelta

from tests.api.bad_facts import SEVEN, resident_id
from tests.api.records import feed_outlet, fresh
from tests.api.stage import BASE, Stage
from tests.making import make_outlet


async def test_201_has_the_alert_its_notice_the_correction_and_every_delivery(stage: Stage) -> None:
    await make_outlet(stage.house, channel="screen")
    await make_outlet(stage.house, channel="tv")
    await feed_outlet(stage.house)
    await make_outlet(stage.house, channel="tv", lon=87.6, lat=43.8)  # Ürümqi: out of reach
    answer = await stage.post("/v1/alerts", fresh(duration_hours=2))
    assert answer.status_code == 201
    view = answer.json()
    assert answer.headers["location"] == f"/v1/alerts/{view['id']}"
    assert view["id"].startswith("HJ-")
    assert (view["status"], view["state"], view["organ_code"], view["area_code"]) == (
        "actual",
        "active",
        "610113000000",
        "610113",
    )
    assert [(n["number"], n["kind"]) for n in view["notices"]] == [(1, "publish")]
    assert sorted((d["channel"], d["state"], d["count"]) for d in view["deliveries"]) == [
        ("partner", "pending", 1), ("screen", "pending", 1), ("tv", "pending", 1),
    ]  # fmt: skip
    assert view["oldest_undelivered"]["count"] == 3
    assert view["page_url"] == f"{BASE}/p/{view['id']}"
    left = datetime.fromisoformat(view["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=1, minutes=59) < left <= timedelta(hours=2)
    renditions = await stage.rows("SELECT number, count(*) FROM rendition GROUP BY number ORDER BY number")
    assert renditions == [(0, 3), (1, 3)]
    assert (await stage.get(answer.headers["location"])).json()["id"] == view["id"]


async def test_the_record_is_sealed_and_opens_with_the_key(stage: Stage) -> None:
    number = resident_id(SEVEN)
    assert (await stage.post("/v1/alerts", fresh(minor__resident_id=number, note="SECRET-NOTE"))).status_code == 201
    kept = await stage.stored()
    assert number.encode() not in kept
    assert b"SECRET-NOTE" not in kept
    ((sealed,),) = await stage.rows("SELECT sealed FROM record")
    opened = stage.house.seal.open(bytes(sealed))
    assert number.encode() in opened
    assert b"SECRET-NOTE" in opened
