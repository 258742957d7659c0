"""Submitting what is right, in all the forms that are taken."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from tests.api.bad_facts import SEVEN, resident_id
from tests.api.records import fresh, issue
from tests.api.stage import OTHER_ORGAN, Stage
from tests.making import photo_bytes

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"minor__birth_date": ..., "minor__age": 6}, id="an age and no birth date"),
        pytest.param({"minor__resident_id": resident_id(SEVEN)}, id="an id that agrees"),
        pytest.param({"minor__name": "买买提·艾力"}, id="a name with a dot"),
        pytest.param({"minor__name": "Anna Maria"}, id="a name in Latin letters"),
        pytest.param({"minor__name": "李𠮷"}, id="a rare ideograph"),
        pytest.param({"minor__name": "李\U00031350"}, id="an ideograph newer than Python's tables"),
        pytest.param({"minor__features": "左眉有痣\r\n戴眼镜"}, id="line ends of Windows"),
        pytest.param(
            {"minor__height_cm": None, "suspect": None, "vehicle": None, "photo": None}, id="null for what is unknown"
        ),
        pytest.param({"vehicle": {"plate": "陕AD12345"}}, id="a plate of new energy"),
        pytest.param({"vehicle": {"plate": "陕A1234警"}}, id="a plate with a word"),
        pytest.param({"vehicle": {"description": "白色面包车，尾号 5"}}, id="a vehicle without a plate"),
        pytest.param({"suspect": {"description": "男，四十岁上下，灰色夹克"}}, id="a suspect"),
        pytest.param({"verified_by__phone": "110"}, id="110"),
        pytest.param({"verified_by__phone": "+86 29 8525 0110".replace("8525 ", "8525")}, id="a number with +86"),
        pytest.param({"verified_by__phone": "(029)85250110"}, id="brackets round the area code"),
        pytest.param({"verified_by__phone": "029-85250110-801"}, id="an extension"),
        pytest.param({"verified_by__phone": "138 0000 0000"}, id="a mobile with spaces"),
        pytest.param({"verified_by__phone": "400-820-8820"}, id="a 400 number"),
        pytest.param({"loss__datum": "WGS84", "loss__lon": 108.9423, "loss__lat": 34.2255}, id="WGS-84"),
        pytest.param({"loss__datum": "BD09", "loss__lon": 108.9535, "loss__lat": 34.2300}, id="BD-09"),
        pytest.param({"loss__lon": 109, "loss__lat": 34}, id="whole degrees"),
        pytest.param({"duration_hours": ...}, id="no duration"),
        pytest.param({"duration_hours": 168}, id="a week"),
        pytest.param({"guardian__told": False}, id="a guardian who does not know yet"),
    ],
)
async def test_what_is_right_is_taken(shared: Stage, changes: dict[str, Any]) -> None:
    answer = await shared.post("/v1/alerts", fresh(**changes))
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "form", ["%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%S.123456789Z"]
)
async def test_forms_of_a_time(shared: Stage, form: str) -> None:
    lost = (datetime.now(UTC) - timedelta(hours=2)).strftime(form)
    assert (await shared.post("/v1/alerts", fresh(loss__at=lost))).status_code == 201


async def test_ages_are_counted_in_beijing(shared: Stage) -> None:
    """It is already the eighteenth birthday where the child is, though not yet in the offset that was sent."""
    lost = (datetime.now(UTC) - timedelta(days=2)).replace(hour=17, minute=0)  # 01:00 in Beijing, of the next day
    born = (lost + timedelta(days=1)).strftime(f"{lost.year - 18}-%m-%d")
    answer = await shared.post("/v1/alerts", fresh(loss__at=lost.isoformat(), minor__birth_date=born))
    assert [e["code"] for e in answer.json()["errors"]] == ["not_a_minor"]


async def test_multipart_gives_the_same(shared: Stage) -> None:
    answer = await shared.post_parts("/v1/alerts", fresh(), photo_bytes())
    assert answer.status_code == 201, answer.text


async def test_multipart_without_file_names(shared: Stage) -> None:
    """Nor types: RFC 7578 asks for neither."""
    parts = {"record": (None, orjson.dumps(fresh())), "photo": (None, photo_bytes())}
    answer = await shared.client.post("/v1/alerts", headers=shared.bearer("police"), files=parts)
    assert answer.status_code == 201, answer.text


async def test_multipart_without_a_photo(shared: Stage) -> None:
    answer = await shared.client.post(
        "/v1/alerts", headers=shared.bearer("police"), files={"record": ("r.json", orjson.dumps(fresh()))}
    )
    assert answer.status_code == 201, answer.text


async def test_a_test_key_issues_exercises_and_tests(shared: Stage) -> None:
    for status, prefix in (("exercise", "YL-"), ("test", "CS-")):
        code = await issue(shared, "police-test", status=status)
        assert code.startswith(prefix)
        assert (await shared.get(f"/v1/alerts/{code}", "police-test")).status_code == 200
        assert (await shared.post(f"/v1/alerts/{code}/retract", {"reason": "found"}, "police-test")).status_code == 200


async def test_a_case_has_one_live_actual_alert(shared: Stage) -> None:
    body = fresh()
    first = (await shared.post("/v1/alerts", body)).json()["id"]
    second = await shared.post("/v1/alerts", body | {"basis": "再次核实"})
    assert second.status_code == 409
    problem = second.json()
    assert problem["type"] == "urn:huijia:problem:live-alert-exists"
    assert problem["alert"] == first
    assert first in problem["detail"]
    assert (await shared.post("/v1/alerts", body | {"status": "exercise"})).status_code == 201
    assert (await shared.post(f"/v1/alerts/{first}/retract", {"reason": "issued_in_error"})).status_code == 200
    assert (await shared.post("/v1/alerts", body)).status_code == 201


async def test_a_case_number_names_no_alert_of_another_organ_to_who_may_not_issue(shared: Stage) -> None:
    body = fresh()
    code = (await shared.post("/v1/alerts", body)).json()["id"]
    answer = await shared.post("/v1/alerts", body, "other")
    assert answer.status_code == 403
    assert code not in answer.text
    assert OTHER_ORGAN in answer.text
