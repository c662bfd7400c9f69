"""The files are whole, and codes and zones follow from them for ever."""

import hashlib
import re
from datetime import datetime

from lianxin_schemas.ids import ID_PATTERN

from deploy.demo import real
from deploy.demo.real import Rate
from services import categories
from services.assignment.domain.limits import limit
from services.assignment.settings import Settings

CODES = "89a3b7326d77f364"
"""They are in events: a code never gets another meaning."""


def test_all_petitions_are_there() -> None:
    found = real.petitions()
    assert len(found) == 2_816
    assert len({each.petition for each in found}) == 2_816
    assert all(each.registered < each.replied for each in found)
    assert {each.registered.year for each in found} == set(real.YEARS)


def test_every_district_has_a_zone_of_its_own() -> None:
    zones = [real.zone_of(district) for district in real.districts()]
    assert len(zones) == len(set(zones)) == 109
    assert all(re.match(ID_PATTERN, zone or "") for zone in zones)
    assert real.zone_of("A7县") == "a7-xian"
    assert real.zone_of("") is None


def test_the_largest_districts_come_first() -> None:
    rates = real.rates(real.petitions())
    counts = [rates[district].denominator for district in real.districts()]
    assert counts == sorted(counts, reverse=True)


def test_all_categories_are_there() -> None:
    names = categories.names()
    assert [sum(len(path) == depth for path in names.values()) for depth in (1, 2, 3)] == [15, 118, 517]
    assert all(re.match(r"^\d{2}(\.\d{2}){0,2}$", code) for code in names)
    assert all(names[code[:-3]] == path[:-1] for code, path in names.items() if len(path) > 1)
    assert categories.name("01.01.01") == "城乡建设 › 安全生产 › 事故处理"


def test_codes_of_categories_stay_what_they_are() -> None:
    text = "\n".join(f"{code} {'/'.join(path)}" for code, path in categories.names().items())
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == CODES


def test_C3a_a_limit_ends_at_the_end_of_its_last_day() -> None:
    registered = datetime.fromisoformat("2019-01-31T00:00:00+08:00")
    assert real.due(registered) == datetime.fromisoformat("2019-04-02T00:00:00+08:00")


def test_C3a_an_answer_before_that_instant_is_in_time() -> None:
    registered = datetime.fromisoformat("2019-01-31T23:59:59+08:00")
    last, late = (datetime.fromisoformat(text) for text in ("2019-04-01T23:59:59+08:00", "2019-04-02T00:00:00+08:00"))
    answers = [real.RealPetition("1", registered, replied, "A市").in_time for replied in (last, late)]
    assert answers == [True, False]


def test_C3a_a_last_day_that_is_off_moves_and_a_make_up_day_does_not() -> None:
    for registered, due in (("2019-08-02", "2019-10-09"), ("2019-08-13", "2019-10-13"), ("2019-08-14", "2019-10-15")):
        moved = real.due(datetime.fromisoformat(f"{registered}T09:00:00+08:00"))
        assert moved == datetime.fromisoformat(f"{due}T00:00:00+08:00")


def test_the_rates_of_the_file() -> None:
    rates = real.rates(real.petitions())
    assert sum(rates.values(), Rate()) == Rate(2_662, 2_816)
    assert (rates["A市"], rates["K市"], rates[""]) == (Rate(396, 402), Rate(53, 70), Rate(165, 175))


def test_assignment_counts_the_same_limit() -> None:
    law = Settings().read_law()
    [step] = {rule.step for rule in law.limits}
    assert all(limit(law, step, each.registered)[0] == real.due(each.registered) for each in real.petitions())
