"""Petitions about officials: none of those named handles such a case, or learns from the system that there is one."""

from dataclasses import dataclass

from services.refused import Refused


@dataclass(frozen=True)
class Complaint:
    """What is known of whom a petition is about. `awaited`: it is about officials, and their names have not come yet.

    A petition that is about no official has neither.
    """

    about: frozenset[str] = frozenset()
    awaited: bool = False

    def hides_from(self, id_: str, *, assigns: bool = False) -> bool:
        """Whether there is no such case to whoever has this id, in any role. While names are awaited there is none to
        anybody, but for whoever `assigns`.
        """
        return id_ in self.about or (self.awaited and not assigns)

    def check(self, cadre: str | None) -> None:
        """Refuses an assignment to a cadre whom the petition is about, or may be about."""
        if cadre is None:
            return
        if self.awaited:
            raise Refused("case.complaint-not-here", "cadre")
        if cadre in self.about:
            raise Refused("case.complained-about", "cadre")
