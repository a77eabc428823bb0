"""The certificates of a cluster: a new authority, and one certificate that scheduler, workers and commands all show.

Whoever holds `key.pem` can run any code on the cluster. Names of hosts are not checked: who has a certificate of this
authority belongs to the cluster, wherever it runs.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.runtime.state_folder import state_home

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

VARIABLE = "CRISISFLOW_CLUSTER_CERTIFICATES"
AUTHORITY, CERTIFICATE, KEY = "ca.pem", "certificate.pem", "key.pem"
VALID = timedelta(days=730)


@dataclass(frozen=True)
class Certificates:
    """A folder with ca.pem, certificate.pem and key.pem."""

    folder: Path

    def check(self) -> "Certificates":
        """These, once it is known that the files are there and the key is read by its owner alone.

        Raises ValueError.
        """
        for name in (AUTHORITY, CERTIFICATE, KEY):
            if not (self.folder / name).is_file():
                raise ValueError(
                    f"{self.folder} has no {name}: make certificates by `crisisflow cluster certificates DIR`, copy "
                    f"the folder to each machine, and name it with --certificates DIR or {VARIABLE}"
                )
        if (self.folder / KEY).stat().st_mode & 0o077:
            raise ValueError(f"others may read {self.folder / KEY}: run `chmod 600 {self.folder / KEY}`")
        return self

    def security(self) -> Any:
        """The `distributed.Security` of these: encryption and a certificate of this authority, on both sides."""
        from distributed import Security

        roles = ("client", "scheduler", "worker")
        files = {f"tls_{role}_{kind}": str(self.folder / name) for role in roles for kind, name in _FILES}
        return Security(tls_ca_file=str(self.folder / AUTHORITY), require_encryption=True, **files)


_FILES = (("cert", CERTIFICATE), ("key", KEY))


def named_folder() -> Path:
    """Where the certificates are by default: as the environment names it, else in the state folder."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else state_home() / "cluster" / "certificates"


def make_certificates(folder: Path) -> Certificates:
    """A new authority and certificate in this folder. Raises ValueError when one is there: it may be in use."""
    if taken := [name for name in (AUTHORITY, CERTIFICATE, KEY) if (folder / name).exists()]:
        raise ValueError(f"{folder / taken[0]} is there already: name another folder, or move the old ones away")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _sign("crisisflow cluster authority", authority_key, None, authority_key)
    certificate = _sign("crisisflow cluster", key, authority, authority_key)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The authority's key is not kept: it has signed all that it ever will.
    _write(folder / KEY, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    _write(folder / CERTIFICATE, certificate.public_bytes(pem))
    _write(folder / AUTHORITY, authority.public_bytes(pem))
    return Certificates(folder)


def _sign(
    name: str,
    key: "EllipticCurvePrivateKey",
    authority: "Certificate | None",
    authority_key: "EllipticCurvePrivateKey",
) -> "Certificate":
    """A certificate of this key, signed by the authority, or by itself where it is one."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
    builder = builder.issuer_name(authority.subject if authority else subject)
    builder = builder.serial_number(x509.random_serial_number())
    # Clocks of machines differ: it holds from yesterday on.
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + VALID)
    builder = builder.add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = builder.add_extension(issuer, critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _write(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
