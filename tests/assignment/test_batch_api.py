"""Many commands on cases in one request, as an import sends them (C3b, C4)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.assignment.api.app import application
from tests.assignment.given import complaint, petition
from tests.assignment.served import served
from tests.assignment.test_api import NOW, Api, code

DONE = (NOW - timedelta(days=200)).isoformat()


@pytest.fixture(scope="module")
def api(whole):
    with served(application(whole)) as client:
        yield Api(whole, client, whole.jwks.parent)


@pytest.fixture
def import_(api):
    return api.as_("importer", "import")


def item(case, kind, **more):
    return {"petition": str(case), "kind": kind, "command": str(uuid4())} | more


def whole_way(case):
    return [item(case, "accept"), item(case, "decide", outcome="solved"), item(case, "reply"), item(case, "closing")]


def send(api, who, commands, **params):
    return api.client.request("POST", "/cases/batch", json={"commands": commands}, headers=who, params=params)


def became(answer):
    return [one["error"]["code"] if one["error"] else one["status"] for one in answer.json()]


def phase(api, who, case):
    return api.get(who, f"/cases/{case}").json()["state"]


def test_C4_the_commands_on_a_case_are_carried_out_in_their_order(api, import_):
    cases = [api.case() for _ in range(20)]
    ways = [whole_way(case) for case in cases]
    mixed = [way[step] for step in range(4) for way in ways]
    first = send(api, import_, mixed)
    assert became(first) == [201] * 80
    assert [phase(api, import_, case) for case in cases] == ["closed"] * 20
    assert send(api, import_, mixed).json() == first.json(), "a repeat of the whole batch is answered alike"


def test_C4_each_is_accepted_or_refused_by_itself(api, import_):
    case, other = api.case(), api.case()
    twice = item(case, "accept")
    sent = [
        item(case, "reply"),
        twice,
        twice,
        item(case, "accept"),
        item(other, "decide", outcome="perhaps"),
        item(other, "accept", outcome="solved"),
        item(other, "nothing"),
        item(uuid4(), "accept"),
        item(other, "accept", command=twice["command"]),
        "x",
        item(other, "accept"),
    ]
    answer = send(api, import_, sent)
    assert became(answer) == [
        "case.not-decided",
        201,
        201,
        "case.already-accepted",
        "body.invalid",
        "body.invalid",
        "body.invalid",
        "case.not-found",
        "command.contradicted",
        "body.invalid",
        201,
    ]
    assert answer.json()[1] == answer.json()[2], "the same command twice in one batch counts once"


def test_C3b_an_import_hands_on_and_enters_what_was_done_long_ago(api, import_):
    case = api.case(time=NOW - timedelta(days=300))
    sent = [
        item(case, "assign", office="office-b", cadre="c3", time=DONE),
        item(case, "assign", office="office-a", cadre="c3", time=DONE),
        item(case, "assign", office="office-z", time=DONE),
        item(case, "accept", time=DONE),
    ]
    assert became(send(api, import_, sent)) == [201, "case.cadre-elsewhere", "case.office-unknown", 201]
    shown = api.get(import_, f"/cases/{case}").json()
    assert shown["credit"] == {"office": "office-b", "cadre": "c3"}


def test_C4_alone_and_in_a_batch_are_the_same_command(api, import_):
    case, command = api.case(), str(uuid4())
    alone = api.post(import_, case, "acceptance", command=command).json()
    [outcome] = send(api, import_, [item(case, "accept", command=command)]).json()
    assert outcome["receipt"] == alone


def test_C4_a_complaint_is_hidden_from_those_it_is_about_here_too(api):
    event = petition(complaint=True)
    api.hear(event, complaint(event, "c9"))
    about, other = api.as_("c9", "import"), api.as_("importer", "import")
    assert became(send(api, about, whole_way(event.petition))) == ["case.not-found"] * 4
    assert became(send(api, other, [item(event.petition, "assign", office="office-a", cadre="c9")])) == [
        "case.complained-about"
    ]
    assert became(send(api, other, whole_way(event.petition))) == [201] * 4


def test_C4_a_batch_waits_for_what_it_follows_from_or_is_not_carried_out(api, import_):
    event = petition()
    message = api.react.intake.message(event, NOW - timedelta(hours=1))
    after = api.react.intake.token(message)
    early = send(api, import_, whole_way(event.petition), after=after)
    assert (code(early), early.headers["Retry-After"]) == ((503, "after.too-early"), "2")
    api.react.take([message])
    assert became(send(api, import_, whole_way(event.petition), after=after)) == [201] * 4


def test_C4_only_an_import_sends_many(api):
    for role in ("cadre", "office", "organisation"):
        assert code(send(api, api.as_("c2", role, office="county-office"), whole_way(uuid4()))) == (403, "auth.role")
