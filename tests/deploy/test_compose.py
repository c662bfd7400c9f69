"""docker-compose.yml without Docker: what its commands need is there in the order of the README, settings reach every
process, each page has its way through the proxy, and a failure shows.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from fastapi.routing import iter_route_contexts

from deploy.local import __main__ as local
from deploy.local import keys
from deploy.local.processes import LIANXIN
from deploy.local.state import PROJECT
from services.web.pages import PageRoute
from tests.web.applications import SERVICES, application

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
OWN = {name: each for name, each in COMPOSE["services"].items() if each.get("image") == "lianxin"}


def test_the_verb_keys_makes_every_file_that_compose_mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANXIN_STATE", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["deploy.local", "keys"])
    assert local.main() == 0
    sources = [each["file"] for each in COMPOSE["secrets"].values()]
    sources += [volume["source"] for each in OWN.values() for volume in each["volumes"]]
    mounted = {re.fullmatch(r"\$\{\w+:-\./\.local/(.+)\}", source)[1] for source in sources}  # type: ignore[index]
    assert {"keys/notify.token", "keys/seal-intake.key", "keys/jwks.json"} < mounted
    assert [name for name in sorted(mounted) if not (tmp_path / name).exists()] == []


def test_containers_run_as_whoever_made_the_keys_for_nobody_else_can_read_them() -> None:
    assert {each["user"] for each in OWN.values()} == {
        "${LIANXIN_USER:?set LIANXIN_USER to what `id -u` says}:${LIANXIN_USER}"
    }
    assert "\nLIANXIN_USER=\n" in (PROJECT / "deploy" / "env.sample").read_text()


def test_every_process_of_the_list_runs_in_a_container() -> None:
    listed = {each.name for each in LIANXIN.programs} - {"issuer"}
    assert set(OWN) - {"prepare", "intake-ratings"} == listed


def test_every_process_is_given_all_of_the_settings_file() -> None:
    assert {each["env_file"] for each in OWN.values()} == {".env"}


def test_what_containers_decide_hides_no_setting_that_the_sample_offers() -> None:
    """What stands under `environment` wins over the file: only `${NAME…}` lets a name of the file through."""
    offered = set(re.findall(r"^#?(LIANXIN_\w+)=", (PROJECT / "deploy" / "env.sample").read_text(), re.MULTILINE))
    decided = {name: value for each in OWN.values() for name, value in each["environment"].items()}
    assert {name for name in offered & decided.keys() if not decided[name].startswith(f"${{{name}:-")} == set()


@pytest.mark.parametrize("fails", ["close", "release"])
def test_g2_a_failed_end_of_ratings_ends_the_container_at_once_with_its_exit_code(fails: str, tmp_path: Path) -> None:
    ratings = OWN["intake-ratings"]
    [script] = ratings["command"]
    (tmp_path / "python").write_text(f'#!/bin/sh\necho "$4"\n[ "$4" != {fails} ] || exit 3\n')
    (tmp_path / "sleep").write_text("#!/bin/sh\necho slept\nexit 99\n")
    for stub in tmp_path.iterdir():
        stub.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    shell = [*ratings["entrypoint"], script]
    ran = subprocess.run(shell, check=False, env=environment, capture_output=True, text=True, timeout=10)
    assert ran.returncode == 3
    assert "slept" not in ran.stdout
    assert ratings["restart"] == "unless-stopped"


def routed(path: str) -> str:
    """Which service the proxy asks for a path: the first matcher that fits, `handle` without one last."""
    text = (PROJECT / "deploy" / "Caddyfile").read_text()
    matchers: dict[str, list[str]] = {
        f"@{name}": paths.split() for name, paths in re.findall(r"^\t@(\w+) path (.+)$", text, re.MULTILINE)
    }
    handles = re.findall(r"^\thandle(?:_path)? (?:(\S+) )?\{\n\t\treverse_proxy (\w+)-api:8000\n", text, re.MULTILINE)
    for matcher, service in sorted(handles, key=lambda each: not each[0]):
        patterns = matchers.get(matcher, [matcher])
        if not matcher or any(_fits(path, pattern) for pattern in patterns):
            return str(service)
    return ""


def _fits(path: str, pattern: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


@pytest.mark.parametrize("service", SERVICES)
def test_every_page_of_a_service_has_its_way_through_the_proxy(service: str, tmp_path: Path) -> None:
    app = application(service, jwks=keys.make_key(tmp_path), seal_keys=keys.make_seal_keys(tmp_path, SERVICES))
    pages = [
        str(route.path) for route in iter_route_contexts(app.routes) if isinstance(route.original_route, PageRoute)
    ]
    assert f"{app.state.pages.prefix}/static/{{name}}" in pages
    assert [path for path in pages if routed(path) != service] == []


@pytest.mark.parametrize("service", SERVICES)
def test_programs_find_each_service_below_api(service: str) -> None:
    assert routed(f"/api/{service}/readyz") == service


def test_only_the_proxy_is_open_to_the_host() -> None:
    assert [name for name, each in COMPOSE["services"].items() if "ports" in each] == ["proxy"]
