"""Cases and responsibility over HTTP, on real servers (C3, C3b, C4, Z2)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from lianxin_schemas.events.petitions import Solved

from deploy.local.keys import sign
from services.assignment.api.app import application
from tests.assignment.given import petition, verdict, withdrawal
from tests.assignment.reacting import React
from tests.assignment.served import served

NOBODY = {"authorization": ""}
ACTS = ("assignment", "acceptance", "decision", "reply", "closing")
NOW = datetime.now(UTC).replace(microsecond=0)


class Api:
    """The application, who may call it, and the reaction beside it."""

    def __init__(self, settings, client, keys) -> None:
        self.client, self._keys = client, keys
        self.react = React(settings)

    def as_(self, subject: str, *roles: str, office: str | None = None) -> dict[str, str]:
        return {"authorization": f"Bearer {sign(self._keys, subject, list(roles), office)}"}

    def case(self, zone="z1", time=NOW - timedelta(hours=1), **more) -> str:
        """The id of a petition with a case; z1 is led by c2 of office-a."""
        event = petition(zone=zone, **more)
        self.hear(event, time=time)
        return str(event.petition)

    def hear(self, *events, time=NOW - timedelta(hours=1)) -> None:
        """Takes in what intake says."""
        self.react.take([self.react.intake.message(event, time) for event in events])

    def post(self, who, case, act, after=None, **body):
        body = {"command": str(uuid4()), **body}
        params = {"after": after} if after else {}
        return self.client.request("POST", f"/cases/{case}/{act}", json=body, headers=who, params=params)

    def get(self, who, path, **params):
        return self.client.request("GET", path, headers=who, params=params)


@pytest.fixture(scope="module")
def api(whole):
    with served(application(whole)) as client:
        yield Api(whole, client, whole.jwks.parent)


@pytest.fixture
def cadre(api):
    return api.as_("c2", "cadre")


@pytest.fixture
def import_(api):
    return api.as_("importer", "import")


@pytest.fixture
def county(api):
    return api.as_("dispatcher", "office", office="county-office")


def code(response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_C4_a_case_goes_its_way_and_tells_its_limit_with_the_sum(api, cadre):
    case = api.case()
    for act, more in (("acceptance", {}), ("decision", {"outcome": "solved"}), ("reply", {})):
        answer = api.post(cadre, case, act, **more)
        assert answer.status_code == 201, answer.text
        shown = api.get(cadre, f"/cases/{case}", after=answer.json()["after"]).json()
        assert shown["after"] == answer.json()["after"]
        assert shown["events"][-1]["id"] == answer.json()["events"][0]
    assert shown["state"] == "replied"
    assert shown["credit"] == {"office": "office-a", "cadre": "c2"}
    assert shown["overdue"] is False
    rules = [line["rule"] for line in shown["limit"]["because"]]
    assert [rule for rule in rules if rule != "moved-off-a-day-off"] == [  # that depends on today
        "starting-day-not-counted",
        "days-added",
        "end-of-last-day",
    ]
    assert [event["type"].split(".")[2] for event in shown["events"]] == [
        "opened",
        "assigned",
        "limit_set",
        "accepted",
        "decided",
        "replied",
    ]
    assert all(event["time"] <= event["recordedtime"] for event in shown["events"])


@pytest.mark.parametrize("act", ACTS)
def test_C4_without_a_token_nobody_acts(api, act):
    assert code(api.post(NOBODY, uuid4(), act)) == (401, "auth.missing")
    assert code(api.post({"authorization": "Bearer x"}, uuid4(), act)) == (401, "auth.invalid")


@pytest.mark.parametrize(
    "path", ["/cases/00000000-0000-4000-8000-000000000001", "/households/h1/responsible", "/zones/z1/leader"]
)
def test_Z2_without_a_token_or_role_nobody_reads(api, path):
    assert code(api.get(NOBODY, path)) == (401, "auth.missing")
    assert code(api.get(api.as_("op", "operations"), path)) == (403, "auth.role")


def test_C4_roles_that_have_no_part_in_a_case_are_refused(api, cadre):
    case = api.case()
    body = {"office": "office-b"}
    assert code(api.post(cadre, case, "assignment", **body)) == (403, "auth.role")
    assert code(api.post(api.as_("o", "organisation"), case, "acceptance")) == (403, "auth.role")


def test_C4_others_cadres_and_offices_are_refused_and_see_nothing(api):
    case = api.case()
    for who in (
        api.as_("c1", "cadre"),
        api.as_("c2", "office", office="office-b"),
        api.as_("c9", "office"),
        api.as_("o9", "office", office="c2"),
    ):
        assert code(api.post(who, case, "acceptance")) == (403, "auth.scope")
        assert code(api.get(who, f"/cases/{case}")) == (403, "auth.scope")
        assert code(api.post(who, case, "assignment", office="office-b")) in [(403, "auth.role"), (403, "auth.scope")]


def test_C4_the_staff_of_the_office_may_act(api):
    case = api.case()
    assert api.post(api.as_("clerk", "office", office="office-a"), case, "acceptance").status_code == 201


def test_C4_county_and_organisation_see_every_case(api, county):
    case = api.case()
    for who in (county, api.as_("o", "organisation"), api.as_("i", "import")):
        assert api.get(who, f"/cases/{case}").json()["state"] == "assigned"


def test_C4_a_case_that_is_not_there_is_404(api, import_):
    for act, more in (("acceptance", {}), ("decision", {"outcome": "solved"}), ("reply", {})):
        assert code(api.post(import_, uuid4(), act, **more)) == (404, "case.not-found")
    organisation = api.as_("o", "organisation")
    assert code(api.post(organisation, uuid4(), "assignment", office="office-b")) == (404, "case.not-found")
    assert code(api.get(import_, f"/cases/{uuid4()}")) == (404, "case.not-found")


def test_C4_steps_out_of_order_are_409(api, cadre):
    case = api.case()
    decision = {"outcome": "explained"}
    assert code(api.post(cadre, case, "decision", **decision)) == (409, "case.not-accepted")
    assert code(api.post(cadre, case, "reply")) == (409, "case.not-decided")
    api.post(cadre, case, "acceptance")
    assert code(api.post(cadre, case, "acceptance")) == (409, "case.already-accepted")
    api.post(cadre, case, "decision", **decision)
    assert code(api.post(cadre, case, "decision", **decision)) == (409, "case.already-decided")
    api.post(cadre, case, "reply")
    assert code(api.post(cadre, case, "reply")) == (409, "case.already-replied")


@pytest.mark.parametrize(
    ("act", "body", "field"),
    [
        ("assignment", {}, "office"),
        ("assignment", {"office": "Office A"}, "office"),
        ("acceptance", {"command": "1"}, "command"),
        ("acceptance", {"time": "2026-01-01T00:00:00"}, "time"),
        ("acceptance", {"note": "anything"}, "note"),
        ("decision", {}, "outcome"),
        ("decision", {"outcome": "buried"}, "outcome"),
    ],
)
def test_C4_a_body_that_is_not_as_it_must_be_is_422(api, act, body, field):
    who = api.as_("both", "import", "organisation")
    answer = api.post(who, uuid4(), act, **body)
    assert code(answer) == (422, "body.invalid")
    assert [item["field"] for item in answer.json()["fields"]] == [field]


def test_C4_the_county_assigns_and_the_new_one_goes_on(api, county, cadre):
    case = api.case()
    assert code(api.post(county, case, "assignment", office="office-a", cadre="c3")) == (422, "case.cadre-elsewhere")
    assert code(api.post(county, case, "assignment", office="office-a", cadre="c1")) == (422, "case.cadre-elsewhere")
    assert code(api.post(county, case, "assignment", office="office-a", cadre="c2")) == (409, "case.already-assigned")
    assert api.post(county, case, "assignment", office="office-b", cadre="c3").status_code == 201
    assert code(api.post(cadre, case, "acceptance")) == (403, "auth.scope")
    assert api.post(api.as_("c3", "cadre"), case, "acceptance").status_code == 201
    assert api.get(county, f"/cases/{case}").json()["credit"] == {"office": "office-b", "cadre": "c3"}


def test_C4_an_office_that_nobody_has_heard_of_is_assigned_nothing(api, county):
    case = api.case()
    assert code(api.post(county, case, "assignment", office="office-x")) == (422, "case.office-unknown")
    assert api.post(county, case, "assignment", office="county-office").status_code == 201


def test_C4_C8_the_reply_names_its_words_and_the_resident_has_the_last_one(api, cadre):
    event = petition(resident="r-1", said="w-1")
    api.hear(event)
    for act, more in (("acceptance", {}), ("decision", {"outcome": "partly"}), ("reply", {"said": "w-2"})):
        assert api.post(cadre, event.petition, act, **more).status_code == 201
    shown = api.get(cadre, f"/cases/{event.petition}").json()
    assert [shown[key] for key in ("resident", "said", "reply", "outcome")] == ["r-1", "w-1", "w-2", "partly"]
    api.hear(verdict(event, Solved.NOT_SOLVED), time=datetime.now(UTC))
    shown = api.get(cadre, f"/cases/{event.petition}").json()
    assert (shown["state"], shown["reopened"], shown["overdue"]) == ("reopened", True, False)
    assert code(api.post(cadre, event.petition, "closing")) == (409, "case.not-replied")
    for act, more in (("decision", {"outcome": "solved"}), ("reply", {})):
        assert api.post(cadre, event.petition, act, **more).status_code == 201
    command = str(uuid4())
    first = api.post(cadre, event.petition, "closing", command=command)
    assert first.status_code == 201
    assert api.post(cadre, event.petition, "closing", command=command).json() == first.json()
    assert api.get(cadre, f"/cases/{event.petition}").json()["state"] == "closed"
    assert code(api.post(cadre, event.petition, "closing")) == (409, "case.already-closed")


def test_C4_what_the_resident_took_back_is_refused_to_everybody(api, cadre, county):
    event = petition()
    api.hear(event, withdrawal(event))
    assert code(api.post(cadre, event.petition, "acceptance")) == (409, "case.already-withdrawn")
    assert code(api.post(county, event.petition, "assignment", office="office-b")) == (409, "case.already-withdrawn")


def test_C3b_the_import_enters_what_was_done_long_ago_and_nobody_else(api, cadre, import_):
    registered = NOW - timedelta(days=200)
    case, before = api.case(time=registered), (registered - timedelta(seconds=1)).isoformat()
    assert api.get(import_, f"/cases/{case}").json()["overdue"] is True
    done = (registered + timedelta(days=3)).isoformat()
    assert code(api.post(cadre, case, "acceptance", time=done)) == (422, "time.too-old")
    assert code(api.post(import_, case, "acceptance", time=before)) == (422, "time.before-start")
    future = (datetime.now(UTC) + timedelta(minutes=6)).isoformat()
    assert code(api.post(import_, case, "acceptance", time=future)) == (422, "time.in-future")
    for act, more in (("acceptance", {}), ("decision", {"outcome": "partly"}), ("reply", {})):
        assert api.post(import_, case, act, time=done, **more).status_code == 201
    shown = api.get(import_, f"/cases/{case}").json()
    assert shown["overdue"] is False
    assert datetime.fromisoformat(shown["events"][-1]["time"]) == registered + timedelta(days=3)


def test_C4_a_repeat_gets_the_first_receipt_and_nothing_else_does(api, cadre, import_):
    case, other, command = api.case(), api.case(), str(uuid4())
    first = api.post(cadre, case, "acceptance", command=command)
    assert api.post(cadre, case, "acceptance", command=command).json() == first.json()
    contradicted = (409, "command.contradicted")
    assert code(api.post(import_, case, "acceptance", command=command)) == contradicted
    assert code(api.post(cadre, case, "reply", command=command)) == contradicted
    assert code(api.post(cadre, other, "acceptance", command=command)) == contradicted
    assert len(api.get(cadre, f"/cases/{case}").json()["events"]) == 4


def test_C4_a_command_waits_for_the_reaction_that_opens_its_case(api, cadre):
    event = petition()
    message = api.react.intake.message(event, NOW - timedelta(hours=1))
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(api.post, cadre, event.petition, "acceptance", after=api.react.intake.token(message))
        api.react.take([message])
        assert waiting.result().status_code == 201


def test_C4_what_has_not_arrived_is_told_and_no_command_is_answered_202(api, cadre):
    event = petition()
    message = api.react.intake.message(event, NOW - timedelta(hours=1))
    after = api.react.intake.token(message)
    with ThreadPoolExecutor() as pool:  # side by side: each waits for its two seconds
        command = pool.submit(api.post, cadre, event.petition, "acceptance", after=after)
        query = pool.submit(api.get, cadre, f"/cases/{event.petition}", after=after)
        assert code(command.result()) == (404, "case.not-found")
        assert code(query.result()) == (202, "after.not-yet")
    api.react.take([message])
    assert api.get(cadre, f"/cases/{event.petition}", after=after).json()["state"] == "assigned"


def test_C4_an_after_that_is_none_is_400(api, cadre):
    case = api.case()
    assert code(api.post(cadre, case, "acceptance", after="yesterday")) == (400, "after.malformed")
    assert code(api.get(cadre, f"/cases/{case}", after="visits.1.1:1")) == (400, "after.not-read-here")


def test_Z2_who_answered_on_a_day(api, cadre):
    def on(path, **params):
        answer = api.get(cadre, path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert on("/households/h1/responsible", day="2023-07-01") == {
        "household": "h1",
        "day": "2023-07-01",
        "by": "pairing",
        "zone": "z1",
        "credits": [{"office": "office-a", "cadre": "c1"}, {"office": "office-b", "cadre": "c3"}],
        "care": "none",
    }
    assert on("/households/h2/responsible", day="2024-12-31")["credits"] == [{"office": "office-a", "cadre": "c1"}]
    nobody = on("/households/h2/responsible", day="2019-12-31")
    assert (nobody["by"], nobody["credits"]) == ("county", [{"office": "county-office", "cadre": None}])
    assert on("/households/h2/responsible")["credits"] == [{"office": "office-a", "cadre": "c2"}]
    assert on("/zones/z1/leader", day="2024-12-31") == {
        "zone": "z1",
        "day": "2024-12-31",
        "by": "leader",
        "credit": {"office": "office-a", "cadre": "c1"},
    }
    assert on("/zones/z1/leader", day="2019-12-31")["by"] == "county"
    assert on("/zones/z1/leader")["credit"]["cadre"] == "c2"


@pytest.mark.parametrize(
    ("who", "told"),
    [
        (("o", "organisation"), True),
        (("c3", "cadre"), True),  # paired with it
        (("c2", "cadre"), True),  # leads its zone
        (("s1", "office", "office-b"), True),  # where they are
        (("s1", "office", "office-a"), True),
        (("c1", "cadre"), False),  # was paired once
        (("c9", "cadre"), False),
        (("c3", "office"), False),
        (("s1", "office", "county-office"), False),
    ],
)
def test_R4_how_much_care_a_household_needs_is_told_to_those_who_answer_for_it(api, who, told):
    subject, role, *office = who
    for day in ({}, {"day": "2023-07-01"}):  # whoever answered then and does not now is not told either
        answer = api.get(
            api.as_(subject, role, office=office[0] if office else None), "/households/h1/responsible", **day
        )
        assert answer.json()["care"] == ("none" if told else None)


def test_R4_whoever_enters_what_others_did_is_not_told(api):
    answer = api.get(api.as_("c9", "cadre", "import"), "/households/h1/responsible")
    assert (answer.status_code, answer.json()["care"]) == (200, None)


def test_Z2_what_the_register_does_not_have_is_404_and_no_id_422(api, cadre):
    assert code(api.get(cadre, "/households/h9/responsible")) == (404, "household.not-found")
    assert code(api.get(cadre, "/zones/z9/leader")) == (404, "zone.not-found")
    assert code(api.get(cadre, "/households/H!/responsible")) == (422, "body.invalid")
    assert code(api.get(cadre, "/zones/z1/leader", day="soon")) == (422, "body.invalid")


def test_R6_the_api_is_ready(api):
    assert api.get(NOBODY, "/readyz").json() == {"ready": True, "reasons": []}
