"""The issuer of local tokens: one Ed25519 key pair per state folder, and what it signs. And a key pair for each
service's seals.

In production an OIDC issuer takes the issuer's place: the services only ever see the public key set.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey

from deploy.local.state import Trouble, write

ISSUER = "lianxin-local"
AUDIENCE = "lianxin"
ALGORITHM = "EdDSA"
ID_ALGORITHM = "Ed25519"
PRIVATE = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
PUBLIC = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
DISCOVERY = "/.well-known/openid-configuration"


def public_keys(folder: Path) -> Path:
    """The JSON Web Key Set the services verify tokens with."""
    return folder / "jwks.json"


def make_key(folder: Path) -> Path:
    """Makes the key pair once (private.json, 0600; jwks.json); answers the public key set's path."""
    private, public = folder / "private.json", public_keys(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not private.exists():
        key = OKPKey.generate_key("Ed25519", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        # Never readable by others, not even between making it and a later chmod.
        with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(key.as_dict(private=True), file)
    if not public.exists():
        write(public, json.dumps({"keys": [_key(folder).as_dict(private=False)]}, indent=2) + "\n")
        public.chmod(0o644)  # a container's user reads it too
    return public


def sign(folder: Path, subject: str, roles: list[str], office: str | None = None, hours: float = 12) -> str:
    """A token for a principal, signed with the folder's key; Trouble when there is no key yet."""
    key = _key(folder)
    now = int(time.time())
    claims: dict[str, object] = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "roles": roles}
    claims |= {"iat": now, "exp": now + int(hours * 3600)}
    if office is not None:
        claims["office"] = office
    with warnings.catch_warnings():
        # joserfc prefers RFC 9864's name Ed25519, which most issuers and verifiers do not know yet.
        warnings.simplefilter("ignore", SecurityWarning)
        return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key, algorithms=[ALGORITHM])


def make_service_token(folder: Path, service: str) -> Path:
    """Signs a token by which a service speaks to another (role `service`), anew each time; answers with its file."""
    file = folder / f"{service}.token"
    write(file, sign(folder, service, ["service"], hours=365 * 24))
    return file


def seal_key(folder: Path, service: str) -> Path:
    """The private key that a service's relay signs seals with."""
    return folder / f"seal-{service}.key"


def seal_keys(folder: Path) -> Path:
    """The folder of public keys that seals are checked with. A key that signs no more stays in it."""
    return folder / "seals"


def make_seal_keys(folder: Path, services: Iterable[str]) -> Path:
    """Makes each service's key pair for seals once (private 0600); answers with the folder of public ones."""
    public = seal_keys(folder)
    public.mkdir(mode=0o755, parents=True, exist_ok=True)
    for service in services:
        private = seal_key(folder, service)
        if not private.exists():
            write(private, Ed25519PrivateKey.generate().private_bytes(*PRIVATE).decode())
        if not (file := public / f"{service}.pem").exists():
            key = serialization.load_pem_private_key(private.read_bytes(), None)
            file.write_bytes(key.public_key().public_bytes(*PUBLIC))
            file.chmod(0o644)  # a container's user reads it too
    return public


def sign_id(folder: Path, claims: dict[str, object]) -> str:
    """An ID token (OIDC) with these claims; its algorithm goes by RFC 9864's name, as the pages' library wants."""
    key = OKPKey.import_key({**_key(folder).as_dict(private=True), "alg": ID_ALGORITHM})
    return jwt.encode({"alg": ID_ALGORITHM, "kid": key.kid}, claims, key, algorithms=[ID_ALGORITHM])


def id_keys(folder: Path) -> dict[str, object]:
    """The public key set that ID tokens are verified with."""
    return {"keys": [{**_key(folder).as_dict(private=False), "alg": ID_ALGORITHM}]}


def _key(folder: Path) -> OKPKey:
    private = folder / "private.json"
    if not private.exists():
        raise Trouble(f"There is no key in {folder}: run `python -m deploy.local up`, which makes one.")
    return OKPKey.import_key(json.loads(private.read_text()))
