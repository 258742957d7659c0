"""Tars and documents made to harm: a clear word, never a crash, never a byte unpacked."""

import io
import os
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.carriers.ebd.document import LARGEST, Unreadable, parsed
from channels.carriers.ebd.envelope import read
from channels.carriers.ebd.package import MOST_FILES, opened
from sandbox.ebd.answers import Voice
from sandbox.ebd.platform import Platform
from tests.channels.ebd.stage import identity
from tests.channels.notices import NOW

_, GOOD = Voice(Platform(identity())).response(1, "", "10261000000000001030101990000000000000001", NOW)
BUSINESS = opened(GOOD).business


def tar(*files: tuple[str, bytes], change: Callable[[tarfile.TarInfo], None] = lambda entry: None) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, body in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            change(entry)
            archive.addfile(entry, io.BytesIO(body))
    return made.getvalue()


def typed(kind: bytes) -> Callable[[tarfile.TarInfo], None]:
    def change(entry: tarfile.TarInfo) -> None:
        entry.type, entry.linkname, entry.size = kind, "/etc/passwd", 0

    return change


def sparse() -> bytes:
    """A GNU sparse file that states a terabyte and brings nothing."""
    header = bytearray(tarfile.TarInfo("EBDB_1.xml").tobuf(tarfile.GNU_FORMAT))
    header[156:157] = b"S"
    header[483:495] = b"%011o\0" % (1 << 32)
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


def claims(size: int) -> bytes:
    """A header that states a size the archive does not have."""
    entry = tarfile.TarInfo("EBDB_1.xml")
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT) + BUSINESS


TARS = {
    "nothing": b"",
    "no tar": b"<html>nginx</html>" * 40,
    "zeros": bytes(10240),
    "half": GOOD[: len(GOOD) // 2 - 4000],
    "a header and no more": GOOD[:512],
    "half a document": GOOD[: 512 + 100],
    "no business file": tar(("EBDS_1.xml", b"<a/>")),
    "two business files": tar(("EBDB_1.xml", BUSINESS), ("EBDB_2.xml", BUSINESS)),
    "two signature files": tar(("EBDB_1.xml", BUSINESS), ("EBDS_1.xml", b"<a/>"), ("EBDS_2.xml", b"<a/>")),
    "up and away": tar(("../EBDB_1.xml", BUSINESS)),
    "up and away behind a prefix": tar(("EBDB_1/../../x.xml", BUSINESS)),
    "absolute": tar(("/etc/EBDB_1.xml", BUSINESS)),
    "backslash": tar(("EBDB_..\\..\\x.xml", BUSINESS)),
    "a resource that goes away": tar(("EBDB_1.xml", BUSINESS), ("../../root/.ssh/authorized_keys", b"x")),
    "symbolic link": tar(("EBDB_1.xml", b""), change=typed(tarfile.SYMTYPE)),
    "hard link": tar(("EBDB_1.xml", b""), change=typed(tarfile.LNKTYPE)),
    "device": tar(("EBDB_1.xml", b""), change=typed(tarfile.CHRTYPE)),
    "pipe": tar(("EBDB_1.xml", b""), change=typed(tarfile.FIFOTYPE)),
    "folder": tar(("EBDB_1.xml", b""), change=typed(tarfile.DIRTYPE)),
    "sparse": sparse(),
    "a terabyte stated": claims(1 << 40),
    "a gigabyte stated": claims(1 << 30),
    "too large": tar(("EBDB_1.xml", b" " * (LARGEST + 1))),
    "too many": tar(*[(f"EBDR_{n}", b"") for n in range(MOST_FILES + 1)], ("EBDB_1.xml", BUSINESS)),
    "gzip": b"\x1f\x8b\x08" + bytes(600),
}


@pytest.mark.parametrize("name", TARS)
def test_a_tar_that_will_not_do(name: str) -> None:
    with pytest.raises(Unreadable) as caught:
        opened(TARS[name])
    assert 0 < len(str(caught.value)) < 60


@pytest.mark.parametrize("name", ["EBDB_1.xml", "./EBDB_1.xml"])
def test_names_as_tar_tools_write_them(name: str) -> None:
    assert opened(tar((name, BUSINESS), ("EBDR_应急音频.mp3", b"x"))).business == BUSINESS


def test_a_long_name_and_a_missing_end_do_no_harm() -> None:
    assert opened(tar(("EBDB_1.xml", BUSINESS), ("EBDR_" + "长" * 120, b"x"))).business == BUSINESS
    assert opened(GOOD[: 512 + -(-len(BUSINESS) // 512) * 512]).business == BUSINESS


LAUGHS = "<!ENTITY l0 'ha'>" + "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
DOCUMENTS = {
    "nothing": b"",
    "no XML": b"ResultCode=1",
    "cut": BUSINESS[:-20],
    "a billion laughs": f"<!DOCTYPE EBD [{LAUGHS}]><EBD><EBDID>&l9;</EBDID></EBD>".encode(),
    "a file": b"<!DOCTYPE EBD [<!ENTITY f SYSTEM 'file:///etc/hostname'>]><EBD><EBDID>&f;</EBDID></EBD>",
    "a call": b"<!DOCTYPE EBD SYSTEM 'http://127.0.0.1:9/x.dtd'><EBD/>",
    "a document type": b"<!DOCTYPE EBD><EBD/>",
    "deep": b"<EBD>" + b"<a>" * 3000 + b"</a>" * 3000 + b"</EBD>",
    "wide": b"<EBD>" + b"<a/>" * (LARGEST // 4) + b"</EBD>",
    "an encoding nobody knows": b'<?xml version="1.0" encoding="x-huijia"?><EBD/>',
    "bytes of another encoding": b'<?xml version="1.0" encoding="UTF-8"?><EBD>' + "应急".encode("gbk") + b"</EBD>",
    "another root": b"<Signature/>",
    "no id": b"<EBD><EBDType>EBDResponse</EBDType></EBD>",
    "no type": b"<EBD><EBDID>1</EBDID></EBD>",
    "an id that is none": b"<EBD><EBDID>../1</EBDID><EBDType>EBM</EBDType></EBD>",
    "small letters": BUSINESS.replace(b"EBDID", b"ebdid"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_will_not_do(name: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(DOCUMENTS[name])
    assert 0 < len(str(caught.value)) < 60


def test_no_file_is_opened_for_an_entity(tmp_path: Path) -> None:
    """Whoever opens this pipe waits for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    document = f"<!DOCTYPE EBD [<!ENTITY f SYSTEM '{pipe.as_uri()}'>]><EBD><EBDID>&f;</EBDID></EBD>".encode()
    refused = threading.Event()

    def reads() -> None:
        with pytest.raises(Unreadable):
            parsed(document)
        refused.set()

    threading.Thread(target=reads, daemon=True).start()
    assert refused.wait(2)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("UTF-8", "utf-8-sig"), ("GBK", "gbk"), ("GB2312", "gb2312"), ("GB18030", "gb18030"), ("UTF-16", "utf-16")],
)
def test_the_encodings_of_the_field_are_read(text: str, encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{text}"?><EBD><EBDID>1</EBDID><EBDType>EBDResponse</EBDType></EBD>'
    assert read(body.encode(encoding)).type == "EBDResponse"


def test_both_spellings_and_any_namespace_are_read() -> None:
    old = BUSINESS.replace(b"EBRID", b"EBEID")
    spaced = BUSINESS.replace(b"<EBD xmlns:xs", b'<EBD xmlns="urn:ebd" xmlns:xs')
    for business in (BUSINESS, old, spaced):
        envelope = read(business)
        assert (envelope.source, envelope.target) == ("36101000000000103010101", "26100000000000103010199")
        assert envelope.related == "10261000000000001030101990000000000000001"
        assert envelope.body is not None


def test_a_type_that_is_no_name_has_no_body() -> None:
    assert read(b"<EBD><EBDID>1</EBDID><EBDType>a/b</EBDType><a><b/></a></EBD>").body is None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=12), st.integers(0, len(GOOD)))
def test_no_damage_makes_it_crash(changes: list[tuple[int, int]], end: int) -> None:
    damaged = bytearray(GOOD)
    for at, value in changes:
        damaged[at] = value
    for body in (bytes(damaged), bytes(damaged[:end])):
        try:
            read(opened(body).business)
        except Unreadable:
            continue


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=3000))
def test_no_bytes_make_it_crash(body: bytes) -> None:
    for reads in (opened, parsed, read):
        try:
            reads(body)
        except Unreadable:
            continue


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["size", "path", "GNU.sparse.size", "mtime", "linkpath", "x"]), st.text(max_size=30)
    )
)
def test_no_extended_header_makes_it_crash(headers: dict[str, str]) -> None:
    def change(entry: tarfile.TarInfo) -> None:
        entry.pax_headers = {name: value.replace("\0", "") for name, value in headers.items()}

    try:
        body = tar(("EBDB_1.xml", BUSINESS), change=change)
    except (ValueError, UnicodeError):
        return
    try:
        read(opened(body).business)
    except Unreadable:
        return
