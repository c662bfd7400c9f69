"""The tables of states in the READMEs are what the decisions do now."""

import subprocess
import sys
from pathlib import Path

import pytest
from lianxin_schemas.events.petitions import PetitionWithdrawalAsked

from services import states
from services.assignment.domain import states as assignment
from services.assignment.domain.cases import Phase
from services.intake.domain import states as intake
from services.intake.domain import visits
from services.refused import Refused
from services.states import BEGIN, END, Table

ROOT = Path(__file__).parents[2]


def test_every_table_is_current() -> None:
    found = states.services()
    assert {readme.parent.name for readme in found} >= {"assignment", "intake"}
    for readme, tables in found.items():
        text = readme.read_text("utf-8")
        assert states.written(text, tables) == text, f"run `python -m services.states`: {readme}"


def test_the_command_agrees() -> None:
    done = subprocess.run([sys.executable, "-m", "services.states", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_C4_every_phase_has_a_row() -> None:
    assert {case.phase for case in assignment.STATES.values()} == set(Phase)
    assert {entry.phase for entry in intake.TABLES[0].states.values()} == set(visits.Phase)


def act(state: str) -> list[PetitionWithdrawalAsked]:
    if state == "closed":
        raise Refused("thing.closed")
    return [PetitionWithdrawalAsked(petition=assignment.ID)] * (state == "open")


TABLE = Table("thing", {"take back": act}, {"open": "open", "idle": "idle", "closed": "closed"})
ROWS = (
    "| thing | `take back` |\n| --- | --- |\n| open | → withdrawal_asked |\n| idle | – |\n| closed | `thing.closed` |\n"
)


@pytest.mark.parametrize("old", ["", ROWS, "| of yesterday |\n"])
def test_a_table_is_written_between_its_lines_alone(old: str) -> None:
    readme = f"# A\n\n{BEGIN}{old}{END}\nB\n"
    assert states.written(readme, [TABLE]) == f"# A\n\n{BEGIN}{ROWS}{END}\nB\n"
    assert states.text([TABLE, TABLE]) == f"{ROWS}\n{ROWS}"


@pytest.mark.parametrize("readme", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_readme_without_a_place_for_tables_is_refused(readme: str) -> None:
    with pytest.raises(ValueError, match="no lines"):
        states.written(readme, [TABLE])


def test_a_readme_that_is_not_current_fails_the_check_and_is_written_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"{BEGIN}{END}")
    monkeypatch.setattr(states, "services", lambda: {readme: [TABLE]})
    for arguments, code in (["--check"], 1), ([], 0), (["--check"], 0):
        monkeypatch.setattr(sys, "argv", ["states", *arguments])
        assert states.main() == code
    assert readme.read_text() == f"{BEGIN}{ROWS}{END}"
    readme.write_text("nothing")
    assert states.main() == 1
    assert "no lines" in capsys.readouterr().err
