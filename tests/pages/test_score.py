"""A cadre's score in a browser: the band, why it is so, down to one event; and who may see what (A3, A6, G2)."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.petitions import Satisfaction, Solved
from lianxin_schemas.events.ratings import RatingKind
from lianxin_schemas.events.responsibility import CadreRegistered, Rank
from playwright.sync_api import Page, expect

from services.web.principals import Role
from tests.appraisal.given import (
    assigned,
    at,
    limit,
    opened,
    paired,
    registered,
    released,
    replied,
    term,
    uid,
    verdict,
    visit,
)
from tests.pages.appraising import Appraisal, appraising
from tests.pages.looking import STAFF, Look, printed
from tests.servers import Addresses

DAYS = "2025-10-01 2025-12-31"
QUARTER = "period=2025-Q4&policy=three-dimensions"
GOOD, FEW, NOTHING = "/score/cadres/c-1", "/score/cadres/c-2", "/score/cadres/c-3"


def case(number: int, cadre: str, *, complaint: bool = False, due: str = "2025-12-20 00:00") -> list[Event]:
    begun = [registered(number, complaint=complaint), opened(number, "2025-10-10")]
    return [*begun, assigned(number, cadre), limit(number, due)]


def handled(number: int, cadre: str, solved: Solved | None, satisfied: Satisfaction | None = None) -> list[Any]:
    said = [verdict(number, solved, satisfied)] if solved else []
    return [*case(number, cadre), (replied(number, cadre), at("2025-11-01 09:00")), *said]


def peer(number: int, *counts: int) -> list[Any]:
    cadre = f"c-{number}"
    rated = [released(number * 10, cadre, *counts, days=DAYS)] if counts else []
    return [CadreRegistered(cadre=cadre, office="o-1", rank=Rank.VILLAGE), term(cadre), *rated]


def fill(appraisal: Appraisal) -> None:
    """c-1 has done much, c-2 little, c-3 nothing; five others have ratings."""
    appraisal.take(peer(1, 0, 0, 2, 5, 6), peer(2), peer(3))
    for number, given in enumerate(
        ((0, 0, 9, 0, 0), (0, 0, 0, 9, 0), (0, 0, 3, 6, 0), (0, 0, 0, 3, 6), (0, 6, 3, 0, 0)), 4
    ):
        appraisal.take(peer(number, *given))
    for n in range(60):
        appraisal.take(paired(f"h-{n:02}", "c-1"))
    for n in range(56):
        day = f"2025-{10 + n % 3}-{1 + n % 28:02}"
        appraisal.take(visit(100 + n, "c-1", day, f"h-{n:02}"))
    appraisal.take(visit(199, "c-1", "2025-12-29", "h-00", "h-01", "h-99"))
    satisfied, dissatisfied = Satisfaction.SATISFIED, Satisfaction.DISSATISFIED
    for n in range(9):
        appraisal.take(handled(300 + n, "c-1", Solved.SOLVED, satisfied))
    appraisal.take(handled(310, "c-1", Solved.NOT_SOLVED, dissatisfied), handled(311, "c-1", None))
    appraisal.take(case(312, "c-1"), case(313, "c-1", complaint=True))
    positive, reverse = RatingKind.EVALUATION, RatingKind.REVERSE
    appraisal.take(released(401, "c-1", 0, 0, 0, 4, 8, kind=positive, days=DAYS))
    appraisal.take(released(402, "c-1", 9, 1, 0, 0, 0, kind=reverse, days=DAYS))
    for n in range(3):
        appraisal.take(paired(f"k-{n}", "c-2"), handled(500 + n, "c-2", Solved.SOLVED, satisfied))
    appraisal.take(handled(504, "c-2", None), handled(505, "c-2", None), visit(501, "c-2", "2025-11-11", "k-0"))
    appraisal.call(cadre_c_1=("甲某", "Jia Mou"))


@pytest.fixture(scope="module")
def appraisal(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appraisal]:
    with appraising(servers, tmp_path_factory.mktemp("keys")) as made:
        fill(made)
        yield made


@pytest.fixture(scope="module")
def own(appraisal: Appraisal) -> dict[str, str]:
    return appraisal.session("c-1", Role.CADRE)


@pytest.fixture(scope="module")
def few(appraisal: Appraisal) -> dict[str, str]:
    return appraisal.session("c-2", Role.CADRE)


@pytest.fixture(scope="module")
def organiser(appraisal: Appraisal) -> dict[str, str]:
    return appraisal.session("organiser-1", Role.ORGANISATION)


def row(page: Page, table: int, name: str) -> str:
    return page.locator("table").nth(table).locator("tr", has_text=name).first.inner_text()


def records(page: Page) -> list[str]:
    """The rows of the last table: records behind an indicator, households of a visit."""
    return page.locator("table").last.locator("tbody tr").all_inner_texts()


def test_A6_a_cadre_reads_the_band_the_indicators_and_how_they_add_up(
    look: Look, appraisal: Appraisal, own: dict[str, str]
) -> None:
    page = look(f"{appraisal.address}/score?{QUARTER}", "score-good", cookies=own, most=STAFF)
    expect(page.locator("h1")).to_have_text("Q4 2025: Good")
    page = look.open(f"{appraisal.address}/score?{QUARTER}", cookies=own, scripts=False, width=1280)
    expect(page.locator("h1")).to_have_text("2025年第四季度：良")
    main = page.locator("main").inner_text()
    assert "甲某的得分" in main
    assert "由6项指标得出" in main
    assert "只有本人和组织部门能看" in main
    covered = row(page, 0, "走访覆盖")
    assert "56/60户" in covered
    assert "93.3%" in covered
    assert "84–97%" in covered
    assert "同职级其他7人的中位数是" in main


def test_A3_the_middle_of_five_peers_stands_beside_the_indicator(
    look: Look, appraisal: Appraisal, own: dict[str, str]
) -> None:
    page = look.open(f"{appraisal.address}{GOOD}?{QUARTER}", cookies=own, scripts=False, width=1280)
    # Of the others' ratings 0.50, 0.75, 0.67, 0.92, 0.33 the middle is 0.67.
    assert "66.7%" in row(page, 0, "民情测评")
    assert page.locator("table").nth(0).locator("svg .peers, svg.bar path").count() == 1


def test_A6_the_contributions_are_the_score_and_that_of_the_api(
    look: Look, appraisal: Appraisal, own: dict[str, str]
) -> None:
    page = look.open(f"{appraisal.address}{GOOD}?{QUARTER}", cookies=own, scripts=False, width=1280)
    answer = appraisal.get(f"/scores/cadres/c-1?{QUARTER}", own).json()
    points = {node["node"]: Decimal(node["adds"]) for node in answer["nodes"]}
    parents = {node["parent"] for node in answer["nodes"]}
    leaves = sum(value for node, value in points.items() if node not in parents)
    assert abs(leaves - Decimal(answer["score"])) <= Decimal("0.03")
    for node in answer["nodes"]:
        assert node["adds"] in row(page, 1, node["zh"])
    assert answer["score"] in page.locator("tfoot").inner_text()
    assert answer["score"] in page.locator("main > p").first.inner_text()


def test_A6_from_the_band_to_one_event_in_three_steps(look: Look, appraisal: Appraisal, own: dict[str, str]) -> None:
    page = look.open(f"{appraisal.address}/score?{QUARTER}", cookies=own, scripts=False)
    page.locator("table").nth(1).locator("a", has_text="走访覆盖").click()
    expect(page.locator("h1")).to_have_text("2025年第四季度走访覆盖：93.3%")
    main = page.locator("main").inner_text()
    assert "期末当天负责的农户中" in main
    assert "显示 1–20，共 59" in page.locator(".pager").inner_text().replace("\xa0", " ")
    page.click(".pager a[rel=next]")
    page.click(".pager a[rel=next]")
    assert len(records(page)) == 19
    unknown = page.locator("tbody tr", has_text="h-99")
    assert "登记册里没有这户" in unknown.inner_text()
    unknown.locator("a").click()
    main = page.locator("main").inner_text()
    [(event,)] = appraisal.store.query("SELECT entry_event::text FROM visit WHERE visit = %s", uid(199))
    assert event in main
    assert "三维考核：工作实绩、民主测评、群众意见，第1版" in main
    assert len(records(page)) == 3
    page.click(".back a")
    expect(page.locator("h1")).to_have_text("2025年第四季度走访覆盖：93.3%")


def test_the_pages_below_the_score_are_as_readable(look: Look, appraisal: Appraisal, own: dict[str, str]) -> None:
    look(f"{appraisal.address}{GOOD}/coverage?{QUARTER}", "score-coverage", cookies=own, most=STAFF)
    look(f"{appraisal.address}{GOOD}/evaluation?{QUARTER}", "score-evaluation", cookies=own, most=STAFF)
    look(f"{appraisal.address}{GOOD}/coverage/{uid(199)}?{QUARTER}", "score-event", cookies=own, most=STAFF)


def test_G2_a_cadre_reads_sums_from_five_up_and_no_single_word(
    look: Look, appraisal: Appraisal, own: dict[str, str], organiser: dict[str, str]
) -> None:
    path = f"{GOOD}/petitions_solved?{QUARTER}"
    page = look(f"{appraisal.address}{path}", "score-said-cadre", cookies=own, most=STAFF, languages=("zh",))
    main = page.locator("main").inner_text()
    assert "每个人说了什么，只有组织部门能看" in main
    assert page.locator("table").count() == 1, "the sum alone"
    verdicts = appraisal.store.query("SELECT verdict_event::text FROM case_fact WHERE verdict_event IS NOT NULL")
    assert len(verdicts) == 13
    assert not any(event in page.content() for (event,) in verdicts)
    page = look(f"{appraisal.address}{path}", "score-said", cookies=organiser, most=STAFF, languages=("zh",))
    assert len(records(page)) == 13
    assert "诉求人说没有解决" in page.locator("main").inner_text()
    assert appraisal.get(f"{GOOD}/petitions_solved/{uid(300)}?{QUARTER}", own).status_code == 404
    assert appraisal.get(f"{GOOD}/petitions_solved/{uid(300)}?{QUARTER}", organiser).status_code == 200


def test_C4_a_complaint_is_no_page_for_a_cadre(
    appraisal: Appraisal, own: dict[str, str], organiser: dict[str, str]
) -> None:
    path = f"{GOOD}/petitions_in_time/{{}}?{QUARTER}"
    assert appraisal.get(path.format(uid(312)), own).status_code == 200
    assert appraisal.get(path.format(uid(313)), own).status_code == 404
    assert appraisal.get(path.format(uid(313)), organiser).status_code == 200
    assert str(uid(313)) not in appraisal.get(f"{GOOD}/petitions_in_time?{QUARTER}", own).text


def test_G2_too_few_answers_are_drawn_as_a_box_and_their_number_stays_away(
    look: Look, appraisal: Appraisal, few: dict[str, str], organiser: dict[str, str]
) -> None:
    page = look(f"{appraisal.address}{FEW}?{QUARTER}", "score-few", cookies=few, most=STAFF, languages=("en", "zh"))
    assert "不显示" in row(page, 0, "诉求已解决")
    assert "–/5件" in row(page, 0, "诉求已解决")
    assert "回答少于5份" in page.locator("main").inner_text()
    assert "只有3个，不足以判断" in row(page, 0, "走访覆盖")
    assert page.locator("table").nth(0).locator("svg.few").count() == 5
    path = f"{appraisal.address}{FEW}?{QUARTER}"
    whole = look(path, "score-few-whole", cookies=organiser, most=STAFF, languages=("zh",))
    assert "只有3份回答，不足以判断" in row(whole, 0, "诉求已解决")
    assert "3/5件" in row(whole, 0, "诉求已解决")


def test_A3_nothing_recorded_is_said_and_not_scored(
    look: Look, appraisal: Appraisal, organiser: dict[str, str]
) -> None:
    page = look(
        f"{appraisal.address}{NOTHING}?{QUARTER}",
        "score-nothing",
        cookies=organiser,
        most=STAFF,
        languages=("en", "zh"),
    )
    expect(page.locator("h1")).to_have_text("2025年第四季度：数据不足")
    assert "这一期还没有记录" in page.locator(".empty").inner_text()
    assert "c-3的得分" in page.locator("main").inner_text()
    look(f"{appraisal.address}{NOTHING}/coverage?{QUARTER}", "score-no-record", cookies=organiser, most=STAFF)


def test_A6_another_cadres_pages_stay_closed(appraisal: Appraisal, own: dict[str, str], few: dict[str, str]) -> None:
    for path in (GOOD, f"{GOOD}.csv", f"{GOOD}/coverage", f"{GOOD}/coverage/{uid(199)}"):
        assert appraisal.get(f"{path}?{QUARTER}", own).status_code == 200, path
        assert appraisal.get(f"{path}?{QUARTER}", few).status_code == 403, path
        assert appraisal.get(f"{path}?{QUARTER}").status_code == 303, path
        assert appraisal.get(f"{path}?{QUARTER}", appraisal.session("o-1", Role.OFFICE)).status_code == 403, path
    assert appraisal.get(f"/score?cadre=c-1&{QUARTER}", few).text.count("c-2的得分") == 1


def test_the_table_is_what_the_page_shows(appraisal: Appraisal, few: dict[str, str], organiser: dict[str, str]) -> None:
    answer = appraisal.get(f"{FEW}.csv?{QUARTER}", few)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(one["指标"], one["分子"], one["分母"]) for one in rows][:3] == [
        ("走访覆盖", "1", "3"),
        ("诉求按期答复", "5", "5"),
        ("诉求已解决", "", "5"),
    ]
    assert (rows[0]["95%区间下限"], rows[1]["95%区间下限"]) == ("", "0.5655")
    whole = csv.DictReader(io.StringIO(appraisal.get(f"{FEW}.csv?{QUARTER}", organiser).content.decode("utf-8-sig")))
    assert next(one for one in whole if one["指标"] == "诉求已解决")["分子"] == "3"


def test_period_and_policy_are_chosen_in_a_form(look: Look, appraisal: Appraisal, own: dict[str, str]) -> None:
    page = look.open(f"{appraisal.address}/score?{QUARTER}", cookies=own, scripts=False)
    page.select_option("#policy", "first")
    page.click(".filter button")
    assert page.url.endswith("/score?period=2025-Q4&policy=first")
    expect(page.locator("h1")).to_contain_text("分")  # the first policy has no bands
    assert page.locator("#period").input_value() == "2025-Q4"
    page.select_option("#period", label="2025年")
    page.click(".filter button")
    assert page.url.endswith("?period=2025&policy=first")
    path = f"{appraisal.address}/score?period=2025-Q4&policy=first"
    look(path, "score-first", cookies=own, most=STAFF, languages=("zh",))
    assert appraisal.get("/score?period=2025-Q9", own).status_code == 422
    assert appraisal.get("/score?policy=none", own).status_code == 404
    assert appraisal.get(f"{GOOD}/county_mark?{QUARTER}", own).status_code == 404


def test_the_organisation_department_finds_a_cadre_by_number(
    look: Look, appraisal: Appraisal, organiser: dict[str, str]
) -> None:
    look(f"{appraisal.address}/score", "score-find", cookies=organiser, most=STAFF)
    page = look.open(f"{appraisal.address}/score", cookies=organiser, scripts=False)
    page.fill("#cadre", "c-2")
    page.click("main button")
    assert page.url == f"{appraisal.address}/score/cadres/c-2"


def test_a_score_prints_whole_and_without_its_form_a14(look: Look, appraisal: Appraisal, own: dict[str, str]) -> None:
    page = look.open(f"{appraisal.address}{GOOD}?{QUARTER}", cookies=own)
    page.emulate_media(media="print")
    assert not page.locator(".filter").is_visible()
    assert page.locator("table").nth(1).is_visible()
    assert page.locator(".provenance").is_visible()
    assert printed(page).startswith(b"%PDF")
