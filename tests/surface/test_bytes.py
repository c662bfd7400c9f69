"""Bytes from outside, whatever they are: messages, CSV files, tokens. Each parser reads them, or says no by name."""

import base64
import json
from pathlib import Path

import lianxin_schemas
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lianxin_schemas import codec
from lianxin_schemas.events.base import Event
from lianxin_schemas.partition import partition_of
from lianxin_schemas.topics import BY_NAME, TOPIC_OF

from deploy.local import keys
from services.assignment import reading
from services.assignment.domain.checks import check
from services.assignment.domain.register import Register
from services.intake import people
from services.refused import Refused
from services.runtime.inbox import Inbox, Message, State
from services.web.principals import Principal, Role, Tokens
from tests.assignment.given import SMALL, write_files
from tests.surface.runs import runs
from tests.surface.spoiling import spoilt

EXAMPLES = [
    path.read_bytes().rstrip()
    for path in sorted(Path(lianxin_schemas.__file__).parents[1].glob("examples/*/v*/*.json"))
]
REASONS = {"no-envelope", "unknown-type", "invalid-data", "wrong-subject"}
messages = st.binary(max_size=300) | spoilt(st.sampled_from(EXAMPLES))


@runs(600)
@given(messages)
def test_a_message_is_an_event_or_unreadable_for_a_reason(message: bytes) -> None:
    try:
        event = codec.read(codec.unwrap(message))
    except codec.Unreadable as error:
        assert error.reason in REASONS
    else:
        assert isinstance(event, Event)


@runs(300)
@given(messages)
@example(EXAMPLES[0])
@example(EXAMPLES[0] + b"\n")
@example(EXAMPLES[0][:-4] + b"\xff" + EXAMPLES[0][-3:])
@example(EXAMPLES[0].replace(b'"data":', b'"data": '))
def test_a_row_is_read_back_as_it_was_sent_or_unreadable(message: bytes) -> None:
    try:
        row = codec.row_of(message)
    except codec.Unreadable as error:
        assert error.reason in {"no-envelope", "not-as-encoded"}
    else:
        assert codec.encode(row) == message
        assert row.data.encode() == bytes(codec.unwrap(message).payload)


@runs(200)
@given(st.lists(messages | st.none(), min_size=1, max_size=5), st.sampled_from(sorted(BY_NAME)))
def test_rule_11_an_inbox_accounts_for_every_message(values: list[bytes | None], topic: str) -> None:
    inbox = Inbox("test", "lianxin", frozenset(TOPIC_OF))
    sent = [Message(topic, partition_of("x", BY_NAME[topic].partitions), at, value) for at, value in enumerate(values)]
    found = inbox.sort(sent, State(), {})
    assert sum(found.counts.values()) == len(sent)


def lines(files: dict[str, list[str]], name: str) -> bytes:
    return "\n".join(files[name]).encode()


@pytest.mark.parametrize("name", SMALL)
def test_R6_a_file_of_the_register_is_rows_and_named_faults(name: str, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "register")
    good = (folder / name).read_bytes()

    @runs(40)
    @given(spoilt(st.just(good)) | st.binary(max_size=60))
    def look(value: bytes) -> None:
        (folder / name).write_bytes(value)
        files = reading.read(folder)
        faults = [*files.faults, *check(Register(), files.rows, files.broken)]
        assert all(fault.file in SMALL and fault.line >= 1 and fault.zh and fault.en for fault in faults)
        assert sorted(faults) is not None
        json.dumps([str(fault) for fault in faults]).encode()

    look()


PEOPLE = [
    "cadre,name,telephone,mail\np-1,测试丙,13900000003,bing@example.test\np-2,测试丁,,\n".encode(),
    b"household,needs\nh-1,hardship;disabled\nh-2,\n",
]


def test_R6_a_file_of_people_is_rows_or_named_faults(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"

    @runs(300)
    @given(spoilt(st.sampled_from(PEOPLE)) | st.binary(max_size=60))
    def look(value: bytes) -> None:
        file.write_bytes(value)
        try:
            _kind, rows = people.read(file)
        except people.Faulty as faulty:
            assert faulty.faults
            assert all(fault.line >= 1 and fault.zh and fault.en for fault in faulty.faults)
        else:
            assert all(row.person.id and row.texts for _, row in rows)

    look()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from([*Role, "sub"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_a_token_is_a_principal_or_refused_401(tmp_path: Path) -> None:
    tokens = Tokens.read(keys.make_key(tmp_path), keys.ISSUER, keys.AUDIENCE)
    good = keys.sign(tmp_path, "c2", ["cadre"], "office-a")
    head, claims, signature = good.split(".")

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    heads = st.fixed_dictionaries(
        {name: json_values | st.just(header[name]) for name in header},
        optional=dict.fromkeys(("crit", "jwk", "jku", "x5c", "b64", "zip", "enc"), json_values),
    )
    tokens_sent = (
        st.text(max_size=80)
        | spoilt(st.just(good.encode())).map(lambda value: value.decode("latin-1"))
        | heads.map(lambda value: f"{part(value)}.{claims}.{signature}")
        | json_values.map(lambda value: f"{head}.{part(value)}.{signature}")
    )

    @runs(400)
    @given(tokens_sent)
    def look(token: str) -> None:
        try:
            found = tokens.principal(token)
        except Refused as refused:
            assert refused.code in {"auth.invalid", "auth.expired"}
        else:
            assert found == Principal(id="c2", roles=frozenset({Role.CADRE}), office="office-a")

    look()


def test_claims_of_any_kind_in_a_token_that_is_signed_are_a_principal_or_refused_401(tmp_path: Path) -> None:
    public = keys.make_key(tmp_path)

    @runs(150)
    @given(json_values, json_values, json_values)
    def look(subject: object, roles: object, office: object) -> None:
        tokens = Tokens.read(public, keys.ISSUER, keys.AUDIENCE)
        token = keys.sign(tmp_path, subject, roles, office)  # type: ignore[arg-type]
        try:
            found = tokens.principal(token)
        except Refused as refused:
            assert refused.code == "auth.invalid"
        else:
            assert isinstance(roles, list)
            assert (found.id, found.office) == (subject, office)
            assert found.roles == frozenset(roles)

    look()
