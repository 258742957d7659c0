"""Photos that are none, or not to be opened; and multipart bodies that cannot be read."""

import base64
import io
import zipfile
from collections.abc import Callable

from tests.api import pictures
from tests.api.bad import JSON, Case, Sent, as_json, record
from tests.making import photo_bytes, record_json

BOUNDARY = "b0undary"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
RECORD, PHOTO = 'form-data; name="record"', 'form-data; name="photo"; filename="p.jpg"'


def part(disposition: str, body: bytes, *headers: str) -> bytes:
    head = "".join(f"{line}\r\n" for line in (f"Content-Disposition: {disposition}", *headers))
    return f"--{BOUNDARY}\r\n{head}\r\n".encode() + body + b"\r\n"


def form(*parts: bytes, end: bytes = f"--{BOUNDARY}--\r\n".encode()) -> bytes:
    return b"".join(parts) + end


def record_part(*headers: str) -> bytes:
    return part(RECORD, as_json(record_json()), *headers)


def photo(name: str, code: str, make: Callable[[], bytes]) -> list[Case]:
    """The same picture both ways: as a part, and as Base64."""

    def as_part() -> Sent:
        return Sent(form(record_part(), part(PHOTO, make(), "Content-Type: image/jpeg")), FORM)

    def as_base64() -> Sent:
        return Sent(as_json(record_json(photo=base64.b64encode(make()).decode())), {"content-type": JSON})

    at = (f"/photo={code}",)
    return [
        Case(f"{name}, as a part", 422, "invalid", at, as_part),
        Case(f"{name}, in Base64", 422, "invalid", at, as_base64),
    ]


def multipart(name: str, make: Callable[[], bytes], content_type: str = FORM["content-type"], status: int = 400,
              code: str = "multipart") -> Case:  # fmt: skip
    return Case(name, status, code, (), lambda: Sent(make(), {"content-type": content_type}))


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("a.jpg", photo_bytes())
    return out.getvalue()


PHOTOS = [
    *photo("an empty photo", "photo_empty", lambda: b""),
    *photo("a GIF", "photo_type", lambda: pictures.picture("GIF")),
    *photo("a BMP", "photo_type", lambda: pictures.picture("BMP")),
    *photo("a TIFF", "photo_type", lambda: pictures.picture("TIFF")),
    *photo("a JPEG 2000", "photo_type", lambda: pictures.picture("JPEG2000")),
    *photo("a HEIC, by its first bytes", "photo_type", lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 500),
    *photo("an SVG", "photo_type", lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    *photo("a PDF", "photo_type", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj"),
    *photo("an HTML page", "photo_type", lambda: b"<!doctype html><script>alert(1)</script>"),
    *photo("a ZIP with a JPEG in it", "photo_type", _zip),
    *photo("an EPS", "photo_type", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n"),
    *photo("a program", "photo_type", lambda: b"\x7fELF" + b"\0" * 500),
    *photo("half a JPEG", "photo_damaged", lambda: pictures.picture("JPEG", 400, 400)[:4000]),
    *photo("the first bytes of a JPEG", "photo_type", lambda: photo_bytes()[:20]),
    *photo("half a PNG", "photo_damaged", lambda: pictures.picture("PNG", 400, 400)[:3000]),
    *photo("half a WebP", "photo_damaged", lambda: pictures.picture("WEBP", 400, 400)[:1500]),
    *photo("a PNG whose pixels do not unpack", "photo_damaged", pictures.spoilt_png),
    *photo("a PNG without pixels", "photo_damaged", lambda: pictures.png(200, 200)),
    *photo("a bomb of 50,000 × 50,000", "photo_too_many_pixels", pictures.bomb),
    *photo("10,000 × 10,000 between our bound and Pillow's", "photo_too_many_pixels", lambda: pictures.png(10_000, 10_000)),
    *photo("a width of two thousand million", "photo_too_many_pixels", lambda: pictures.png(2_000_000_000, 64)),
    *photo("a comment that unpacks to 70 MB", "photo_damaged", pictures.text_bomb),
    *photo("a JPEG of a thousand scans", "photo_too_many_scans", pictures.many_scans),
    *photo("11 MB", "photo_too_large", lambda: photo_bytes() + b"\0" * 11 * 1024 * 1024),
    *photo("8 × 8 pixels", "photo_too_small", lambda: photo_bytes(8, 8)),
    *photo("63 pixels wide", "photo_too_small", lambda: photo_bytes(63, 200)),
    *photo("a strip of 64 × 4,000", "photo_shape", lambda: photo_bytes(64, 4000)),
    record("a photo in Base64 with data:", "/photo=photo_base64",
           photo="data:image/jpeg;base64," + base64.b64encode(photo_bytes()).decode()),
    record("a photo in Base64 with line breaks", "/photo=photo_base64", photo=base64.encodebytes(photo_bytes()).decode()),
    record("a photo in Base64 for URLs", "/photo=photo_base64", photo="_-_-"),
    record("a photo in Base64 that breaks off", "/photo=photo_base64", photo=base64.b64encode(photo_bytes()).decode()[:-3]),
    record("a photo that is a URL", "/photo=photo_base64", photo="https://example.com/p.jpg"),
    record("a photo of Chinese", "/photo=photo_base64", photo="照片"),
    record("a wrong photo beside a wrong record", "/photo=photo_base64 /minor/sex=literal_error", photo="照片", minor__sex="男"),
]  # fmt: skip

PARTS = [
    multipart("no record part", lambda: form(part(PHOTO, photo_bytes()))),
    multipart("two record parts", lambda: form(record_part(), record_part())),
    multipart("two photo parts", lambda: form(record_part(), part(PHOTO, photo_bytes()), part(PHOTO, photo_bytes()))),
    multipart("a part nobody asked for", lambda: form(record_part(), part('form-data; name="mask"', b"x"))),
    multipart("a part without a name", lambda: form(record_part(), part("form-data", b"x"))),
    multipart("a part with a name in GBK", lambda: form(part('form-data; name="record"', b"{}"),
              b"--b0undary\r\nContent-Disposition: form-data; name=\"\xd5\xd5\xc6\xac\"\r\n\r\nx\r\n")),
    multipart("another boundary than was said", record_part, "multipart/form-data; boundary=other"),
    multipart("no boundary", lambda: form(record_part()), "multipart/form-data"),
    multipart("a boundary of 10,000 characters", lambda: form(record_part()), "multipart/form-data; boundary=" + "b" * 10_000),
    multipart("no closing boundary", lambda: form(record_part(), end=b"")),
    multipart("a photo that breaks off in the middle", lambda: form(record_part(), part(PHOTO, photo_bytes()))[:-300]),
    multipart("an empty body that says multipart", lambda: b""),
    multipart("JSON that says multipart", lambda: as_json(record_json())),
    multipart("nine parts", lambda: form(*[record_part()] * 9)),
    multipart("a hundred headers on a part", lambda: form(record_part(*(f"X-{i}: 1" for i in range(100))))),
    multipart("a photo part in Base64", lambda: form(record_part(), part(PHOTO, base64.b64encode(photo_bytes()),
              "Content-Transfer-Encoding: base64"))),
    multipart("a form in GBK", lambda: form(record_part()), FORM["content-type"] + "; charset=gbk", 415, "media-type"),
    multipart("multipart/mixed", lambda: form(record_part()), f"multipart/mixed; boundary={BOUNDARY}", 415, "media-type"),
    multipart("a record part that says it is in GBK",
              lambda: form(record_part("Content-Type: application/json; charset=gbk"))),
    multipart("a record part in GBK", lambda: form(part(RECORD, as_json(record_json()).decode().encode("gbk"))), code="json"),
    multipart("a record part that is no JSON", lambda: form(part(RECORD, b"status=actual")), code="json"),
    Case("a photo as part and in the record", 422, "invalid", ("/photo=photo_twice",),
         lambda: Sent(form(part(RECORD, as_json(record_json(photo="AAAA"))), part(PHOTO, photo_bytes())), FORM)),
    Case("a photo part that is empty, and a wrong record", 422, "invalid", ("/photo=photo_empty", "/minor/sex=literal_error"),
         lambda: Sent(form(part(RECORD, as_json(record_json(minor__sex="男"))), part(PHOTO, b"")), FORM)),
]  # fmt: skip

CASES = PHOTOS + PARTS
