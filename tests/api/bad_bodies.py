"""Bodies that are no JSON, or not the JSON that was asked for."""

from collections.abc import AsyncIterator

from tests.api.bad import JSON, Case, Sent, as_json, raw, with_raw
from tests.making import record_json

MEGABYTE = b" " * 1024 * 1024
PHOTO_HEAD = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="p"\r\n\r\n'


def record_bytes() -> bytes:
    return as_json(record_json())


async def _seventeen_megabytes(head: bytes = b"") -> AsyncIterator[bytes]:
    yield head
    for _ in range(17):
        yield MEGABYTE


def _twice(member: str) -> bytes:
    return record_bytes().replace(member.encode(), member.encode() + b"," + member.encode(), 1)


CASES = [
    raw("an empty body", 400, "json", b""),
    raw("only white space", 400, "json", b" \n\t "),
    raw("no JSON at all", 400, "json", "失踪儿童".encode()),
    raw("JSON that breaks off", 400, "json", lambda: record_bytes()[:200]),
    raw("a comma too many", 400, "json", lambda: record_bytes()[:-1] + b",}"),
    raw("comments", 400, "json", lambda: b"/* record */" + record_bytes()),
    raw("single quotes", 400, "json", b"{'status': 'actual'}"),
    raw("two objects one after the other", 400, "json", lambda: record_bytes() * 2),
    raw("an array", 400, "json", b"[]"),
    raw("a string", 400, "json", b'"actual"'),
    raw("null", 400, "json", b"null"),
    raw("a number", 400, "json", b"42"),
    raw("a UTF-8 byte order mark", 400, "json", lambda: b"\xef\xbb\xbf" + record_bytes()),
    raw("UTF-16 with its mark", 400, "json", lambda: record_bytes().decode().encode("utf-16")),
    raw("UTF-16 without a mark", 400, "json", lambda: record_bytes().decode().encode("utf-16-be")),
    raw("GBK", 400, "json", lambda: record_bytes().decode().encode("gbk")),
    raw("GBK, and says so", 415, "media-type", lambda: record_bytes().decode().encode("gbk"),
        content_type=f"{JSON}; charset=gbk"),
    raw("overlong UTF-8", 400, "json", lambda: record_bytes().replace("李小明".encode(), b"\xc0\xaf")),
    raw("UTF-8 that breaks off", 400, "json", lambda: record_bytes().replace("李小明".encode(), b"\xe6\x9d")),
    raw("a raw NUL byte in a string", 400, "json", lambda: record_bytes().replace("李小明".encode(), b"\x00")),
    raw("a raw line feed in a string", 400, "json", lambda: record_bytes().replace("李小明".encode(), b"\n")),
    raw("half a surrogate pair", 400, "json", with_raw(r'"\ud83d"', minor__name="@")),
    raw("half a surrogate pair in an unknown member, twice", 400, "json", b'{"\\udc00":1,"\\udc00":2}'),
    raw("NaN", 400, "json", with_raw("NaN", loss__lon="@")),
    raw("Infinity", 400, "json", with_raw("Infinity", loss__lon="@")),
    raw("minus Infinity", 400, "json", with_raw("-Infinity", duration_hours="@")),
    raw("1e999", 422, "invalid", with_raw("1e999", loss__lat="@"), "/loss/lat=finite_number"),
    raw("1e999 where an integer belongs", 422, "invalid", with_raw("1e999", duration_hours="@"), "/duration_hours"),
    raw("an integer of 30 digits", 422, "invalid", with_raw("9" * 30, minor__height_cm="@"), "/minor/height_cm=less_than_equal"),
    raw("an integer of 10,000 digits", 400, "json", with_raw("9" * 10_000, minor__height_cm="@")),
    raw("a leading zero", 400, "json", with_raw("024", duration_hours="@")),
    raw("100,000 brackets", 400, "json", b"[" * 100_000),
    raw("100,000 brackets, closed, in a member", 400, "json", with_raw("[" * 100_000 + "]" * 100_000, note="@")),
    raw("100,000 braces", 400, "json", b'{"minor":' * 100_000),
    raw("300 brackets in a member", 422, "invalid", with_raw("[" * 300 + "]" * 300, note="@"), "/note=string_type"),
    raw("a member named twice", 422, "invalid", lambda: _twice('"duration_hours":24'), "/duration_hours=named_twice"),
    raw("a nested member named twice", 422, "invalid", lambda: _twice('"sex":"male"'), "/minor/sex=named_twice"),
    raw("10,000 unknown members", 400, "json", lambda: as_json({f"m{i}": i for i in range(10_000)})),
    raw("eight million numbers", 400, "json", with_raw("[" + "0," * 8_000_000 + "0]", minor="@")),
    raw("a member name of a megabyte", 422, "invalid", lambda: as_json(record_json() | {"x" * 2**20: 1}), "/" + "x" * 80),
    raw("text/plain", 415, "media-type", record_bytes, content_type="text/plain"),
    raw("a form", 415, "media-type", b"status=actual", content_type="application/x-www-form-urlencoded"),
    raw("XML", 415, "media-type", b"<record/>", content_type="application/xml"),
    raw("no content type", 415, "media-type", record_bytes, content_type=""),
    raw("gzip", 415, "media-type", record_bytes, content_encoding="gzip"),
    raw("17 MB that say how long they are", 413, "too-large", lambda: MEGABYTE * 17),
    Case("17 MB in chunks", 413, "too-large", (), lambda: Sent(_seventeen_megabytes(), {"content-type": JSON})),
    Case("17 MB in chunks as multipart", 413, "too-large", (),
         lambda: Sent(_seventeen_megabytes(PHOTO_HEAD), {"content-type": "multipart/form-data; boundary=b"})),
]  # fmt: skip
