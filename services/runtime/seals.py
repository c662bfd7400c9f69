"""Who signs seals, what exactly is signed, and whose signatures count (protocol rule 8).

A service's relay has a private key of its own; the public keys of all services lie in one folder, `<service>.pem` or
`<service>-<anything>.pem`. A key that signs no more stays there, for its seals stand in the log for ever.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from lianxin_schemas import codec
from lianxin_schemas.events.seals import LogSealed
from lianxin_schemas.ids import rfc3339

from services.runtime.settings import Settings

FORM = "lianxin-seal-1"
RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


class NoKey(Exception):
    """A key that is needed is not there, or is none; the text says what to do."""


def statement(source: str, time: datetime, seal: LogSealed) -> bytes:
    """What a signature is made over: the form, the log, the moment, and the seal as the log keeps it, without the
    signature; four lines.

    So it binds the installation, service and incarnation, the span, the root, the ends of lanes and the key. It names
    no earlier seal: a seal is an event of its log, and lies under the root of the next.
    """
    plain = seal.model_copy(update={"signature": None})
    return "\n".join((FORM, source, rfc3339(time), codec.to_json(plain))).encode()


def key_id(public: Ed25519PublicKey) -> str:
    """The name of a key: the first 128 bits of the SHA-256 of its 32 bytes, in hexadecimal."""
    return hashlib.sha256(public.public_bytes(*RAW)).hexdigest()[:32]


@dataclass(frozen=True)
class Listed:
    """A public key in the folder."""

    id: str
    service: str
    key: Ed25519PublicKey

    @property
    def raw(self) -> bytes:
        """Its 32 bytes (RFC 8032)."""
        return self.key.public_bytes(*RAW)

    def made(self, signature: str, over: bytes) -> bool:
        """Whether a signature, in hexadecimal, is this key's over these bytes."""
        try:
            self.key.verify(bytes.fromhex(signature), over)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """The private key of a service's relay."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.id = key_id(key.public_key())

    def sign(self, source: str, time: datetime, seal: LogSealed) -> LogSealed:
        """The seal with the signature, and the key's id."""
        named = seal.model_copy(update={"key": self.id})
        return named.model_copy(update={"signature": self._key.sign(statement(source, time, named)).hex()})


def listed(folder: Path | None) -> dict[str, Listed]:
    """The public keys by their ids. Raises NoKey."""
    if folder is None:
        raise NoKey("LIANXIN_SEAL_KEYS names no folder of public keys: see services/runtime/README.md, rule 8.")
    try:
        read = [(file, file.read_bytes()) for file in sorted(folder.glob("*.pem"))]
        found = [_public(file, text) for file, text in read]
    except OSError as error:
        raise NoKey(f"The public keys in {folder} cannot be read: {error}.") from error
    if not found:
        raise NoKey(f"{folder} (LIANXIN_SEAL_KEYS) holds no public key: see services/runtime/README.md, rule 8.")
    return {each.id: each for each in found}


def signer(settings: Settings, service: str) -> Signer:
    """The service's private key, if its public half is listed: nobody could check its seals otherwise. Raises NoKey."""
    file = settings.seal_key
    if file is None:
        raise NoKey(
            f"The relay of {service} has no key to sign seals with: LIANXIN_SEAL_KEY names its file. Without one nobody"
            " could prove what the log said. See services/runtime/README.md, rule 8."
        )
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NoKey(f"{file} (LIANXIN_SEAL_KEY) is no private key in PEM without a password: {error}.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NoKey(f"{file} (LIANXIN_SEAL_KEY) is a key of another kind; seals are signed with Ed25519.")
    mine = Signer(key)
    known = listed(settings.seal_keys).get(mine.id)
    if known is None or known.service != service:
        raise NoKey(
            f"The public half of {file} is not in {settings.seal_keys} as {service}.pem or {service}-….pem: put it"
            " there, and let the older ones stay."
        )
    return mine


def fault(source: str, time: datetime, seal: LogSealed, keys: dict[str, Listed]) -> str | None:
    """What is wrong with a seal's signature; None when it is that of a listed key of its service."""
    if seal.signature is None or seal.key is None:
        return "is not signed"
    known = keys.get(seal.key)
    if known is None or known.service != seal.service:
        return f"is signed with the key {seal.key}, which is none of {seal.service}'s"
    if not known.made(seal.signature, statement(source, time, seal)):
        return f"has a signature that the key {seal.key} never made"
    return None


def _public(file: Path, text: bytes) -> Listed:
    try:
        key = serialization.load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NoKey(f"{file} is no public key in PEM: {error}.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise NoKey(f"{file} is a key of another kind; seals are signed with Ed25519.")
    return Listed(key_id(key), file.stem.split("-")[0], key)
