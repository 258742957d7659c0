"""Records with something missing, something unknown, or something of another kind."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.bad import Case, record

REQUIRED = [
    "status",
    "case_number",
    "organ_code",
    "reported_by",
    "verified_by",
    "verified_at",
    "basis",
    "minor",
    "loss",
    "guardian",
    "reported_by__name",
    "reported_by__number",
    "reported_by__phone",
    "verified_by__name",
    "minor__name",
    "minor__sex",
    "loss__address",
    "loss__area_code",
    "loss__datum",
    "loss__lon",
    "loss__lat",
    "loss__at",
    "guardian__told",
    "guardian__name",
    "guardian__phone",
    "guardian__relation",
]

LEVELS = ("", "reported_by__", "verified_by__", "minor__", "loss__", "guardian__")


def pointer(path: str) -> str:
    return "/" + path.replace("__", "/")


def _ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def _kinds() -> list[Case]:
    """Every kind of JSON value where another belongs."""
    wrong: dict[str, tuple[Any, ...]] = {
        "status": (1, True, None, "Actual", "draft", ""),
        "case_number": (23, ["A"], ""),
        "organ_code": (610113000000, None),
        "reported_by": ("王建国", [], None, 1),
        "verified_at": (1763881445, "1763881445", None, {}),
        "minor": (None, [{}], "李小明"),
        "minor__name": (1, None, ["李小明"], {"zh": "李小明"}),
        "minor__sex": (True, "男", "Male", 1),
        "minor__birth_date": (20190115, "2019-01-15T00:00:00Z", "2019/01/15", "2019-02-30", "2019-1-5", "", [2019, 1, 15]),
        "minor__height_cm": ("118", True, 118.5, 118.0, -1, 29, 231),
        "minor__features": (None, ["左眉有痣"], 1),
        "loss": ([], "小寨"),
        "loss__lon": ("108.947", True, None, 181, 0),
        "loss__lat": (False, [34.2], 91, -34.2),
        "loss__datum": ("WGS-84", "gcj02", 4326, None),
        "guardian__told": ("true", 1, 0, None, "是"),
        "duration_hours": ("24", 24.0, True, 0, -1, 169, None),
        "suspect": ("男子一名", []),
        "vehicle": ("陕A12345", 1),
        "note": (None, 1),
        "photo": (1, {}, ["x"]),
    }  # fmt: skip
    return [
        record(f"{pointer(path)} is {value!r}", pointer(path), **{path: value})
        for path, values in wrong.items()
        for value in values
    ]


CASES = [
    *(record(f"{pointer(path)} is missing", f"{pointer(path)}=missing", **{path: ...}) for path in REQUIRED),
    *(record(f"an unknown member in {pointer(level) or 'the record'}", f"{pointer(level)}hobby=extra_forbidden",
             **{f"{level}hobby": "足球"}) for level in LEVELS),
    record("an unknown member of a suspect", "/suspect/name=extra_forbidden",
           suspect={"description": "中年男子", "name": "张三"}),
    record("an unknown member of a vehicle", "/vehicle/colour=extra_forbidden", vehicle={"plate": "陕A12345", "colour": "红"}),
    record("a member that needs escaping in a pointer", "/a~1b~0c=extra_forbidden", **{"a/b~c": 1}),
    record("a member of JavaScript's", "/constructor=extra_forbidden", constructor={}),
    *_kinds(),
    record("a loss without an offset", "/loss/at=timezone_aware", loss__at="2026-11-23T15:04:05"),
    record("a verification without an offset", "/verified_at=timezone_aware", verified_at="2026-11-23 15:04:05"),
    record("a loss with a day only", "/loss/at=datetime_parsing", loss__at="2026-11-23"),
    record("a loss in words", "/loss/at=datetime_parsing", loss__at="2026年11月23日下午三点"),
    record("a loss in HTTP's format", "/loss/at=datetime_parsing", loss__at="Mon, 23 Nov 2026 15:04:05 GMT"),
    record("a thirteenth month", "/loss/at=datetime_parsing", loss__at="2026-13-01T00:00:00+08:00"),
    record("hour 25", "/loss/at=datetime_parsing", loss__at="2026-11-23T25:00:00+08:00"),
    record("an offset of 25 hours", "/loss/at=datetime_parsing", loss__at="2026-11-23T15:00:00+25:00"),
    record("full-width digits in a time", "/loss/at=datetime_parsing", loss__at="２０２６-11-23T15:00:00+08:00"),
    record("year 1", "/loss/at", loss__at="0001-01-01T00:00:00+08:00"),
    record("the last moment of the calendar", "/loss/at", loss__at="9999-12-31T23:59:59-08:00"),
    Case("a loss in the future", 422, "invalid", ("/loss/at=in_the_future", "/verified_at=verified_before_loss"),
         record("", "", loss__at=_ago(hours=-1)).make),
    record("a verification in the future", "/verified_at=in_the_future", verified_at=_ago(hours=-1)),
    record("a verification before the loss", "/verified_at=verified_before_loss", verified_at=_ago(hours=2)),
    record("a loss 31 days ago", "/loss/at=long_ago", loss__at=_ago(days=31)),
    record("longitude and latitude swapped", "/loss/lon=greater_than_equal /loss/lat=less_than_equal /loss/lon=lon_lat_swapped",
           loss__lon=34.224, loss__lat=108.947),
    record("a position in another province", "/loss/area_code=place_not_in_county", loss__lon=103.83, loss__lat=36.06),
    record("a city where a county belongs", "/loss/area_code=unknown_county", loss__area_code="610100"),
    record("a province where a county belongs", "/loss/area_code=unknown_county", loss__area_code="610000"),
    record("a retired county", "/loss/area_code=unknown_county", loss__area_code="610125"),
    record("a county that never was", "/loss/area_code=unknown_county", loss__area_code="610199"),
    record("a county far away", "/loss/area_code=unknown_county", loss__area_code="110101"),
    record("full-width digits in an area code", "/loss/area_code=unknown_county", loss__area_code="６１０１１３"),
    record("a county by its name", "/loss/area_code=unknown_county", loss__area_code="雁塔区"),
    record("every member wrong at once", "/status /case_number /minor/sex /minor/height_cm /loss/at /loss/datum /guardian/told "
           "/duration_hours /hobby", status="x", case_number="x", minor__sex="x", minor__height_cm=0, loss__at="x",
           loss__datum="x", guardian__told=1, duration_hours=0, hobby=1),
]  # fmt: skip
