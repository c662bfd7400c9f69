"""Docs that a machine can check: names in READMEs exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READMES = [path for path in ROOT.rglob("README*.md") if not {".venv", ".local", ".pytest_cache"} & set(path.parts)]


def test_every_file_on_the_way_of_one_event_exists() -> None:
    way = (ROOT / "README.md").read_text().split("## The way of one event")[1].split("## What always")[0]
    named = re.findall(r"^ {4}((?:services|schemas)/[\w./]+\.py)", way, re.MULTILINE)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_a_readme_lead_somewhere(readme: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", readme.read_text())
    assert [link for link in links if "://" not in link and not (readme.parent / link).exists()] == []


def test_the_map_of_runtime_names_every_file() -> None:
    text = (ROOT / "services/README.md").read_text()
    files = {
        path.name
        for path in (ROOT / "services/runtime").glob("*.*")
        if path.suffix in {".py", ".sql"} and path.name != "__init__.py"
    }
    assert {name for name in files if f"`{name}`" not in text} - {"database.py", "settings.py"} == set()


def test_the_rooms_of_services_name_every_file() -> None:
    table = (ROOT / "services/README.md").read_text().split("# The rooms")[1].split("\n## ")[0]
    files = {path.name for path in (ROOT / "services").glob("*/*.py") if (path.parent / "domain").is_dir()}
    verbs = {name for name in files if name.endswith("ing.py")}
    assert {name for name in files - verbs - {"__init__.py"} if f"`{name}`" not in table} == set()


def test_the_map_of_web_names_every_file() -> None:
    text = (ROOT / "services/web/README.md").read_text()
    files = {path.name for path in (ROOT / "services/web").glob("*.py")} - {"__init__.py"}
    assert {name for name in files if f"`{name}`" not in text} == set()
