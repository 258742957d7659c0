"""A CAP player of the kind that stations run, written from the standards alone: it believes nothing that is not signed,
acts on Actual alerts only, and takes down whatever an update or a cancel refers to."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree

CAP = {"c": "urn:oasis:names:tc:emergency:cap:1.2", "d": "http://www.w3.org/2000/09/xmldsig#"}
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


class Forged(Exception):
    """Not signed, or not by whom it should be, or changed since."""


def canonical(element: etree._Element) -> bytes:
    """Exclusive XML canonicalisation, without comments."""
    said: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return said


def verified(document: bytes, certificate: str) -> etree._Element:
    """The message without its signature. Follows XML Signature §3.2 by hand: the reference, then the signed info."""
    alert = etree.fromstring(document)
    found = alert.findall("d:Signature", CAP)
    if len(found) != 1 or len(alert.findall(".//d:Signature", CAP)) != 1:
        raise Forged("not exactly one signature, directly under alert")
    (signature,) = found
    info = signature.find("d:SignedInfo", CAP)
    assert info is not None
    (reference,) = info.findall("d:Reference", CAP)
    algorithms = [e.get("Algorithm") for e in info.iterfind(".//d:Transform", CAP)]
    if reference.get("URI") != "" or algorithms != [ENVELOPED, EXCLUSIVE]:
        raise Forged("the signature does not cover the whole document")
    methods = [info.find(f".//d:{m}Method", CAP) for m in ("Canonicalization", "Signature", "Digest")]
    if [m.get("Algorithm") for m in methods if m is not None] != [EXCLUSIVE, RSA_SHA256, SHA256]:
        raise Forged("algorithms that were not agreed on")
    stated = base64.b64decode(signature.findtext("d:SignatureValue", "", CAP))
    digest = base64.b64decode(reference.findtext("d:DigestValue", "", CAP))
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    assert isinstance(key, RSAPublicKey)
    try:
        key.verify(stated, canonical(info), PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise Forged("not signed with that key") from None
    alert.remove(signature)
    if hashlib.sha256(canonical(alert)).digest() != digest:
        raise Forged("changed after it was signed")
    return alert


@dataclass
class Player:
    """``showing`` is what is on the air: by sender and identifier, the headline in Chinese."""

    certificate: str
    now: datetime
    showing: dict[tuple[str, str], str] = field(default_factory=dict)
    stored: dict[tuple[str, str], str] = field(default_factory=dict)
    ended: set[tuple[str, str]] = field(default_factory=set)

    def take(self, document: bytes) -> None:
        """Raises Forged. The same message twice is the same as once; one that was ended before it came never shows."""
        alert = verified(document, self.certificate)

        def text(path: str) -> str:
            return alert.findtext(path, "", CAP) or ""

        me = (text("c:sender"), text("c:identifier"))
        kind = text("c:msgType")
        if me in self.stored:
            return
        self.stored[me] = kind
        if text("c:status") != "Actual" or kind not in ("Alert", "Update", "Cancel"):
            return
        if kind != "Alert":
            references = [part.split(",") for part in text("c:references").split()]
            assert references, "an update or a cancel refers to something"
            for sender, identifier, _ in references:
                self.ended.add((sender, identifier))
                self.showing.pop((sender, identifier), None)
        expires = text("c:info/c:expires")
        if kind != "Cancel" and me not in self.ended and datetime.fromisoformat(expires) > self.now:
            self.showing[me] = text("c:info[c:language='zh-CN']/c:headline")
