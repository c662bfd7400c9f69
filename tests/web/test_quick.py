"""What is answered before FastAPI is what the route of the same path would answer, to the same people."""

from pathlib import Path

import pytest

from deploy.local import keys
from tests.web.applications import SERVICES, allowed, application, guarded


@pytest.mark.parametrize("service", SERVICES)
def test_a_quick_path_is_a_route_s_for_the_same_roles(service: str, tmp_path: Path) -> None:
    keys.make_key(tmp_path)
    app = application(service, jwks=keys.public_keys(tmp_path))
    routes = {path: route for method, path, route in guarded(app, pages=False) if method == "POST"}
    for path, quick in app.state.quick.items():
        assert quick.allow.roles == allowed(routes[path])
        assert quick.status == (routes[path].status_code or 200)


def test_V1_visits_are_quick(tmp_path: Path) -> None:
    keys.make_key(tmp_path)
    assert set(application("intake", jwks=keys.public_keys(tmp_path)).state.quick) == {"/visits", "/visits/batch"}
