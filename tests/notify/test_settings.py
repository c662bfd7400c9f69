"""Settings that could not work are refused at start, each with what to do."""

import pytest
from pydantic import ValidationError

from services.notify.settings import Settings


@pytest.mark.parametrize(
    ("environment", "field"),
    [
        ({"SMTP_HOST": "mail.example"}, "smtp_from"),
        ({"SMTP_USER": "notify", "SMTP_TLS": "none"}, "smtp_user"),
        ({"NOTICE_LEASE": "30"}, "notice_lease"),
        ({"NOTICE_LEASE": "120", "VAULT_TIMEOUT": "61"}, "notice_lease"),
        ({"NOTICE_RETRIES": "[0]"}, "notice_retries"),
        ({"NOTICE_RETRIES": str([1] * 100)}, "notice_retries"),
        ({"QUIET_FROM": "25:00"}, "quiet_from"),
        ({"SENDERS": "0"}, "senders"),
    ],
)
def test_what_could_not_work_is_refused_by_name(monkeypatch, environment, field):
    for name, value in environment.items():
        monkeypatch.setenv(f"LIANXIN_{name}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert {error["loc"][0] for error in refused.value.errors()} >= {field}


def test_the_password_shows_nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("LIANXIN_SMTP_PASSWORD", "planted-password")
    assert "planted" not in repr(Settings())
    assert Settings().password() == "planted-password"
    (tmp_path / "password").write_text("another\n")
    monkeypatch.setenv("LIANXIN_SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    assert Settings().password() == "another"
