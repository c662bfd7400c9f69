"""One's own notices in a browser without scripts: read, marked, and led to the case from (N2)."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from lianxin_schemas.events.cases import Credit
from playwright.sync_api import Page, expect

from deploy.local import issuer, keys
from deploy.local.state import free_ports
from services.notify.api.app import application
from services.notify.pages import notices
from services.notify.settings import Settings
from services.runtime import migrate
from tests.notify.given import CADRE, OFFICE, React, assigned, make_database, opened
from tests.pages.looking import STAFF, Look
from tests.pages.serving import on_port
from tests.servers import Addresses

SERVICE = Path(notices.__file__).parents[1]
UNREAD, READ = ".tag.running", ".tag.done"


@dataclass
class Notify:
    """notify's pages and what it hears; the desk is on another host."""

    at: str
    react: React

    def told(self, count: int = 1, credit: Credit = CADRE) -> list[str]:
        """So many cases, each given to somebody; the petitions in their order."""
        petitions = [uuid.uuid4() for _ in range(count)]
        events = [event for one in petitions for event in (opened(one), assigned(one, credit))]
        with ThreadPoolExecutor(1) as beside:  # the browser's loop runs in this thread
            beside.submit(self.react.hear, *events).result()
        return [str(petition) for petition in petitions]

    def cookies(self, page: Page) -> dict[str, str]:
        """What holds the session that a page was signed in with."""
        return {one["name"]: one["value"] for one in page.context.cookies(self.at) if one["name"] == "lx-notify"}


@pytest.fixture
def notify(servers: Addresses, tmp_path: Path) -> Iterator[Notify]:
    """notify with an empty database, and the issuer beside it."""
    space, ports = f"t{uuid.uuid4().hex[:12]}", free_ports(2, set())
    at, beside = (f"http://127.0.0.1:{port}" for port in ports)
    settings = Settings(
        space=space,
        kafka=servers.kafka,
        postgres=servers.postgres,
        jwks=keys.make_key(tmp_path / "keys"),
        county="示范县",
        county_en="Model County",
        plain_http=True,
        oidc_discovery=f"{beside}{keys.DISCOVERY}",
        pages_assignment="http://desk.example",
    )
    files = [*migrate.PLUMBING, migrate.SESSION, *migrate.service_files(SERVICE)]
    migrate.migrate(make_database(servers.postgres, f"{space}_notify"), files)
    with on_port(issuer.application(tmp_path, beside), ports[1]), on_port(application(settings), ports[0]):
        yield Notify(at, React(settings))


def enter(notify: Notify, look: Look, person: str = "c-0001") -> Page:
    """Signs in on the way to the notices."""
    page = look.open(f"{notify.at}/notices", scripts=False)
    page.click(f"a.way:has-text('{person}')")
    assert page.url == f"{notify.at}/notices"
    return page


def leads_to(page: Page) -> list[str]:
    """Where the sentences lead, in their order."""
    found: list[str] = page.locator(".rows a").evaluate_all("all => all.map(e => e.href)")
    return found


def test_N2_notices_stand_newest_first_lead_to_the_case_and_are_marked_one_by_one(notify: Notify, look: Look) -> None:
    petitions = notify.told(3)
    page = enter(notify, look)
    assert leads_to(page) == [f"http://desk.example/desk/cases/{one}" for one in petitions[::-1]]
    expect(page.locator(".rows a").first).to_have_text("有一件诉求在3月10日（星期二）12:00交给您办")
    expect(page.locator("main p").first).to_have_text("3条未读，新的在前")
    assert page.locator(UNREAD).all_inner_texts() == ["未读"] * 3
    page.click(".rows li:nth-child(2) button")
    assert page.url == f"{notify.at}/notices"
    expect(page.locator("main p").first).to_have_text("2条未读，新的在前")
    expect(page.locator(".rows li:nth-child(2)")).to_contain_text("已读")
    assert page.locator(".rows button").count() == 2
    page.reload()
    assert page.locator(READ).count() == 1


def test_N2_an_office_s_staff_reads_for_all_of_it_and_a_cadre_sees_nothing_of_it(notify: Notify, look: Look) -> None:
    notify.told(1, OFFICE)
    staff = enter(notify, look, "staff-0001")
    expect(staff.locator(".rows p")).to_contain_text("交给您单位办")
    staff.click(".rows button")
    assert enter(notify, look, "staff-0001").locator(READ).count() == 1
    expect(enter(notify, look).locator(".empty")).to_contain_text("还没有给您的通知")


def test_N2_what_is_somebody_else_s_cannot_be_marked(notify: Notify, look: Look) -> None:
    notify.told(1, OFFICE)
    notify.told()
    [[foreign]] = notify.react.query("SELECT notice FROM notice WHERE office IS NOT NULL")
    page = enter(notify, look)
    # As if the form had been changed by hand.
    page.locator(".rows form").evaluate(f"form => {{ form.action = '/notices/{foreign}/read'; }}")
    with page.expect_response("**/read") as answered:
        page.click(".rows button")
    assert answered.value.status == 404
    expect(page.locator("h1")).to_contain_text("没有这条通知")
    assert notify.react.query("SELECT count(*) FROM reading") == [(0,)]


def test_N2_a_long_list_is_paged_without_gap_and_stays_where_it_is_when_one_is_marked(
    notify: Notify, look: Look
) -> None:
    petitions = notify.told(2 * notices.MANY + 3)
    page = enter(notify, look)
    expect(page.locator(".pager")).to_contain_text("显示 1–20，共 43")
    seen = leads_to(page)
    page.click("a[rel=next]")
    seen += leads_to(page)
    page.click(".rows button >> nth=0")
    assert page.url == f"{notify.at}/notices?from=21"
    page.click("a[rel=next]")
    seen += leads_to(page)
    assert [link.rpartition("/")[2] for link in seen] == petitions[::-1]
    assert page.locator("a[rel=next]").count() == 0
    page.click("a[rel=prev]")
    page.click("a[rel=prev]")
    assert page.url == f"{notify.at}/notices"
    page.goto(f"{notify.at}/notices?from=1000")
    assert page.url == f"{notify.at}/notices"
    page.goto(f"{notify.at}/notices?from=0")
    expect(page.locator("h1")).to_contain_text("没有这个地址")


def test_notices_look_well(notify: Notify, look: Look) -> None:
    cookies = notify.cookies(enter(notify, look))
    look(f"{notify.at}/notices", "notices-empty", cookies=cookies, most=STAFF)
    notify.told(notices.MANY + 2)
    page = enter(notify, look)
    page.click(".rows button >> nth=1")
    look(f"{notify.at}/notices", "notices", cookies=cookies, most=STAFF)
    look(f"{notify.at}/notices/{uuid.uuid4()}", "notices-elsewhere", cookies=cookies, most=STAFF, status=404)
