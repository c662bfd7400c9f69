"""What the command compares with: the right revision, and never silently none."""

import shutil
import subprocess
from pathlib import Path

import pytest
from lianxin_schemas.compat import default_base, main

OLD = {
    "json/thing.done.v1.json": '{"type": "object", "properties": {"days": {"type": "integer"}}}',
    "examples/thing.done/v1/first.json": '{"id":1}\n',
}
BROKEN = {path: text for path, text in OLD.items() if not path.startswith("examples/")}


class Repository:
    """A git repository whose folder `schemas/` holds a small contract."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "schemas"
        self.root.mkdir()
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(self.folder), *who, *arguments], check=True, capture_output=True)

    def commit(self, contract: dict[str, str]) -> None:
        self.lay(contract)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "x")

    def lay(self, contract: dict[str, str]) -> None:
        shutil.rmtree(self.root)
        self.root.mkdir()
        for name, text in contract.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_bytes(text.encode())


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    # Inside a git hook these would lead git to the hook's own repository.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    return Repository(tmp_path)


def test_without_any_commit_there_is_nothing_to_compare_with(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.lay(OLD)

    assert main([], root=repository.root) == 0
    assert "no earlier revision" in capsys.readouterr().out


def test_before_the_contract_was_there_nothing_can_break(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit({})
    repository.commit(OLD)

    assert main([], root=repository.root) == 0
    assert "has no contract" in capsys.readouterr().out


def test_on_main_the_parent_of_head_counts(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.commit(OLD)
    repository.commit(BROKEN)

    assert main([], root=repository.root) == 1
    assert "examples/thing.done/v1/first.json was deleted" in capsys.readouterr().err


def test_on_a_branch_the_place_where_it_left_main_counts(repository: Repository) -> None:
    # Given a branch whose break lies two commits back
    repository.commit(OLD)
    repository.git("switch", "--quiet", "--create", "work")
    repository.commit(BROKEN)
    repository.commit(BROKEN)

    # Then it is seen from where the branch began, not from the commit before
    assert main([], root=repository.root) == 1


def test_on_a_branch_without_commits_the_files_on_disk_are_compared(repository: Repository) -> None:
    repository.commit(OLD)
    repository.git("switch", "--quiet", "--create", "work")
    assert main([], root=repository.root) == 0

    repository.lay(BROKEN)

    assert main([], root=repository.root) == 1


def test_a_detached_main_is_not_compared_with_itself(repository: Repository) -> None:
    repository.commit(OLD)
    repository.commit(BROKEN)
    repository.git("checkout", "--quiet", "--detach")

    assert main([], root=repository.root) == 1


def test_the_base_can_be_named(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.commit(OLD)
    repository.commit(BROKEN)
    repository.commit(BROKEN)

    assert main([], root=repository.root) == 0
    assert main(["--base", "HEAD~2"], root=repository.root) == 1
    assert "compatible with" in capsys.readouterr().out


def test_a_base_that_is_not_there_is_an_error_not_a_pass(repository: Repository) -> None:
    repository.commit(OLD)

    with pytest.raises(SystemExit) as exit_:
        main(["--base", "nowhere"], root=repository.root)

    assert exit_.value.code == 2


def test_a_folder_out_of_git_is_an_error_not_a_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.delenv("GIT_DIR", raising=False)

    with pytest.raises(SystemExit) as exit_:
        main([], root=tmp_path)

    assert exit_.value.code == 2
    assert default_base(tmp_path) is None
