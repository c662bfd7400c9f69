"""How a place is called: from the larger to the smaller, each once (R1)."""

import pytest

from services.assignment.queries.naming import _place
from services.web.language import Words, speaking


@pytest.mark.parametrize("village", ["一村", "甲镇一村"])
def test_R1_a_village_is_called_with_its_township_which_is_said_once(village: str) -> None:
    with speaking(Words("zh")):
        assert _place(["141002100000", "141002100201"], {"141002100000": "甲镇", "141002100201": village}) == "甲镇一村"


def test_R1_a_place_without_a_name_is_called_by_its_code() -> None:
    with speaking(Words("zh")):
        assert _place(["141002100000"], {}) == "141002100000"
