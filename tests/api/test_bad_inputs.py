"""Every kind of bad input we could think of: refused clearly, with every fault named, and nothing written.

``pytest -s tests/api/test_bad_inputs.py`` prints the table: status, type, what was sent, where the fault is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from app.api.problem_types import TYPES, URN
from tests.api import bad_acts, bad_bodies, bad_facts, bad_keys, bad_photos, bad_records, bad_texts
from tests.api.bad import Case, send
from tests.api.stage import OTHER_ORGAN, Stage
from tests.making import record_json

CASES = [
    *bad_bodies.CASES, *bad_records.CASES, *bad_facts.CASES, *bad_texts.CASES, *bad_photos.CASES, *bad_keys.CASES,
    *bad_acts.CASES,
]  # fmt: skip
CHINESE = re.compile(r"[\u4e00-\u9fff]")
WORDS = ("title", "title_en", "detail", "detail_en", "remedy", "remedy_en")

# The form of what a leak looks like: our own code, a library's, SQL, a key, a path of the machine.
LEAK = re.compile(
    rb"Traceback|sqlalchemy|asyncpg|pydantic|SELECT |INSERT |hj_live_|hj_test_|site-packages|\.py\b|line \d+, in"
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, slots=True)
class Ground:
    """A stage with two live alerts, and a digest of its database before anything bad was sent."""

    stage: Stage
    alerts: Mapping[str, str]
    before: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(shared: Stage) -> Ground:
    mine = await shared.post("/v1/alerts", record_json(case_number="A6101130000002025010001"))
    far = record_json(
        organ_code=OTHER_ORGAN, case_number="A6101020000002025010001", loss__area_code="610102", loss__lon=108.96,
        loss__lat=34.26,
    )  # fmt: skip
    others = await shared.post("/v1/alerts", far, "other")
    alerts = {"alert": mine.json()["id"], "foreign": others.json()["id"]}
    return Ground(shared, alerts, await shared.footprint())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name[:80].replace("\x00", "NUL"))
async def test_is_refused_by_name(case: Case, ground: Ground) -> None:
    answer = await send(ground.stage, case.make(), ground.alerts)
    print(f"\n{answer.status_code}  {case.code:15}  {case.name[:70]:70}  {' '.join(case.at)[:100]}", end="  ")
    assert answer.status_code == case.status, answer.text[:2000]
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == URN + case.code
    assert problem["status"] == case.status
    assert all(problem[word] for word in WORDS)
    assert all(CHINESE.search(problem[word]) for word in ("title", "detail", "remedy"))
    assert_faults(case, answer)
    assert LEAK.search(answer.content) is None
    assert await ground.stage.footprint() == ground.before


def assert_faults(case: Case, answer: httpx.Response) -> None:
    """Exactly the expected faults, each with its words and its remedy in both languages."""
    errors = answer.json().get("errors", [])
    named = sorted(f"{e['pointer']}={e['code']}" for e in errors)
    loose = sorted(e["pointer"] for e in errors)
    wanted = sorted(case.at)
    assert [w.partition("=")[0] for w in wanted] == loose, answer.text[:3000]
    assert all(w in named for w in wanted if "=" in w), named
    for error in errors:
        assert CHINESE.search(error["detail"])
        assert CHINESE.search(error["remedy"]), error
        assert error["detail_en"]
        assert error["remedy_en"]
        assert CHINESE.search(error["remedy_en"]) is None or "陕A12345" in error["remedy_en"]
    assert bool(errors) == (case.status == 422)


async def test_there_are_many_and_each_has_its_own_name() -> None:
    names = [case.name for case in CASES]
    assert len(names) >= 90
    assert len(names) == len(set(names))
    assert {case.code for case in CASES} <= set(TYPES)


@pytest.mark.parametrize(
    "change", [("_live_", "_test_"), (None, "0" * 64), (None, "")], ids=["its kind", "its secret", "no secret"]
)
async def test_a_key_with_something_changed_is_no_key(ground: Ground, change: tuple[str | None, str]) -> None:
    key, (old, new) = ground.stage.keys["police"], change
    forged = key.replace(old or key.rpartition("_")[2], new)
    assert forged != key
    answer = await ground.stage.client.get(
        f"/v1/alerts/{ground.alerts['alert']}", headers={"authorization": f"Bearer {forged}"}
    )
    assert (answer.status_code, answer.json()["type"]) == (401, f"{URN}key")
    assert answer.headers["www-authenticate"] == 'Bearer realm="huijia"'
