"""What the police and operators read back: state, counts, pages of deliveries."""

import pytest

from tests.api.records import feed_outlet, fresh, items
from tests.api.stage import Stage
from tests.making import make_outlet


async def test_pages_of_deliveries_have_no_gap_and_no_double(stage: Stage) -> None:
    for _ in range(5):
        await feed_outlet(stage.house)
    code = (await stage.post("/v1/alerts", fresh())).json()["id"]
    path = f"/v1/alerts/{code}/deliveries"
    seen, after, sizes = [], 0, []
    while after is not None:
        page = (await stage.get(path, after=after, limit=2)).json()
        seen += [d["id"] for d in page["deliveries"]]
        sizes.append(len(page["deliveries"]))
        after = page["next"]
    assert sizes == [2, 2, 1]
    assert len(seen) == len(set(seen)) == 5
    whole = (await stage.get(path, limit=5)).json()
    assert ([d["id"] for d in whole["deliveries"]], whole["next"]) == (seen, None)
    assert (await stage.get(path, after=2**63 - 1)).json() == {"deliveries": [], "next": None}


async def test_a_delivery_tells_its_attempts_and_receipts(stage: Stage) -> None:
    await feed_outlet(stage.house, name="大雁塔北广场屏")
    code = (await stage.post("/v1/alerts", fresh())).json()["id"]
    (item,) = await items(stage, "partner")
    sent = {"delivery": item["delivery"], "kind": "aired", "note": "已上屏", "evidence": "https://example.cn/1.jpg"}
    await stage.post("/v1/receipts", sent, "partner")
    (row,) = (await stage.get(f"/v1/alerts/{code}/deliveries")).json()["deliveries"]
    assert (row["id"], row["outlet"], row["partner"]) == (item["delivery"], "大雁塔北广场屏", "测试协作单位")
    assert (row["state"], row["number"], row["kind"], row["tries"]) == ("confirmed", 1, "publish", 1)
    assert [(a["number"], a["outcome"]) for a in row["attempts"]] == [(1, "accepted")]
    assert [(r["kind"], r["note"], r["evidence"]) for r in row["receipts"]] == [
        ("aired", "已上屏", "https://example.cn/1.jpg")
    ]


async def test_counts_follow_what_happens(stage: Stage) -> None:
    for channel in ("partner", "partner", "screen"):
        await feed_outlet(stage.house, channel=channel)
    await make_outlet(stage.house, channel="tv")
    code = (await stage.post("/v1/alerts", fresh())).json()["id"]

    async def counts() -> dict[tuple[str, str], int]:
        view = (await stage.get(f"/v1/alerts/{code}")).json()
        return {(d["channel"], d["state"]): d["count"] for d in view["deliveries"]}

    assert await counts() == {("partner", "pending"): 2, ("screen", "pending"): 1, ("tv", "pending"): 1}
    fetched = await items(stage, "partner")
    assert await counts() == {("partner", "accepted"): 2, ("screen", "accepted"): 1, ("tv", "pending"): 1}
    await stage.post("/v1/receipts", {"delivery": fetched[0]["delivery"], "kind": "aired"}, "partner")
    found = await counts()
    assert sum(found.values()) == 4
    assert sum(n for (_, state), n in found.items() if state == "confirmed") == 1
    view = (await stage.get(f"/v1/alerts/{code}")).json()
    assert (view["oldest_undelivered"]["channel"], view["oldest_undelivered"]["count"]) == ("tv", 1)
    assert view["oldest_undelivered"]["delivery_id"].startswith("dlv_")


@pytest.mark.parametrize("who", ["police", "operator"])
async def test_an_alert_without_outlets_is_still_an_alert(stage: Stage, who: str) -> None:
    code = (await stage.post("/v1/alerts", fresh())).json()["id"]
    view = (await stage.get(f"/v1/alerts/{code}", who)).json()
    assert (view["deliveries"], view["oldest_undelivered"], view["outlets"]) == ([], None, {})
    assert (await stage.get(f"/v1/alerts/{code}/deliveries", who)).json() == {"deliveries": [], "next": None}
