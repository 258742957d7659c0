"""One chain of messages, as it was served, before every independent reader; and what is forged before those that verify."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import capparser  # type: ignore[import-untyped]  # has no types
import feedparser  # type: ignore[import-untyped]  # has no types
import pytest
from lxml import etree
from signxml.exceptions import InvalidCertificate, InvalidDigest, InvalidInput, InvalidSignature
from signxml.verifier import XMLVerifier

from app.flows.notary import Notary
from tests.api.records import fresh, new_partner
from tests.api.stage import Stage
from tests.cap.chains import SCHEMA, certificate, chain, read
from tests.cap.player import CAP, Forged, verified

pytestmark = pytest.mark.asyncio(loop_scope="module")

Verifier = Callable[[bytes, str], bool]


def by_signxml(document: bytes, pem: str) -> bool:
    """As docs/partners/cap.md has it."""
    try:
        found = XMLVerifier().verify(document, x509_cert=pem)
    except (InvalidSignature, InvalidDigest, InvalidCertificate, InvalidInput):
        return False
    assert not isinstance(found, list)
    return found.signed_xml is not None and found.signed_xml.find("c:identifier", CAP) is not None


def by_hand(document: bytes, pem: str) -> bool:
    """The player, which follows the standard with lxml and cryptography alone."""
    try:
        return verified(document, pem).find("c:identifier", CAP) is not None
    except Forged:
        return False


@pytest.fixture(params=["signxml", "xmlsec1", "by hand"])
def verifies(request: pytest.FixtureRequest, tmp_path: Path) -> Verifier:
    """Three that share no code; xmlsec1 is a program of its own."""
    if request.param != "xmlsec1":
        return by_signxml if request.param == "signxml" else by_hand
    if shutil.which("xmlsec1") is None:
        pytest.skip("xmlsec1 is not installed: a second verifier of XML signatures (Debian: xmlsec1)")

    def by_xmlsec(document: bytes, pem: str) -> bool:
        (tmp_path / "ours.pem").write_text(pem)
        (tmp_path / "message.xml").write_bytes(document)
        command = ["xmlsec1", "--verify", "--trusted-pem", str(tmp_path / "ours.pem"), str(tmp_path / "message.xml")]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    return by_xmlsec


async def test_each_message_of_the_chain(shared: Stage, verifies: Verifier) -> None:
    _, told = await chain(shared, await new_partner(shared))
    pem = await certificate(shared)
    assert [await asyncio.to_thread(verifies, document, pem) for document in told] == [True, True, True]


async def test_nothing_forged(shared: Stage, verifies: Verifier) -> None:
    """Changed, unsigned, or signed by somebody who has put a certificate of his own into it."""
    _, told = await chain(shared, await new_partner(shared))
    pem, stranger = await certificate(shared), Notary()
    for document in told:
        unsigned = etree.fromstring(document)
        unsigned.remove(unsigned[-1])
        bare = etree.tostring(unsigned)
        theirs = stranger.seal_document(bare)
        forged = [document.replace(b"Actual", b"Exercise", 1), document.replace(b"Public", b"Privat", 1), bare, theirs]
        for body in forged:
            assert body != document
            assert not await asyncio.to_thread(verifies, body, pem)
        assert await asyncio.to_thread(verifies, theirs, stranger.public()["cap"]["certificate"]), "it was well signed"


async def test_every_reader_follows_one_chain(shared: Stage) -> None:
    """Published, updated, retracted: at each step the index and the message, as they are served then."""
    who, body = await new_partner(shared), fresh()
    code = (await shared.post("/v1/alerts", body)).json()["id"]
    steps = [("Alert", None), ("Update", ("update", body)), ("Cancel", ("retract", {"reason": "found"}))]
    for number, (kind, act) in enumerate(steps, 1):
        if act is not None:
            assert (await shared.post(f"/v1/alerts/{code}/{act[0]}", act[1])).status_code == 200
        (entry,) = feedparser.parse((await shared.get("/v1/feed.atom", who)).content).entries
        assert (entry.cap_identifier, entry.cap_msgtype) == (f"{code}.{number}", kind)
        assert entry.links[0].href.endswith(f"/v1/alerts/{code}/cap/{number}.xml")
        document = await read(shared, who, code, number)
        SCHEMA.assertValid(etree.fromstring(document))
        told = capparser.parse(
            stringXML=etree.tostring(verified(document, await certificate(shared)), encoding="unicode")
        )
        assert (told.identifier[0], told.msgType[0]) == (f"{code}.{number}", kind)
        assert told.info[0][0].headline[0] == entry.title
