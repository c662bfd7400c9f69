"""deploy/README.md has every setting once: name, whose it is, default."""

from __future__ import annotations

import importlib
import json
import re
from collections import Counter
from datetime import time
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from deploy.local.processes import SERVICES
from deploy.local.state import PROJECT
from services.runtime.settings import Settings

README = (PROJECT / "deploy" / "README.md").read_text()
SECTION = README.split("## Settings")[1].split("\n## ")[0]
SAMPLE = (PROJECT / "deploy" / "env.sample").read_text()


def shown(default: Any) -> str:
    """A default as the table has it."""
    match default:
        case None | "":
            return "–"
        case SecretStr():
            return shown(default.get_secret_value())
        case bool() | tuple():
            return json.dumps(default, separators=(",", ":"))
        case float():
            return f"{default:g}"
        case Path():
            return default.name
        case time():
            return f"{default:%H:%M}"
        case Enum():
            return str(default.value)
    return str(default)


def fields() -> dict[str, tuple[str, str]]:
    """Variable, whose it is and default of every field of every Settings class."""
    kinds = {service: importlib.import_module(f"services.{service}.settings").Settings for service in sorted(SERVICES)}
    common = {name: ("all", field) for name, field in Settings.model_fields.items()}
    own: dict[str, tuple[str, Any]] = {}
    for service, kind in kinds.items():
        for name, field in kind.model_fields.items():
            if name not in common:
                own[name] = f"{own[name][0]}, {service}" if name in own else service, field
    return {f"LIANXIN_{name.upper()}": (of, shown(field.default)) for name, (of, field) in {**common, **own}.items()}


def test_the_table_has_every_setting_with_its_default_and_no_other() -> None:
    rows = re.findall(r"^\| `(LIANXIN_\w+)` \| ([a-z, ]+) \| `?([^|`]+)`? \| [^|]+ \|$", SECTION, re.MULTILINE)
    assert {name: (of, default) for name, of, default in rows} == fields()
    assert [name for name, count in Counter(name for name, _, _ in rows).items() if count > 1] == []


def test_the_table_is_the_only_one() -> None:
    """A setting that another README has in a table too would be mended in one of them."""
    others = [path for path in PROJECT.glob("services/*/README.md") if "| LIANXIN_" in path.read_text()]
    assert others == []


def test_the_sample_offers_only_what_the_section_explains() -> None:
    offered = re.findall(r"^#?(LIANXIN_\w+)=", SAMPLE, re.MULTILINE)
    assert "LIANXIN_DB_PASSWORD" in offered
    assert [name for name in offered if f"`{name}`" not in SECTION] == []


def test_compose_reads_only_what_the_section_explains() -> None:
    read = set(re.findall(r"\$\{(LIANXIN_\w+)", (PROJECT / "docker-compose.yml").read_text()))
    seal = re.compile(f"LIANXIN_SEAL_({'|'.join(SERVICES).upper()})")
    explained = {seal.sub("LIANXIN_SEAL_<SERVICE>", name) for name in read}
    assert {name for name in explained if f"`{name}`" not in SECTION} == set()
