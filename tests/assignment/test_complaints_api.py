"""Officials complained about, over HTTP: to them there is no such case, whatever they try and in whatever role (C4)."""

from uuid import uuid4

import pytest
from fastapi.routing import iter_route_contexts

from services.assignment.api.app import application
from services.web.pages import PageRoute
from services.web.principals import Role
from tests.assignment.given import complaint, petition
from tests.assignment.served import served
from tests.assignment.test_api import Api, code

BODIES: dict[str, list[dict[str, str]]] = {
    "assignment": [{"office": "office-b"}, {"office": "office-b", "cadre": "c3"}, {"office": "county-office"}],
    "acceptance": [{}],
    "decision": [{"outcome": "solved"}],
    "reply": [{}, {"said": "w-1"}],
    "closing": [{}],
}
"""What is asked of each route that writes; one without an entry fails the test below."""
ROLES = [
    *(([role], None) for role in Role if role is not Role.OFFICE),
    *(([Role.OFFICE], office) for office in ("county-office", "office-b")),
    ([Role.CADRE, Role.OFFICE, Role.ORGANISATION, Role.IMPORT], "county-office"),
]


@pytest.fixture(scope="module")
def app(whole):
    return application(whole)


@pytest.fixture(scope="module")
def api(whole, app):
    with served(app) as client:
        yield Api(whole, client, whole.jwks.parent)


def routes(app) -> list[tuple[str, str]]:
    """Method and path of every route about one case; pages are walked in tests/pages."""
    found = [
        (method, str(route.path))
        for route in iter_route_contexts(app.routes)
        if "{petition}" in str(route.path) and not isinstance(route.original_route, PageRoute)
        for method in route.methods or ()
    ]
    assert len(found) > len(BODIES)
    return found


def asked(api, who, path, method, case, command):
    """Everything the route may be asked, with the answers."""
    path = path.replace("{petition}", str(case))
    if method == "GET":
        return [api.client.request("GET", path, headers=who)]
    return [
        api.client.request(method, path, headers=who, json={"command": str(command), **body})
        for body in BODIES[path.rpartition("/")[2]]
    ]


def handled(api, act: str) -> str:
    """A complaint about c2 and c9 on which `act` is the next step; c2 leads its zone."""
    event, county = petition(complaint=True), api.as_("dispatcher", "office", office="county-office")
    api.hear(event, complaint(event, "c2", "c9"))
    for step in list(BODIES)[1:]:
        if step == act:
            break
        assert api.post(county, event.petition, step, **BODIES[step][0]).status_code == 201
    return str(event.petition)


@pytest.mark.parametrize(("roles", "office"), ROLES, ids=str)
def test_C4_every_route_answers_the_official_as_if_there_were_no_such_case(app, api, roles, office):
    who = api.as_("c2", *roles, office=office)
    for method, path in routes(app):
        case, command = handled(api, path.rpartition("/")[2]), uuid4()
        there = asked(api, who, path, method, case, command)
        nowhere = asked(api, who, path, method, uuid4(), uuid4())
        for one, other in zip(there, nowhere, strict=True):
            assert (one.status_code, one.json()) == (other.status_code, other.json()), (method, path)
            assert one.status_code in (403, 404)
            assert one.headers.keys() == other.headers.keys()
        assert not (roles == [Role.CADRE] and method == "GET") or code(there[0]) == (404, "case.not-found")
        shown = api.get(api.as_("o", "organisation"), f"/cases/{case}").json()
        assert shown["credit"] == {"office": "county-office", "cadre": None}, "nothing happened"


def test_C4_a_command_kept_before_does_not_betray_the_case(api):
    who, other = api.as_("c2", "cadre"), api.case()
    command, case = str(uuid4()), handled(api, "acceptance")
    assert api.post(who, other, "acceptance", command=command).status_code == 201
    assert code(api.post(who, case, "acceptance", command=command)) == (404, "case.not-found")
    assert code(api.post(who, uuid4(), "acceptance", command=command)) == (404, "case.not-found")


def test_C4_the_county_assigns_it_to_somebody_whom_it_is_not_about(api):
    county, case = api.as_("dispatcher", "office", office="county-office"), handled(api, "acceptance")
    assert api.get(county, f"/cases/{case}").json()["state"] == "assigned"
    for role, who in (("office", county), ("organisation", api.as_("o", "organisation"))):
        answer = api.post(who, case, "assignment", office="office-a", cadre="c2")
        assert code(answer) == (422, "case.complained-about"), role
    assert api.post(county, case, "assignment", office="office-b", cadre="c3").status_code == 201
    assert api.get(api.as_("c3", "cadre"), f"/cases/{case}").status_code == 200
    assert api.post(api.as_("c3", "cadre"), case, "acceptance").status_code == 201


def test_C4_until_the_names_have_come_nobody_sees_it_and_no_cadre_is_assigned_it(api):
    event, county = petition(complaint=True), api.as_("dispatcher", "office", office="county-office")
    api.hear(event)
    for who in (county, api.as_("o", "organisation"), api.as_("i", "import"), api.as_("c2", "cadre")):
        assert code(api.get(who, f"/cases/{event.petition}")) == (404, "case.not-found")
    for cadre in ("c2", "c3"):
        answer = api.post(county, event.petition, "assignment", office="office-b", cadre=cadre)
        assert code(answer) == (409, "case.complaint-not-here")
    assert code(api.post(county, event.petition, "acceptance")) == (404, "case.not-found")
    assert api.post(county, event.petition, "assignment", office="office-b").status_code == 201
    clerk = api.as_("c3", "office", office="office-b")
    assert code(api.get(clerk, f"/cases/{event.petition}")) == (404, "case.not-found")
    api.hear(complaint(event, "c2"))
    assert api.get(clerk, f"/cases/{event.petition}").status_code == 200


def test_C4_a_colleague_who_is_complained_about_does_not_see_it_as_staff_of_the_office(api):
    case, county = handled(api, "acceptance"), api.as_("dispatcher", "office", office="county-office")
    assert api.post(county, case, "assignment", office="office-a").status_code == 201
    assert code(api.get(api.as_("c2", "office", office="office-a"), f"/cases/{case}")) == (404, "case.not-found")
    assert api.get(api.as_("c1", "office", office="office-a"), f"/cases/{case}").status_code == 200


def test_C4_what_is_about_officials_by_its_category_is_seen_by_nobody_below_the_county(api):
    case, county = api.case(category="05.02.01"), api.as_("dispatcher", "office", office="county-office")
    for who in (api.as_("c2", "cadre"), api.as_("c1", "office", office="office-a"), api.as_("c3", "cadre", "office")):
        assert code(api.get(who, f"/cases/{case}")) == (403, "auth.scope")
        for act, bodies in BODIES.items():
            assert api.post(who, case, act, **bodies[0]).status_code == 403, act
    for role in ("mine", "office"):
        listed = api.get(api.as_("c2", "cadre", "office", office="office-a"), "/cases", of=role, tab="all").json()
        assert case not in str(listed)
    assert case in str(api.get(county, "/cases", of="office", tab="all").json())
    assert api.post(county, case, "assignment", office="office-b", cadre="c3").status_code == 201
    assert api.get(api.as_("c3", "cadre"), f"/cases/{case}").status_code == 200
