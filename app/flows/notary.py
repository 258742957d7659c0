"""The house's own signatures: heartbeats (Ed25519) and CAP documents (XML-DSig)."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.signer import XMLSigner

RSA_BITS = 3072
CERTIFICATE_YEARS = 10


class Notary:
    """``seed``: 32 bytes, Base64, of the Ed25519 key. ``papers``: the RSA private key and its certificate, PEM, one after
    the other. What is not given is made for as long as this process lives."""

    def __init__(self, seed: str | None = None, papers: str | None = None) -> None:
        self._seed, self._papers = seed, papers

    @cached_property
    def _ed25519(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(self._seed or new_seed()))

    @cached_property
    def _rsa(self) -> tuple[RSAPrivateKey, x509.Certificate]:
        papers = (self._papers or new_papers()).encode()
        key = load_pem_private_key(papers, password=None)
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("the CAP key must be an RSA key")
        certificate = x509.load_pem_x509_certificate(papers)
        if certificate.public_key() != key.public_key():
            raise ValueError("the CAP certificate is not that of the CAP key")
        return key, certificate

    def sign(self, said: bytes) -> str:
        """``v1a,<Base64>`` in the notation of Standard Webhooks; the signature is Ed25519 (RFC 8032)."""
        return "v1a," + base64.b64encode(self._ed25519.sign(said)).decode()

    @cached_property
    def key_id(self) -> str:
        """Names the Ed25519 key: eight bytes of its SHA-256, hex."""
        return hashlib.sha256(self._public_ed25519()).hexdigest()[:16]

    def _public_ed25519(self) -> bytes:
        return self._ed25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def seal_document(self, document: bytes) -> bytes:
        """The XML with an enveloped signature as its last element: RSA-SHA256 over the whole document, exclusive
        canonicalisation (the algorithms that IPAWS and NAAD take). The same document gives the same bytes."""
        key, certificate = self._rsa
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        pem = certificate.public_bytes(Encoding.PEM).decode()
        signed = signer.sign(etree.fromstring(document), key=key, cert=pem)
        return etree.tostring(signed, xml_declaration=True, encoding="UTF-8")

    def public(self) -> Mapping[str, Any]:
        """What partners verify with."""
        _, certificate = self._rsa
        raw = self._public_ed25519()
        return {
            "heartbeat": {
                "id": self.key_id,
                "algorithm": "ed25519",
                "public_key": "whpk_" + base64.b64encode(raw).decode(),
                "pem": self._ed25519.public_key()
                .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
                .decode(),
            },
            "cap": {
                "algorithm": "rsa-sha256",
                "certificate": certificate.public_bytes(Encoding.PEM).decode(),
                "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
                "not_after": certificate.not_valid_after_utc.isoformat(),
            },
        }


def new_seed() -> str:
    """An Ed25519 private key: 32 bytes, Base64."""
    return base64.b64encode(
        Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    ).decode()


def new_papers() -> str:
    """An RSA key and a certificate that it signs itself, PEM."""
    key = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "huijia CAP")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=365 * CERTIFICATE_YEARS))
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (private + certificate.public_bytes(Encoding.PEM)).decode()
