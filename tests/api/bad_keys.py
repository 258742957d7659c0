"""Keys that are none, or not for this; and headers that are out of form."""

from collections.abc import Callable
from typing import Any

from tests.api.bad import JSON, Case, Sent, as_json, call
from tests.api.stage import CITY_ORGAN, OTHER_ORGAN
from tests.making import ORGAN, record_json

ZEROS = "0" * 64


def key(name: str, header: str | bytes | None) -> Case:
    def make() -> Sent:
        headers: dict[str, str | bytes] = {"content-type": JSON}
        if header is not None:
            headers["authorization"] = header
        return Sent(as_json(record_json()), headers, who="")

    return Case(f"key: {name}", 401, "key", (), make)


def may_not(name: str, who: str, /, **changes: Any) -> Case:
    return call(name, 403, "forbidden", "POST", "/v1/alerts", lambda: record_json(**changes), who)


def idempotency(name: str, value: str | bytes) -> Case:
    def make() -> Sent:
        return Sent(as_json(record_json()), {"content-type": JSON, "idempotency-key": value})

    return Case(f"Idempotency-Key: {name}", 422, "invalid", ("/header/Idempotency-Key=idempotency_key",), make)


def retraction(reason: str = "found") -> Callable[[], object]:
    return lambda: {"reason": reason}


CASES = [
    key("none", None),
    key("empty", ""),
    key("Basic", "Basic aGo6aGo="),
    key("Bearer and nothing", "Bearer"),
    key("Bearer and a space", "Bearer "),
    key("no scheme", f"hj_live_0123456789ab_{ZEROS}"),
    key("unknown", f"Bearer hj_live_0123456789ab_{ZEROS}"),
    key("another system's", "Bearer ghp_0123456789abcdef"),
    key("SQL", "Bearer hj_live_' OR 1=1 --_x"),
    key("with NUL", b"Bearer hj_live_01234567\x0089_" + ZEROS.encode()),
    key("in Latin-1", b"Bearer hj_live_0123456789ab_\xe9\xe9"),
    key("in Chinese", "Bearer 密钥".encode()),
    key("of 100 kB", "Bearer hj_live_" + "0" * 100_000),
    key("with one part too many", f"Bearer hj_live_0123456789ab_{ZEROS}_x"),
    call("key: revoked", 401, "key", "POST", "/v1/alerts", record_json, "revoked"),
    call("key: in the query only", 401, "key", "POST", "/v1/alerts?key=x", record_json, ""),
    call("key: none, for an alert", 401, "key", "GET", "/v1/alerts/{alert}", who=""),
    call("key: none, for an alert that cannot be", 401, "key", "GET", "/v1/alerts/nonsense", who=""),
    call("key: none, for the feed", 401, "key", "GET", "/v1/feed", who=""),
    call("key: none, for receipts", 401, "key", "POST", "/v1/receipts", {}, who=""),
    may_not("a partner issues", "partner"),
    may_not("an operator's key issues", "operator"),
    may_not("an administrator's key issues", "admin"),
    may_not("a partner issues nonsense", "partner", status="x"),
    may_not("a test key issues an actual alert", "police-test"),
    may_not("an organ issues in another's name", "police", organ_code=OTHER_ORGAN),
    may_not("a county's organ issues in its city's name", "police", organ_code=CITY_ORGAN),
    may_not("a city's organ issues in its county's name", "city", organ_code=ORGAN),
    may_not("an organ issues for the county beside it", "other", organ_code=OTHER_ORGAN),
    may_not("a city's organ issues for another city", "city", organ_code=CITY_ORGAN, loss__area_code="610404",
            loss__lon=108.72, loss__lat=34.36),
    may_not("a province's organ issues for another province", "province", organ_code="610000000000",
            loss__area_code="620102", loss__lon=103.84, loss__lat=36.06),
    call("a partner reads an alert", 403, "forbidden", "GET", "/v1/alerts/{alert}", who="partner"),
    call("a partner reads deliveries", 403, "forbidden", "GET", "/v1/alerts/{alert}/deliveries", who="partner"),
    call("a partner retracts", 403, "forbidden", "POST", "/v1/alerts/{alert}/retract", retraction(), "partner"),
    call("a partner updates", 403, "forbidden", "POST", "/v1/alerts/{alert}/update", record_json, "partner"),
    call("an operator's key updates", 403, "forbidden", "POST", "/v1/alerts/{alert}/update", record_json, "operator"),
    call("police read the feed", 403, "forbidden", "GET", "/v1/feed"),
    call("an operator's key reads the feed", 403, "forbidden", "GET", "/v1/feed", who="operator"),
    call("police send receipts", 403, "forbidden", "POST", "/v1/receipts", {"delivery": "dlv_1", "kind": "aired"}),
    call("a test key reads an actual alert", 403, "forbidden", "GET", "/v1/alerts/{alert}", who="police-test"),
    call("a test key reads an actual alert's deliveries", 403, "forbidden", "GET", "/v1/alerts/{alert}/deliveries",
         who="police-test"),
    call("a test key retracts an actual alert", 403, "forbidden", "POST", "/v1/alerts/{alert}/retract", retraction(),
         "police-test"),
    call("a test key updates an actual alert", 403, "forbidden", "POST", "/v1/alerts/{alert}/update",
         lambda: record_json(status="exercise"), "police-test"),
    call("another county's organ reads an alert", 404, "not-found", "GET", "/v1/alerts/{alert}", who="other"),
    call("another county's organ reads deliveries", 404, "not-found", "GET", "/v1/alerts/{alert}/deliveries", who="other"),
    call("another county's organ retracts", 404, "not-found", "POST", "/v1/alerts/{alert}/retract", retraction(), "other"),
    call("another county's organ updates", 404, "not-found", "POST", "/v1/alerts/{alert}/update",
         lambda: record_json(organ_code=OTHER_ORGAN), "other"),
    call("a county's organ reads its neighbour's alert", 404, "not-found", "GET", "/v1/alerts/{foreign}"),
    idempotency("too short", "1234567"),
    idempotency("empty", ""),
    idempotency("too long", "k" * 256),
    idempotency("with a space", "key with spaces"),
    idempotency("with a tabulator", "key\twith tab"),
    idempotency("in Latin-1", b"schl\xfcssel-1"),
    idempotency("in Chinese", "请求编号一二三".encode()),
    idempotency("with NUL", b"12345678\x00"),
]  # fmt: skip
