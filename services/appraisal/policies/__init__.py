"""The policies as data, one file for each version, and the one place that reads them."""

from pathlib import Path

from services.appraisal.domain.policy import Policy, WrongPolicy, parse


def read(folder: Path) -> tuple[Policy, ...]:
    """All policies of a folder. Raises WrongPolicy, naming the file, or when the folder holds none."""
    policies = []
    for file in sorted(folder.glob("*.json")):
        try:
            policies.append(parse(file.read_text(encoding="utf-8")))
        except WrongPolicy as error:
            raise WrongPolicy(f"{file.name}: {error}") from error
    if not policies:
        raise WrongPolicy(f"there is no policy in {folder}")
    return tuple(policies)
