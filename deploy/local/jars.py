"""Kafka's jars: exactly those of kafka.lock, from the Maven registry, checked by sha256, kept in the cache."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from deploy.local.state import Trouble, alone

KAFKA = "4.3.0"
LOCK = Path(__file__).with_name("kafka.lock")


@dataclass(frozen=True)
class Jar:
    """One line of kafka.lock."""

    group: str
    name: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        return f"{self.name}-{self.version}.jar"


def cache_folder() -> Path:
    """Where jars are kept for all state folders of a user."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "lianxin" / f"kafka-{KAFKA}"


def jars(folder: Path | None = None) -> Path:
    """The folder with all of Kafka's jars; what is missing is fetched, with a progress bar.

    Raises Trouble when there is no network or a jar is not the one that kafka.lock names.
    """
    folder = folder or cache_folder()
    wanted = locked()
    if all((folder / jar.file).exists() for jar in wanted):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder, "fetch"):
        missing = [jar for jar in wanted if not (folder / jar.file).exists()]
        with ThreadPoolExecutor(6) as pool:
            bar = tqdm(total=len(missing), desc=f"Kafka {KAFKA} (45 MB, once)", unit="jar", disable=not missing)
            for _ in pool.map(lambda jar: fetch(jar, folder), missing):
                bar.update()
            bar.close()
    return folder


def locked() -> list[Jar]:
    """The jars that kafka.lock names."""
    return [Jar(*re.split("[: ]", line)) for line in LOCK.read_text().splitlines()]


def fetch(jar: Jar, folder: Path) -> None:
    """Puts one jar into the folder, whole and checked, or raises Trouble."""
    import requests

    with warnings.catch_warnings():
        # jgo looks for XDG_RUNTIME_DIR when imported, and warns where a login has made none.
        warnings.simplefilter("ignore")
        from jgo.maven import MavenContext

    with tempfile.TemporaryDirectory(dir=folder) as parts:
        context = MavenContext(repo_cache=Path(parts), timeout=60)
        try:
            path = context.project(jar.group, jar.name).at_version(jar.version).artifact().resolve()
        except (requests.RequestException, RuntimeError) as error:
            raise Trouble(
                f"无法下载 / Kafka's {jar.file} could not be fetched ({type(error).__name__}): "
                "check the network or the proxy settings and run this again."
            ) from None
        if hashlib.sha256(path.read_bytes()).hexdigest() != jar.sha256:
            raise Trouble(f"{jar.file} from the registry is not the file kafka.lock names: nothing was installed.")
        os.replace(path, folder / jar.file)
