"""How texts of the vault are sealed: AES-256-GCM under the key of the person they are about (P1).

What is sealed is bound to its place: moved to another person, datum or reference it does not open. Whoever destroys the
key has destroyed every text under it, in the vault and in all its copies.
"""

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lianxin_schemas.events.vault import Datum, PersonKind

NONCE = 12
"""Bytes of a nonce; a new random one for each sealing."""


class Tampered(Exception):
    """What is sealed was altered, belongs to another place, or is under another key."""


@dataclass(frozen=True)
class Person:
    """Whose data they are."""

    kind: PersonKind
    id: str


@dataclass(frozen=True)
class Place:
    """Where a text belongs. `ref` tells what was said apart, and is empty for names and addresses."""

    person: Person
    datum: Datum
    ref: str = ""

    @property
    def bound(self) -> bytes:
        """What is authenticated with the text. No part can hold a slash: kinds are ours, ids are opaque."""
        return "/".join((self.person.kind, self.person.id, self.datum, self.ref)).encode()


def seal(key: bytes, nonce: bytes, place: Place, text: str) -> bytes:
    """Nonce and ciphertext of a text. `nonce` is random and used this once."""
    return nonce + AESGCM(key).encrypt(nonce, text.encode(), place.bound)


def unseal(key: bytes, place: Place, sealed: bytes) -> str:
    """The text. Raises Tampered."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], place.bound).decode()
    except (InvalidTag, ValueError) as error:
        raise Tampered from error


def fingerprint(key: bytes, content: str) -> bytes:
    """What tells two contents apart in the log and says nothing of them once the key is destroyed: a plain hash of a
    telephone number would give it away to whoever tries them all.
    """
    return hmac.digest(key, content.encode(), hashlib.sha256)
