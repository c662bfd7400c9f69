"""A browser for the tests of a file, and an eye for each test."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.pages.looking import Look, looking
from tests.pages.residents import Installation, installed
from tests.servers import Addresses


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window. While it is open its driver holds the loop of the thread, and `asyncio.run`
    of other tests would fail: so it does not outlive the file.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.exit("Chromium is missing: install it with `apt-get install chromium fonts-noto-cjk`.", returncode=1)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def look(browser: Browser) -> Iterator[Look]:
    """Looks at pages."""
    with looking(browser) as eye:
        yield eye


@pytest.fixture(scope="session")
def residents(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """intake and its pages."""
    with installed(servers, tmp_path_factory.mktemp("residents")) as running:
        yield running
