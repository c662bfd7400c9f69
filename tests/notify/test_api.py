"""One's own notices over HTTP, on real servers (N2)."""

from uuid import uuid4

import pytest
from lianxin_schemas import codec

from deploy.local.keys import make_key
from services.notify.api.app import application
from tests.notify import given
from tests.web.serving import serving


@pytest.fixture
def api(settings, tmp_path):
    own = settings.model_copy(update={"jwks": make_key(tmp_path)})
    with serving(application(own), tmp_path) as client:
        yield client


def mine(api, who="c-0001", role="cadre", **more):
    return api.call("GET", "/notices.json", who=who, role=role, **more)


def assigned(react, count=1, credit=given.CADRE):
    """So many cases, each assigned; the petitions in their order."""
    petitions = [uuid4() for _ in range(count)]
    for petition in petitions:
        react.hear(given.opened(petition), given.assigned(petition, credit))
    return [str(petition) for petition in petitions]


def test_N2_a_cadre_sees_the_own_notices_newest_first_with_counts(api, react):
    petitions = assigned(react, 3)
    assigned(react, credit=given.Credit(office="office-a", cadre="c-0002"))
    react.hear(given.registered("c-0001"))  # a resident's id that is spelt like the cadre's is somebody else
    body = mine(api).json()
    assert [one["petition"] for one in body["notices"]] == petitions[::-1]
    assert (body["total"], body["unread"], body["next"]) == (3, 3, None)
    one = body["notices"][0]
    assert (one["reason"], one["happened"], one["read"]) == ("case-assigned", "2026-03-10T04:00:00Z", None)


def test_N2_an_office_s_staff_sees_what_no_cadre_answers_for(api, react):
    petitions = assigned(react, 2, given.OFFICE)
    assigned(react)
    seen = mine(api, who="somebody", role="office", office="county-office").json()
    assert [one["petition"] for one in seen["notices"]] == petitions[::-1]
    assert mine(api, who="somebody", role="office", office="office-a").json()["total"] == 0
    assert mine(api, who="county-office", role="cadre").json()["total"] == 0, "a cadre is no office"
    assert mine(api, who="c-0001", role="office").json()["total"] == 0, "an office's staff is no cadre"


def test_N2_read_is_marked_once_and_counted(api, react):
    assigned(react, 2)
    first, second = (one["notice"] for one in mine(api).json()["notices"])
    read = api.call("PUT", f"/notices/{first}/read", who="c-0001", role="cadre")
    assert read.status_code == 200
    assert api.call("PUT", f"/notices/{first}/read", who="c-0001", role="cadre").json() == read.json()
    body = mine(api).json()
    assert (body["total"], body["unread"]) == (2, 1)
    assert [one["read"] for one in body["notices"]] == [read.json()["read"], None]
    unread = api.call("GET", "/notices.json?unread=true", who="c-0001", role="cadre").json()
    assert [one["notice"] for one in unread["notices"]] == [second]


def test_N2_read_in_the_office_is_read_for_all_of_it(api, react):
    assigned(react, 1, given.OFFICE)
    staff = {"role": "office", "office": "county-office"}
    [one] = mine(api, who="anna", **staff).json()["notices"]
    api.call("PUT", f"/notices/{one['notice']}/read", who="anna", **staff)
    assert mine(api, who="bert", **staff).json()["unread"] == 0


def test_N2_a_notice_of_somebody_else_is_not_there(api, react):
    assigned(react)
    react.hear(given.registered("p-0001"))
    for (notice,) in react.query("SELECT notice FROM notice"):
        for who, role in (("c-0002", "cadre"), ("c-0001", "office"), ("p-0001", "cadre")):
            answer = api.call("PUT", f"/notices/{notice}/read", who=who, role=role)
            assert (answer.status_code, answer.json()["code"]) == (404, "notice.not-found")
    assert react.query("SELECT count(*) FROM reading") == [(0,)]
    assert api.call("PUT", f"/notices/{uuid4()}/read", who="c-0001", role="cadre").status_code == 404


def test_N2_pages_of_a_long_list_meet_without_gap_or_overlap(api, react):
    petitions = assigned(react, 5)
    seen, before = [], None
    while True:
        more = f"&before={before}" if before else ""
        body = api.call("GET", f"/notices.json?limit=2{more}", who="c-0001", role="cadre").json()
        seen += [one["petition"] for one in body["notices"]]
        before = body["next"]
        if before is None:
            break
    assert seen == petitions[::-1]


def test_a_receipt_of_another_service_is_waited_for(api, react):
    petition = uuid4()
    messages = react.hear(given.opened(petition), given.assigned(petition))
    number = codec.unwrap(messages[-1].value).lanenumber
    token = f"cases.{messages[-1].partition}.1:{number}"
    assert mine(api, params={"after": token}).json()["total"] == 1
    late = mine(api, params={"after": f"cases.{messages[-1].partition}.1:{number + 1}"})
    assert (late.status_code, late.json()["code"]) == (202, "after.not-yet")
