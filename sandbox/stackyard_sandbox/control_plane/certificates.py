"""Creates the keys of one control plane: its authority, one leaf, the token signing key.

They are created once and kept, so that a kubeconfig stays valid over stop and start. As in EKS, no
certificate has key identifiers: https://github.com/kubernetes-client/python/issues/2394.
"""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stackyard_sandbox.processes import LOOPBACK, write_private

_LIFETIME = datetime.timedelta(days=3650)
_HOSTS = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Certificates:
    """Paths of the keys in one folder."""

    folder: Path

    @property
    def ca(self) -> Path:
        """Certificate authority with which a client verifies the API server."""
        return self.folder / "ca.pem"

    @property
    def leaf(self) -> Path:
        """Certificate of the API server and of etcd, and of the only client of etcd."""
        return self.folder / "leaf.pem"

    @property
    def leaf_key(self) -> Path:
        """Private key of the leaf."""
        return self.folder / "leaf.key"

    @property
    def service_account_key(self) -> Path:
        """Signs service account tokens; RSA, as managed clusters do for identity federation."""
        return self.folder / "service-account.key"

    def ensure(self) -> None:
        """Create the missing files. The service account key is written last."""
        if self.service_account_key.exists():
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = ec.generate_private_key(ec.SECP256R1())
        leaf = ec.generate_private_key(ec.SECP256R1())
        # The authority's key is dropped here: nobody can issue another certificate with it.
        write_private(self.ca, _pem(_authority(authority)))
        write_private(self.leaf, _pem(_leaf(leaf, authority)))
        write_private(self.leaf_key, _key(leaf))
        signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        write_private(self.service_account_key, _key(signing))


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder("stackyard sandbox authority", key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _leaf(key: ec.EllipticCurvePrivateKey, authority: PrivateKey) -> x509.Certificate:
    uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in _HOSTS]
    names.append(x509.IPAddress(ipaddress.ip_address(LOOPBACK)))
    return (
        _builder("stackyard sandbox control plane", key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(uses, critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority, hashes.SHA256())
    )


def _builder(subject: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named("stackyard sandbox authority"))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
