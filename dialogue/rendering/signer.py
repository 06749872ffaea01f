"""Who signs films: a chain of two certificates made once per user, or one's own by setting; and a time stamp.

    DIALOGUE_CERTIFICATE        a PEM file: the certificate to sign with, then those above it
    DIALOGUE_CERTIFICATE_KEY    a PEM file with its private key, where that is not in the first file
    DIALOGUE_TIMESTAMP          the http(s) address of a time stamp authority (RFC 3161); the only thing that is ever
                                sent anywhere, and only where this is set

The chain made here says that nothing was changed since; who made the film only a certificate of one's own can say.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.atomic import appearing
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.places import data_folder

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

CERTIFICATE, KEY, TIMESTAMP = "DIALOGUE_CERTIFICATE", "DIALOGUE_CERTIFICATE_KEY", "DIALOGUE_TIMESTAMP"
ISSUER = "dialogue"
_NAMES = f"{ISSUER} (self-made root)", f"{ISSUER} (self-made certificate)"
# As long as a film may be looked at: without a time stamp, what a certificate signed is doubted when it has run out.
_YEARS = 20


@dataclass(frozen=True)
class Signer:
    """`chain` and `key` are PEM, the signing certificate first; `algorithm` is C2PA's name of it; `own`: by setting."""

    chain: bytes
    key: bytes
    algorithm: str
    timestamp: str | None
    own: bool


def made_chain() -> Path:
    """The file of the chain that is made once per user: certificates and the key of the first."""
    return data_folder() / "signing.pem"


def signer() -> Signer:
    """Who signs, made on first use. SceneError for a setting that does not hold, or where a key cannot be kept."""
    timestamp = os.environ.get(TIMESTAMP) or None
    if timestamp is not None and not timestamp.startswith(("http://", "https://")):
        raise SceneError(Problem(f"{TIMESTAMP} is no http address: {timestamp!r}"))
    own = os.environ.get(CERTIFICATE)
    if own:
        return _read(Path(own), Path(os.environ.get(KEY) or own), timestamp, own=True)
    if os.environ.get(KEY):
        raise SceneError(Problem(f"{KEY} is set without {CERTIFICATE}", hint="both, or neither"))
    made = made_chain()
    try:
        _make_once(made)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home
        reason = getattr(error, "strerror", None) or str(error)
        hint = f"XDG_DATA_HOME=FOLDER keeps it elsewhere; {CERTIFICATE} names one of your own"
        raise SceneError(Problem(f"the key that signs films cannot be kept: {reason}", str(made), hint=hint)) from error
    return _read(made, made, timestamp, own=False)


def roots() -> str:
    """PEM of whom this user's own films go back to, to know them again; empty where nothing was signed yet."""
    own = os.environ.get(CERTIFICATE)
    files = [made_chain(), *([Path(own)] if own else [])]
    found = [_certificates(file)[-1] for file in files if file.is_file()]
    return "".join(_pem(certificate).decode() for certificate in found)


def _read(chain: Path, key: Path, timestamp: str | None, own: bool) -> Signer:
    certificates, private = _certificates(chain), _private_key(key)
    if private.public_key() != certificates[0].public_key():
        hint = "the certificate to sign with comes first" if len(certificates) > 1 else None
        raise SceneError(Problem(f"is not the key of {chain}", str(key), hint=hint))
    if certificates[0].issuer == certificates[0].subject:
        hint = "one that another certificate has signed, with that one behind it in the file"
        raise SceneError(Problem("C2PA does not sign with a self-signed certificate", str(chain), hint=hint))
    return Signer(b"".join(map(_pem, certificates)), _pkcs8(private), _algorithm(private, key), timestamp, own)


def _certificates(file: Path) -> list[Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "no certificate in PEM is in it"
        raise SceneError(Problem(reason, str(file), hint=_mend(file))) from error


def _private_key(file: Path) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(_key_part(file.read_bytes()), password=None)
    except TypeError as error:
        raise SceneError(Problem("the private key has a pass phrase", str(file), hint="give one without")) from error
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "no private key in PEM is in it"
        raise SceneError(Problem(reason, str(file), hint=_mend(file))) from error


def _mend(file: Path) -> str:
    return "remove it: another one is made" if file == made_chain() else f"see {CERTIFICATE} and {KEY}"


def _key_part(pem: bytes) -> bytes:
    """From the first private key on: certificates may stand before it."""
    begin = pem.find(b"-----BEGIN ", pem.find(b"PRIVATE KEY-----") - 40) if b"PRIVATE KEY-----" in pem else 0
    return pem[max(0, begin) :]


def _algorithm(key: PrivateKeyTypes, file: Path) -> str:
    """C2PA's name of how this key signs; SceneError for a kind of key that it does not allow."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    curves = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in curves:
        return curves[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ED25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "PS256"
    hint = "P-256, P-384, P-521, Ed25519, or RSA of 2048 bits and more"
    raise SceneError(Problem("C2PA does not sign with a key of this kind", str(file), hint=hint))


def _make_once(file: Path) -> None:
    """Write the chain where there is none, readable by its owner alone; of several processes one makes it."""
    from filelock import FileLock

    if file.is_file():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        if file.is_file():
            return
        with appearing(file) as draft:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as written:
                written.write(_made())


def _made() -> bytes:
    """A new chain and its key. The root's key is forgotten: nothing else can ever be signed in its name."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import ExtendedKeyUsageOID

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _named(_NAMES[0], root_key, signs_certificates=True).sign(root_key, SHA256())
    over = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])  # of those C2PA allows, the one for anybody
    leaf = _named(_NAMES[1], key, signs_certificates=False).add_extension(over, False).add_extension(purpose, False)
    return _pem(leaf.sign(root_key, SHA256())) + _pem(root) + _pkcs8(key)


def _named(name: str, key: ec.EllipticCurvePrivateKey, signs_certificates: bool) -> x509.CertificateBuilder:
    """A certificate still to be signed by the root, with the extensions that C2PA's certificate profile wants."""
    import datetime

    from cryptography import x509
    from cryptography.x509.oid import NameOID

    def named(text: str) -> x509.Name:
        organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, ISSUER)
        return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.timezone.utc)
    usage = x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder(subject_name=named(name), issuer_name=named(_NAMES[0]), public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # a film may be looked at where the clock is behind
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(signs_certificates, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _pem(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _pkcs8(key: PrivateKeyTypes) -> bytes:
    from cryptography.hazmat.primitives import serialization as written

    return key.private_bytes(written.Encoding.PEM, written.PrivateFormat.PKCS8, written.NoEncryption())
