"""The tree of categories: whole, in both languages, and without what nothing here records (C1)."""

from services import categories


def test_all_fields_and_groups_have_english_names() -> None:
    upper = {code for code, path in categories.names().items() if len(path) < 3}
    assert categories.english().keys() == upper
    assert len(upper) == 15 + 118
    assert all(name.isascii() and name for name in categories.english().values())
    assert categories.name_en("01.02.10") == "Urban and rural development › City building and public works"
    assert categories.name_en("09") == "Civil affairs"


def test_ethnic_and_religious_affairs_are_neither_offered_nor_taken_in() -> None:
    left_out = {code for code, path in categories.names().items() if "民族宗教" in path}
    assert left_out
    assert not any(categories.ours(code) for code in left_out)
    offered: list[str] = []
    for field in categories.children():
        offered.append(field)
        for group in categories.children(field):
            offered += [group, *categories.children(group)]
    assert set(offered) == categories.names().keys() - left_out
    assert categories.name("02.05.01") == "党务政务 › 其他 › 其他"
