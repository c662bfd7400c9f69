"""Kafka Streams, where there are a compiler and Maven: `Tally.java` beside this file."""

import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from deploy.local.state import state_folder

HERE = Path(__file__).parent
METHOD = (
    "Kafka Streams 4.3 on the machine's Java, exactly_once_v2, 2 threads, RocksDB, cache 64 MB, commit every second,"
    " lz4; rows in batches of 1,000. Exactly once within Kafka; rows are written again after a crash, to the same end"
)
SOCKET = "org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg"


def missing() -> str:
    """What there would have to be and is not; empty when all is there."""
    return ", ".join(name for name in ("javac", "mvn", "java") if not shutil.which(name))


def build() -> str:
    """Fetches and compiles once; answers with the class path. Raises CalledProcessError."""
    folder = state_folder() / "bench-streams"
    if not (folder / "jars").exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / "jars.part"
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={part}"]
        subprocess.run(["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), *goal], check=True)
        part.rename(folder / "jars")
    classpath = f"{folder}/jars/*"
    subprocess.run(["javac", "-cp", classpath, "-d", str(folder / "classes"), str(HERE / "Tally.java")], check=True)
    return f"{folder}/classes:{classpath}"


def command(classpath: str, broker: str, topic: str, group: str, info: str, folder: Path) -> list[str]:
    """How a worker is run on a database; its state is in a folder that nobody else uses."""
    said = conninfo_to_dict(info)
    jdbc = f"jdbc:postgresql://localhost/{said['dbname']}?socketFactory={SOCKET}"
    jdbc += f"&socketFactoryArg={said['host']}/.s.PGSQL.5432&reWriteBatchedInserts=true"
    return ["java", "-Xmx1g", "-cp", classpath, "Tally", broker, topic, group, jdbc, str(folder)]
