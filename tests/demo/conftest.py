"""The made-up data, once for all tests."""

import pytest

from deploy.demo import petitions, township, visits
from deploy.demo.petitions import Journey
from deploy.demo.township import Township
from deploy.demo.visits import Sendings


@pytest.fixture(scope="session")
def made() -> Township:
    return township.make()


@pytest.fixture(scope="session")
def sendings(made: Township) -> Sendings:
    return visits.of_the_quarter(made)


@pytest.fixture(scope="session")
def real_journeys() -> list[Journey]:
    return petitions.of_the_file()


@pytest.fixture(scope="session")
def made_up_journeys(made: Township) -> list[Journey]:
    return petitions.of_the_township(made)
