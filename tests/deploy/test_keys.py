"""Local tokens: signed with a key of the state folder's own, verified with its public half."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.local.keys import make_key, make_seal_keys, make_service_token, seal_key, sign
from deploy.local.state import Trouble
from services.runtime import seals
from services.runtime.settings import Settings


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_a_token_verifies_with_the_public_keys(tmp_path: Path) -> None:
    public = json.loads(make_key(tmp_path).read_text())
    token = jwt.decode(
        sign(tmp_path, "c-0001", ["cadre", "auditor"], office="office-x", hours=1),
        KeySet.import_key_set(public),
        algorithms=["EdDSA"],
    )
    assert token.header == {"typ": "JWT", "alg": "EdDSA", "kid": public["keys"][0]["kid"]}
    claims = token.claims
    assert claims.pop("exp") - claims["iat"] == 3600
    assert abs(claims.pop("iat") - time.time()) < 60
    assert claims == {
        "iss": "lianxin-local",
        "aud": "lianxin",
        "sub": "c-0001",
        "roles": ["cadre", "auditor"],
        "office": "office-x",
    }


def test_the_private_key_stays_private_and_is_made_once(tmp_path: Path) -> None:
    first = make_key(tmp_path).read_text()
    assert (tmp_path / "private.json").stat().st_mode & 0o777 == 0o600
    assert make_key(tmp_path).read_text() == first
    assert "d" not in json.loads(first)["keys"][0]


def test_without_a_key_the_way_to_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"run `python -m deploy\.local up`, which makes one"):
        sign(tmp_path, "c-0001", ["cadre"])


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_a_service_has_a_token_of_its_own_that_only_it_can_read(tmp_path: Path) -> None:
    public = json.loads(make_key(tmp_path).read_text())
    file = make_service_token(tmp_path, "notify")
    assert file.stat().st_mode & 0o777 == 0o600
    claims = jwt.decode(file.read_text(), KeySet.import_key_set(public), algorithms=["EdDSA"]).claims
    assert (claims["sub"], claims["roles"]) == ("notify", ["service"])


def test_rule_8_each_service_has_a_key_for_seals_that_is_made_once_and_listed(tmp_path: Path) -> None:
    public = make_seal_keys(tmp_path, ["intake", "notify"])
    made = {file.name: file.read_bytes() for file in (*tmp_path.glob("seal-*"), *public.glob("*"))}
    assert sorted(made) == ["intake.pem", "notify.pem", "seal-intake.key", "seal-notify.key"]
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("seal-*")} == {0o600}
    make_seal_keys(tmp_path, ["intake", "notify", "assignment"])
    assert {
        file.name: file.read_bytes() for file in (*tmp_path.glob("seal-*"), *public.glob("*"))
    }.items() > made.items()
    for service in ("intake", "notify"):
        own = seals.signer(Settings(seal_key=seal_key(tmp_path, service), seal_keys=public), service)
        assert seals.listed(public)[own.id].service == service
