"""The made-up data, once for all tests."""

import pytest

from deploy.demo import county, journeys, lives, oracle, visits
from deploy.demo.county import County
from deploy.demo.journeys import Journey
from deploy.demo.lives import Life
from deploy.demo.oracle import Oracle
from deploy.demo.visits import Sendings


@pytest.fixture(scope="session")
def made() -> County:
    return county.make()


@pytest.fixture(scope="session")
def sendings(made: County) -> Sendings:
    return visits.of_the_quarter(made)


@pytest.fixture(scope="session")
def petitions(made: County, sendings: Sendings) -> tuple[Life, ...]:
    return lives.of_the_quarter(made, sendings)


@pytest.fixture(scope="session")
def expected(made: County, sendings: Sendings, petitions: tuple[Life, ...]) -> Oracle:
    return oracle.compute(made, sendings, petitions)


@pytest.fixture(scope="session")
def real_journeys() -> list[Journey]:
    return journeys.of_the_file()


@pytest.fixture(scope="session")
def made_up_journeys(made: County, petitions: tuple[Life, ...]) -> list[Journey]:
    return journeys.of_the_quarter(petitions, made)
