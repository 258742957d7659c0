"""What the documents show is what is taken."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from tests.api.stage import Stage

DOCS = Path(__file__).parents[2] / "docs"


async def test_the_sample_record_is_taken(stage: Stage) -> None:
    text = (DOCS / "sample-record.json").read_text(encoding="utf-8")
    times = re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", text)
    api = (DOCS / "api.md").read_text(encoding="utf-8")
    assert len(times) == 2
    for time, ago in zip(sorted(times), (40, 10), strict=True):
        assert f"s/{time}/$(date -d '-{ago} min'" in api
        text = text.replace(time, (datetime.now(UTC) - timedelta(minutes=ago)).isoformat())
    body = orjson.loads(text)
    assert body["status"] == "exercise"
    answer = await stage.post("/v1/alerts", body, "police-test")
    assert answer.status_code == 201, answer.text
    assert answer.json()["id"].startswith("YL-")


async def test_the_answer_that_the_document_shows_is_the_answer_that_comes(stage: Stage) -> None:
    api = (DOCS / "api.md").read_text(encoding="utf-8")
    shown = [orjson.loads(block) for block in re.findall(r"```json\n(.*?)```", api, flags=re.S)]
    (view,) = [block for block in shown if "notices" in block]
    body = orjson.loads((DOCS / "sample-record.json").read_bytes())
    now = datetime.now(UTC)
    body["loss"]["at"], body["verified_at"] = (now - timedelta(hours=1)).isoformat(), now.isoformat()
    come = (await stage.post("/v1/alerts", body)).json()
    assert set(view) == set(come)
    assert set(view["oldest_undelivered"]) == {
        "alert", "delivery_id", "outlet", "channel", "kind", "state", "reason", "since", "seconds", "count",
    }  # fmt: skip
    page = (await stage.get(f"/v1/alerts/{come['id']}/deliveries")).json()
    assert set(page) == {"deliveries", "next"}


@pytest.mark.parametrize("path", ["sample-record.json", "partners/pull.md", "partners/receipts.md"])
def test_what_the_document_points_to_is_there(path: str) -> None:
    assert f"]({path})" in (DOCS / "api.md").read_text(encoding="utf-8")
    assert (DOCS / path).is_file()
