"""What comes in is limited, and a database that is away is said so (rule 12)."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local import keys
from services.intake.api.app import application
from services.intake.settings import Settings
from tests.intake.asking import log_visit, register
from tests.web.serving import Client, serving

MIB = 1024 * 1024


def post(api: Client, settings: Settings, path: str, size: int, content_type: str = "application/json") -> tuple:
    token = keys.sign(settings.jwks.parent, "importer", ["import"])
    headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
    answer = api.ask("POST", path, content=b'"' + b"a" * (size - 2) + b'"', headers=headers)
    assert answer.json()["zh"]
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(("path", "limit"), [("/visits", MIB), ("/petitions", MIB), ("/visits/batch", 4 * MIB)])
def test_a_body_beyond_the_limit_is_413_and_one_at_the_limit_is_read(
    api: Client, settings: Settings, path: str, limit: int
) -> None:
    assert post(api, settings, path, limit) == (422, "body.invalid")
    assert post(api, settings, path, limit + 1) == (413, "body.too-large")


def test_what_is_not_json_is_422_with_a_code_for_the_place(api: Client, settings: Settings) -> None:
    token = keys.sign(settings.jwks.parent, "importer", ["import"])
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = api.ask("POST", "/visits", content=b'{"command":', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "body.invalid")
    assert answer.json()["fields"][0]["code"] == "field.json-invalid"
    assert post(api, settings, "/visits", 10, "text/plain")[0] == 422
    assert answer.headers["content-type"] == "application/json"


def test_an_address_or_a_method_there_is_not_has_its_words(api: Client) -> None:
    for method, path, status, code in (
        ("GET", "/nowhere", 404, "http.not-found"),
        ("PUT", "/visits", 405, "http.method"),
    ):
        answer = api.call(method, path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """intake with no database."""
    folder: Path = tmp_path_factory.mktemp("keys")
    away = f"postgresql://nobody@/?host={folder}"
    own = Settings(jwks=keys.make_key(folder), postgres=away, kafka="127.0.0.1:1")
    with serving(application(own), folder) as client:
        yield client


@pytest.mark.parametrize("what", ["enter", "register", "withdraw", "show", "batch"])
def test_rule_12_while_the_database_is_away_every_route_says_503_and_to_come_again(cut_off: Client, what: str) -> None:
    visit = f"/visits/{uuid4()}"
    answer = {
        "enter": lambda: cut_off.call("POST", "/visits", log_visit()),
        "register": lambda: cut_off.call("POST", "/petitions", register()),
        "withdraw": lambda: cut_off.call(
            "POST", f"{visit}/withdrawal", {"command": str(uuid4()), "reason": "entered-twice"}
        ),
        "show": lambda: cut_off.call("GET", visit),
        "batch": lambda: cut_off.call("POST", "/visits/batch", {"visits": [log_visit()]}),
    }[what]()
    assert answer.headers["Retry-After"] == "2"
    if what == "batch":
        assert [(o["status"], o["error"]["code"]) for o in answer.json()] == [(503, "service.away")]
    else:
        assert (answer.status_code, answer.json()["code"]) == (503, "service.away")


def test_rule_12_why_the_log_cannot_be_written_is_logged_and_not_told_to_everybody(
    cut_off: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a write that failed for a reason that names the server."""
    assert cut_off.call("POST", "/visits", log_visit()).status_code == 503
    reasons = cut_off.ask("GET", "/readyz").json()["reasons"]
    assert set(reasons) == {"the database is away", "the log cannot be written"}
    said = [record.getMessage() for record in caplog.records if record.name == "services.runtime.gather"]
    assert "PGSQL" in said[0], "the socket that nobody listens on"


def test_rule_12_it_lives_and_is_not_ready(cut_off: Client) -> None:
    assert cut_off.ask("GET", "/livez").status_code == 200
    ready = cut_off.ask("GET", "/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert "the database is away" in ready.json()["reasons"][0]
