"""Who is let in: only tokens of our own issuer, for us, in time, signed with its private key."""

import base64
import hashlib
import hmac
import json
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey

from deploy.local import keys
from services.refused import Refused
from services.web.principals import Role, Tokens

NOW = int(time.time())
CLAIMS = {"iss": keys.ISSUER, "aud": keys.AUDIENCE, "sub": "c-0001", "roles": ["cadre"], "exp": NOW + 3_600}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys")
    keys.make_key(made)
    return made


@pytest.fixture(scope="module")
def tokens(folder: Path) -> Tokens:
    return Tokens.read(keys.public_keys(folder), keys.ISSUER, keys.AUDIENCE)


def signed(folder: Path, claims: Any, **header: Any) -> str:
    key = OKPKey.import_key(json.loads((folder / "private.json").read_text()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return jwt.encode({"alg": "EdDSA", "kid": key.kid} | header, claims, key, algorithms=["EdDSA"])


def part(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def refusal(tokens: Tokens, token: str) -> str:
    with pytest.raises(Refused) as refused:
        tokens.principal(token)
    return refused.value.code


def test_a_token_says_who_asks_with_which_roles_and_office(folder: Path, tokens: Tokens) -> None:
    principal = tokens.principal(keys.sign(folder, "c-0001", ["cadre", "office"], "o-0001"))
    assert (principal.id, principal.roles, principal.office) == ("c-0001", {Role.CADRE, Role.OFFICE}, "o-0001")
    assert (principal.author.type, principal.author.id) == ("user", "c-0001")


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"exp": NOW - 1}, "auth.expired"),
        ({"exp": None}, "auth.invalid"),
        ({"exp": "later"}, "auth.invalid"),
        ({"nbf": NOW + 3_600}, "auth.invalid"),
        ({"iss": "somebody"}, "auth.invalid"),
        ({"iss": None}, "auth.invalid"),
        ({"aud": "another"}, "auth.invalid"),
        ({"aud": ["another"]}, "auth.invalid"),
        ({"aud": None}, "auth.invalid"),
        ({"sub": None}, "auth.invalid"),
        ({"sub": "Mr. Li"}, "auth.invalid"),
        ({"sub": 5}, "auth.invalid"),
        ({"roles": ["king"]}, "auth.invalid"),
        ({"roles": "cadre"}, "auth.invalid"),
        ({"office": "two words"}, "auth.invalid"),
    ],
)
def test_claims_that_are_not_as_they_must_be(folder: Path, tokens: Tokens, other: dict[str, Any], code: str) -> None:
    claims = {name: value for name, value in (CLAIMS | other).items() if value is not None}
    assert refusal(tokens, signed(folder, claims)) == code


def test_an_expired_token_is_refused_although_it_was_valid_a_moment_ago(
    folder: Path, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed(folder, CLAIMS)
    assert tokens.principal(token).id == "c-0001"
    monkeypatch.setattr(time, "time", lambda: NOW + 3_601)
    later = Tokens.read(keys.public_keys(folder), keys.ISSUER, keys.AUDIENCE)
    object.__setattr__(tokens, "_claims", later._claims)
    assert refusal(tokens, token) == "auth.expired"


def test_another_key_s_signature_is_refused(folder: Path, tokens: Tokens, tmp_path: Path) -> None:
    keys.make_key(tmp_path)
    assert refusal(tokens, keys.sign(tmp_path, "c-0001", ["cadre"])) == "auth.invalid"
    ours = json.loads(keys.public_keys(folder).read_text())["keys"][0]["kid"]
    assert refusal(tokens, signed(tmp_path, CLAIMS, kid=ours)) == "auth.invalid"


def test_no_signature_and_the_public_key_as_a_secret_are_refused(folder: Path, tokens: Tokens) -> None:
    for none in ("none", "None", "NONE"):
        assert refusal(tokens, f"{part({'alg': none})}.{part(CLAIMS)}.") == "auth.invalid"
    jwks = keys.public_keys(folder).read_bytes()
    key = json.loads(jwks)["keys"][0]
    for secret in (jwks, key["x"].encode(), base64.urlsafe_b64decode(key["x"] + "="), json.dumps(key).encode()):
        text = f"{part({'alg': 'HS256', 'kid': key['kid']})}.{part(CLAIMS)}"
        mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
        assert refusal(tokens, f"{text}.{part(mac)}") == "auth.invalid"


def test_a_token_with_one_character_changed_is_refused(folder: Path, tokens: Tokens) -> None:
    head, claims, signature = signed(folder, CLAIMS).split(".")
    raised = part(CLAIMS | {"roles": ["import"]})
    assert refusal(tokens, f"{head}.{raised}.{signature}") == "auth.invalid"
    assert refusal(tokens, f"{head}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}") == "auth.invalid"


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
json_values = leaves | st.lists(leaves, max_size=3) | st.dictionaries(st.text(), leaves, max_size=3)
names = st.sampled_from(
    ["alg", "kid", "typ", "crit", "b64", "jwk", "iss", "aud", "sub", "roles", "exp", "nbf", "iat", "office"]
)
objects = json_values | st.dictionaries(names, json_values)
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(st.text() | st.tuples(objects, objects, st.binary(max_size=80)).map(lambda p: ".".join(part(x) for x in p)))
def test_any_garbage_is_refused_in_words(tokens: Tokens, garbage: str) -> None:
    assert refusal(tokens, garbage) in {"auth.invalid", "auth.expired"}


@MANY
@given(st.dictionaries(names, json_values), st.dictionaries(names, json_values))
def test_any_claims_under_a_good_signature_are_a_principal_or_refused(
    folder: Path, tokens: Tokens, other: dict[str, Any], header: dict[str, Any]
) -> None:
    key = OKPKey.import_key(json.loads((folder / "private.json").read_text()))
    text = f"{part({'alg': 'EdDSA', 'kid': key.kid} | header)}.{part(CLAIMS | other)}"
    assert isinstance(key.private_key, Ed25519PrivateKey)
    token = f"{text}.{part(key.private_key.sign(text.encode()))}"
    with suppress(Refused):  # anything else that is raised fails
        assert tokens.principal(token).id == (CLAIMS | other)["sub"]
