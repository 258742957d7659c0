"""Retractions, updates, receipts, addresses and parameters that cannot be meant."""

from typing import Any

from tests.api.bad import Case, call
from tests.making import record_json

CASE = "A6101130000002025010001"  # of the alert that {alert} stands for


def retract(name: str, body: Any, at: str = "", status: int = 422, code: str = "invalid") -> Case:
    return call(f"retract: {name}", status, code, "POST", "/v1/alerts/{alert}/retract", body, at=at)


def update(name: str, status: int, code: str, at: str = "", /, **changes: Any) -> Case:
    """A record that is the alert's own, but for the changes."""
    return call(
        f"update: {name}", status, code, "POST", "/v1/alerts/{alert}/update", lambda: record_json(**changes), at=at
    )


def receipt(name: str, body: Any, at: str = "", status: int = 422, code: str = "invalid") -> Case:
    return call(f"receipt: {name}", status, code, "POST", "/v1/receipts", body, "partner", at)


def one(**changes: Any) -> dict[str, Any]:
    return {"delivery": "dlv_1", "kind": "aired", "at": "2026-11-23T15:04:05+08:00"} | changes


def look(
    name: str,
    path: str,
    at: str = "",
    status: int = 422,
    code: str = "invalid",
    who: str = "police",
    method: str = "GET",
) -> Case:
    return call(name, status, code, method, path, who=who, at=at)


ACTS = [
    retract("no body", b"", status=400, code="json"),
    retract("no reason", {}, "/reason=missing"),
    retract("a reason nobody knows", {"reason": "bored"}, "/reason=literal_error"),
    retract("a reason in Chinese", {"reason": "已找到"}, "/reason=literal_error"),
    retract("a number for a reason", {"reason": 1}, "/reason=literal_error"),
    retract("an array", [], status=400, code="json"),
    retract("an unknown member", {"reason": "found", "where": "医院"}, "/where=extra_forbidden"),
    retract("two reasons", b'{"reason":"found","reason":"report_untrue"}', "/reason=named_twice"),
    retract("a line of 101 characters", {"reason": "found", "line": "谢" * 101}, "/line=string_too_long"),
    retract("a line of 61 characters", {"reason": "found", "line": "谢" * 61}, "/line=line_tells_too_much"),
    retract("a line with the child's name", {"reason": "found", "line": "李小明已回家"}, "/line=line_tells_too_much"),
    retract("a line that tells a fate", {"reason": "found", "line": "孩子已送往医院"}, "/line=line_tells_too_much"),
    retract("a line with a NUL", {"reason": "found", "line": "谢\x00谢"}, "/line=illegible_character"),
    retract("a line of two lines", {"reason": "found", "line": "谢谢\n大家"}, "/line=line_break"),
    retract("a line that is null", {"reason": "found", "line": None}, "/line=string_type"),
    call("retract: an alert nobody knows", 404, "not-found", "POST", "/v1/alerts/HJ-2026-999999/retract", {"reason": "found"}),
    update("another case", 409, "conflict", case_number="A6101130000002025010002"),
    update("an exercise made of an actual alert", 409, "conflict", case_number=CASE, status="exercise"),
    update("a wrong record", 422, "invalid", "/minor/sex=literal_error", minor__sex="男"),
    update("a county beyond the region", 403, "forbidden", loss__area_code="610102", loss__lon=108.96, loss__lat=34.26),
    call("update: no body", 400, "json", "POST", "/v1/alerts/{alert}/update"),
    call("update: an alert nobody knows", 404, "not-found", "POST", "/v1/alerts/HJ-2026-999999/update", record_json),
    receipt("no body", b"", status=400, code="json"),
    receipt("nothing", {}, "/delivery=missing /kind=missing"),
    receipt("an empty list", {"receipts": []}, status=400, code="json"),
    receipt("an empty array", [], status=400, code="json"),
    receipt("no list", {"receipts": "dlv_1"}, status=400, code="json"),
    receipt("something beside the list", {"receipts": [one()], "partner": 2}, status=400, code="json"),
    receipt("a string in the list", {"receipts": ["dlv_1"]}, "/receipts/0=model_type"),
    receipt("null in an array", [None], "/0=model_type"),
    receipt("an unknown kind", one(kind="shown"), "/kind=literal_error"),
    receipt("no delivery", {"kind": "aired"}, "/delivery=missing"),
    receipt("a delivery as a number", one(delivery=42), "/delivery=string_type"),
    receipt("a delivery with a NUL", one(delivery="dlv_\x00"), "/delivery=illegible_character"),
    receipt("a delivery of 65 characters", one(delivery="d" * 65), "/delivery=string_too_long"),
    receipt("an empty delivery", one(delivery=" "), "/delivery=string_too_short"),
    receipt("a time without an offset", one(at="2026-11-23T15:04:05"), "/at=timezone_aware"),
    receipt("a time as a number", one(at=1763881445), "/at=datetime_type"),
    receipt("a time as digits", one(at="1763881445"), "/at=datetime_parsing"),
    receipt("the last moment of the calendar", one(at="9999-12-31T23:59:59-08:00"), "/at=datetime_parsing"),
    receipt("a note of 501 characters", one(note="字" * 501), "/note=string_too_long"),
    receipt("a note with an escape", one(note="\x1b[2J"), "/note=illegible_character"),
    receipt("evidence that is a script", one(evidence="javascript:alert(1)"), "/evidence=link"),
    receipt("evidence that is a file", one(evidence="file:///etc/passwd"), "/evidence=link"),
    receipt("evidence without a host", one(evidence="https://"), "/evidence=link"),
    receipt("evidence with a NUL", one(evidence="https://example.com/\x00"), "/evidence=illegible_character"),
    receipt("an unknown member", one(outlet="屏"), "/outlet=extra_forbidden"),
    receipt("a member named twice", b'{"delivery":"dlv_1","kind":"aired","kind":"taken_down"}', "/kind=named_twice"),
    receipt("a member named twice, in a list", b'{"receipts":[{"delivery":"dlv_1","kind":"aired","kind":"aired"}]}',
            "/receipts/0/kind=named_twice"),
    receipt("400 brackets", b'{"delivery":"dlv_1","kind":"aired","note":' + b"[" * 400 + b"]" * 400 + b"}",
            "/note=string_type"),
    receipt("an integer of 30 digits", b'{"delivery":"dlv_1","kind":' + b"9" * 30 + b"}", "/kind=literal_error"),
    receipt("501 of them", [one()] * 501, status=413, code="too-many"),
    receipt("several faults in several of them", [one(kind="x", at="x"), one(delivery="", note=1)],
            "/0/kind /0/at /1/delivery /1/note"),
]  # fmt: skip

ADDRESSES = [
    look("an alert nobody knows", "/v1/alerts/HJ-2026-999999", status=404, code="not-found"),
    look("an alert number with a NUL", "/v1/alerts/HJ-2026-%00", status=404, code="not-found"),
    look("an alert number of Chinese", "/v1/alerts/%E5%9B%9E%E5%AE%B6", status=404, code="not-found"),
    look("an alert number with an override", "/v1/alerts/HJ%E2%80%AE2026", status=404, code="not-found"),
    look("an alert number of 8 kB", "/v1/alerts/" + "A" * 8000, status=404, code="not-found"),
    look("an alert number with SQL", "/v1/alerts/HJ'%20OR%201=1--", status=404, code="not-found"),
    look("an alert number in small letters", "/v1/alerts/hj-2026-000001", status=404, code="not-found"),
    look("a path that climbs", "/v1/alerts/..%2f..%2fhealth%2flive", status=404, code="no-such-address"),
    look("a path that climbs in the open", "/v1/alerts/%2e%2e", status=404, code="not-found"),
    look("a path nobody knows", "/v1/alert", status=404, code="no-such-address"),
    look("a path with two slashes", "/v1//alerts", status=404, code="no-such-address"),
    look("another version", "/v2/alerts", status=404, code="no-such-address"),
    look("alerts are not listed", "/v1/alerts", status=405, code="method"),
    look("an alert is not deleted", "/v1/alerts/{alert}", method="DELETE", status=405, code="method"),
    look("an alert is not replaced", "/v1/alerts/{alert}", method="PUT", status=405, code="method"),
    look("a method nobody knows", "/v1/alerts", method="BREW", status=405, code="method"),
    look("a feed is not posted to", "/v1/feed", method="POST", who="partner", status=405, code="method"),
    look("a page of nothing", "/v1/alerts/{alert}/deliveries?limit=0", "/query/limit=greater_than_equal"),
    look("a page of 501", "/v1/alerts/{alert}/deliveries?limit=501", "/query/limit=less_than_equal"),
    look("a page in words", "/v1/alerts/{alert}/deliveries?limit=ten&after=x",
         "/query/limit=int_parsing /query/after=int_parsing"),
    look("a page before the first", "/v1/alerts/{alert}/deliveries?after=-1", "/query/after=greater_than_equal"),
    look("a page after 20 digits", "/v1/alerts/{alert}/deliveries?after=" + "9" * 20, "/query/after=less_than_equal"),
    look("a page after 5,000 digits", "/v1/alerts/{alert}/deliveries?after=" + "9" * 5000, "/query/after"),
    look("a cursor in words", "/v1/feed?cursor=newest", "/query/cursor", who="partner"),
    look("a cursor of 19 digits", "/v1/feed?cursor=" + "9" * 19, "/query/cursor", who="partner"),
    look("a cursor in full width", "/v1/feed?cursor=%EF%BC%91", "/query/cursor", who="partner"),
    look("a feed page of 501", "/v1/feed?limit=501", "/query/limit", who="partner"),
    look("a picture without a signature", "/media/{alert}/" + "0" * 64, status=410, code="media-expired"),
    look("a picture with a made-up signature", "/media/{alert}/x?expires=9999999999&signature=" + "0" * 64, status=410,
         code="media-expired"),
    look("a picture with a NUL", "/media/%00/%00?expires=9999999999&signature=%00", status=410, code="media-expired"),
    look("a picture with a Chinese signature", "/media/a/b?expires=1&signature=%E7%AD%BE", status=410, code="media-expired"),
    look("a picture that expires in words", "/media/{alert}/x?expires=never", "/query/expires=int_parsing"),
    look("a picture is not posted", "/media/{alert}/x", method="POST", status=405, code="method"),
]  # fmt: skip

CASES = ACTS + ADDRESSES
