"""Certificates for outlets that speak TLS: of a CA made for the occasion, ECDSA on P-256, a few addresses each."""

import os
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bench.hosts import address, number

EACH = 16  # addresses in one: as short as those of real servers
VARIABLE = "SSL_CERT_FILE"


@contextmanager
def papers(outlets: int) -> Iterator[Path]:
    """A folder with a certificate and its key for the addresses of so many outlets. For as long as the block, this process
    and those that it starts trust their CA in the way that anybody can make them (docs/settings.md)."""
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory(prefix="huijia-bench-") as name:
        folder = Path(name)
        _make(folder, outlets)
        os.environ[VARIABLE] = str(folder / "ca.pem")
        try:
            yield folder
        finally:
            os.environ.pop(VARIABLE, None)
            if before is not None:
                os.environ[VARIABLE] = before


def contexts(folder: Path) -> Sequence[ssl.SSLContext]:
    """One for each certificate in the folder. All is as OpenSSL has it, session tickets among it."""
    found = []
    for n in range(len(list(folder.glob("outlets-*.pem")))):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / f"outlets-{n}.pem")
        found.append(context)
    return found


def place_of(host: str) -> int:
    """Of the certificate for an outlet's address among ``contexts``."""
    return number(host) // EACH


def _make(folder: Path, outlets: int) -> None:
    ours, theirs = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    root = _begun("bench CA", ours).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    (folder / "ca.pem").write_bytes(root.sign(ours, SHA256()).public_bytes(Encoding.PEM))
    key = theirs.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for n in range(-(-outlets // EACH)):
        hosts = [x509.IPAddress(ip_address(address(n * EACH + more))) for more in range(EACH)]
        leaf = _begun("outlet", theirs).add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        (folder / f"outlets-{n}.pem").write_bytes(key + leaf.sign(ours, SHA256()).public_bytes(Encoding.PEM))


def _begun(name: str, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    """Issued by the CA, for two days."""
    builder = x509.CertificateBuilder(_named("bench CA"), _named(name), key.public_key(), x509.random_serial_number())
    now = datetime.now(UTC)
    return builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
