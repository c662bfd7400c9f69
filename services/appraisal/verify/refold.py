"""The tables as they should be: a second, plain fold from JSON to dictionaries. It shares nothing with the first.

All events of a row are kept until the end, then sorted by version and gone through in that order.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.runtime.inbox import Message

CHINA = ZoneInfo("Asia/Shanghai")
NARROWEST = ("group", "village", "township")
CREDITED = ("case.assigned", "case.accepted", "case.decided", "case.replied", "case.reopened")
PERIODS = {
    "pairing.started": ("pairing", "household"),
    "pairing.ended": ("pairing", "household"),
    "zone.leader_set": ("leader", "zone"),
    "zone.leader_ended": ("leader", "zone"),
    "term.started": ("term", "cadre"),
    "term.ended": ("term", "cadre"),
}
HANDLED = {
    *("visit.logged", "visit.corrected", "visit.withdrawn", "case.opened", "case.limit_set", *CREDITED, *PERIODS),
    *("household.registered", "zone.drawn", "region.registered", "cadre.registered", "log.sealed", "case.withdrawn"),
    *("petition.registered", "petition.verdict_given", "ratings.released", "mark.given"),
}
NAMES = (
    *("visit", "visit_tally", "case_fact", "case_tally", "responsibility", "household", "zone", "region", "cadre"),
    *("rating", "mark_given"),
)
Table = dict[tuple[Any, ...], dict[str, Any]]
Lane = tuple[str, str, int]


def local(text: str) -> date:
    """The Chinese day of a moment."""
    return datetime.fromisoformat(text).astimezone(CHINA).date()


@dataclass
class Refold:
    """What the topics say up to some marks, leaving out the numbers and offsets set aside."""

    marks: dict[Lane, int]
    aside: set[tuple[Lane, int]]
    alone: set[tuple[str, int, int]]
    """Topic, partition and offset of what is parked outside any lane."""
    seen: Counter[Lane] = field(default_factory=Counter)
    """How many numbers of each lane were read."""
    _known: set[tuple[Lane, int]] = field(default_factory=set)
    _events: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    _recorded: dict[Lane, datetime] = field(default_factory=dict)

    def take(self, messages: Iterable[Message]) -> None:
        """Takes in messages in whatever order they come."""
        for message in messages:
            if (message.topic, message.partition, message.offset) in self.alone or message.value is None:
                continue
            try:
                body = json.loads(message.value)
            except ValueError:
                continue
            if isinstance(body, dict) and isinstance(body.get("source"), str):
                self._one((body["source"], message.topic, message.partition), body)

    def _one(self, lane: Lane, body: dict[str, Any]) -> None:
        number = body.get("lanenumber")
        if not isinstance(number, int) or number > self.marks.get(lane, 0) or (lane, number) in self._known:
            return
        self._known.add((lane, number))
        self.seen[lane] += 1
        name = str(body.get("type")).removeprefix("lianxin.").removesuffix(".v1")
        if (lane, number) in self.aside or name not in HANDLED:
            return
        recorded = datetime.fromisoformat(body["recordedtime"])
        self._recorded[lane] = max(recorded, self._recorded.get(lane, recorded))
        self._events[body["subject"]].append(body | {"name": name})

    def tables(self) -> dict[str, Table]:
        """All tables, each a dictionary from key to columns."""
        found: dict[str, Table] = {name: {} for name in NAMES}
        for subject, events in self._events.items():
            events.sort(key=lambda body: int(body["streamversion"]))
            for body in events:
                _apply(found, subject, body)
        _tally(found)
        found["progress"] = {lane: {"recorded": recorded} for lane, recorded in self._recorded.items()}
        return found


def _apply(found: dict[str, Table], subject: str, body: dict[str, Any]) -> None:
    name, data = body["name"], body["data"]
    if subject.startswith("visit-"):
        row = found["visit"].setdefault((UUID(data["visit"]),), dict.fromkeys(VISIT))
        _visit(row, name, data, body)
    elif subject.startswith(("case-", "petition-")):
        row = found["case_fact"].setdefault((UUID(data["petition"]),), dict.fromkeys(CASE))
        _case(row, name, data, body)
    elif name == "ratings.released":
        found["rating"][UUID(data["release"]),] = _given(body) | {
            "kind": data["kind"],
            "cadre": data.get("cadre"),
            "zone": data.get("zone"),
            "counts": data["counts"],
        }
    elif name == "mark.given":
        said = {"level": data["level"], "cadre": data["cadre"], "points": data["points"]}
        found["mark_given"][UUID(data["mark"]),] = _given(body) | said
    else:
        _register(found, body)


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": body["streamversion"],
        "event": UUID(body["id"]),
        "time": datetime.fromisoformat(body["time"]),
        "first": date.fromisoformat(body["data"]["first"]),
        "last": date.fromisoformat(body["data"]["last"]),
    }


def _register(found: dict[str, Table], body: dict[str, Any]) -> None:
    name, data, version = body["name"], body["data"], body["streamversion"]
    if name == "region.registered":
        row = {"version": version, "level": data["level"], "parent": data.get("parent")}
        found["region"][data["region"],] = row
    elif name == "cadre.registered":
        found["cadre"][data["cadre"],] = {"version": version, "office": data["office"], "rank": data["rank"]}
    elif name == "household.registered":
        found["household"][data["household"],] = {"version": version, "grp": data["group"]}
    elif name == "zone.drawn":
        level = NARROWEST.index(data["level"])
        row = {"version": version, "level": level, "groups": data.get("groups", []), "region": data.get("region")}
        found["zone"][data["zone"],] = row
    elif name in PERIODS:
        kind, about = PERIODS[name]
        key = (kind, data[about], data["cadre"], date.fromisoformat(data["since"]))
        until = date.fromisoformat(data["until"]) if "until" in data else None
        found["responsibility"][key] = {"version": version, "until": until}


VISIT = (
    *("entry_version", "entry_event", "entry_type", "entry_time", "entry_recorded", "cadre", "day", "households"),
    *("withdrawal_version", "withdrawal_event", "withdrawal_time", "withdrawal_recorded"),
)
CASE = (
    *("opened_version", "opened_event", "opened_time", "registered", "month", "zone", "limit_version", "limit_event"),
    *("due", "credit_version", "credit_event", "office", "cadre", "reply_version", "reply_event", "replied"),
    *("first_limit_version", "first_due", "first_reply_version", "first_replied", "reopened_version"),
    *("reopened_event", "reopened", "withdrawn_version", "withdrawn_event", "withdrawn", "petition_version"),
    *("complaint", "verdict_version", "verdict_event", "verdict_time", "solved", "satisfied"),
)


def _mark(row: dict[str, Any], part: str, body: dict[str, Any]) -> None:
    row[f"{part}_version"], row[f"{part}_event"] = body["streamversion"], UUID(body["id"])


def _visit(row: dict[str, Any], name: str, data: dict[str, Any], body: dict[str, Any]) -> None:
    part = "withdrawal" if name == "visit.withdrawn" else "entry"
    _mark(row, part, body)
    row[f"{part}_time"] = datetime.fromisoformat(body["time"])
    row[f"{part}_recorded"] = datetime.fromisoformat(body["recordedtime"])
    if part == "entry":
        row["entry_type"] = body["type"]
        row["cadre"], row["day"], row["households"] = data["cadre"], local(data["started"]), data["households"]


def _case(row: dict[str, Any], name: str, data: dict[str, Any], body: dict[str, Any]) -> None:
    if name == "case.opened":
        _mark(row, "opened", body)
        row["opened_time"] = datetime.fromisoformat(body["time"])
        row["registered"] = datetime.fromisoformat(data["registered"])
        row["month"] = local(data["registered"]).replace(day=1)
        row["zone"] = data.get("zone")
    if name == "case.limit_set" and data["step"] == "reply":
        _mark(row, "limit", body)
        row["due"] = datetime.fromisoformat(data["due"])
        if row["first_due"] is None:
            row["first_limit_version"], row["first_due"] = body["streamversion"], row["due"]
    if name in CREDITED:
        _mark(row, "credit", body)
        row["office"], row["cadre"] = data["credit"]["office"], data["credit"].get("cadre")
    if name == "case.replied":
        _mark(row, "reply", body)
        row["replied"] = datetime.fromisoformat(body["time"])
        if row["first_replied"] is None:
            row["first_reply_version"], row["first_replied"] = body["streamversion"], row["replied"]
    for kind, part in (("case.reopened", "reopened"), ("case.withdrawn", "withdrawn")):
        if name == kind:
            _mark(row, part, body)
            row[part] = datetime.fromisoformat(body["time"])
    if name == "petition.registered":
        row["petition_version"] = body["streamversion"]
        row["complaint"] = data.get("complaint", False) or data["category"].startswith("05")
    if name == "petition.verdict_given":
        _mark(row, "verdict", body)
        row["verdict_time"] = datetime.fromisoformat(body["time"])
        row["solved"], row["satisfied"] = data["solved"], data.get("satisfied")


def stands(visit: dict[str, Any]) -> bool:
    """Whether an entry counts: nothing newer took it back."""
    return visit["withdrawal_version"] is None or visit["entry_version"] > visit["withdrawal_version"]


def based(case: dict[str, Any]) -> bool:
    """Whether a case stands in the base of C9: it was not withdrawn before its limit."""
    return case["withdrawn"] is None or (case["due"] is not None and case["withdrawn"] >= case["due"])


def in_time(case: dict[str, Any]) -> bool:
    """Whether every reply that was owed came before its limit, and none is owed now."""
    owed = [(case["replied"], case["due"])]
    if case["reopened"] is not None:
        owed.append((case["first_replied"], case["first_due"]))
        if (case["reply_version"] or 0) < case["reopened_version"]:
            return False
    return based(case) and all(replied and due and replied < due for replied, due in owed)


def figures(case: dict[str, Any]) -> dict[str, int]:
    """What a case adds to each column of a tally."""
    if not based(case):
        return dict.fromkeys(FIGURES, 0)
    content = case["satisfied"] in ("satisfied", "very-satisfied")
    found = (True, in_time(case), bool(case["solved"]), case["solved"] == "solved", bool(case["satisfied"]), content)
    return {name: int(counts) for name, counts in zip(FIGURES, found, strict=True)}


FIGURES = ("registered", "in_time", "answered", "solved", "rated", "satisfied")


def _tally(found: dict[str, Table]) -> None:
    for visit in found["visit"].values():
        for household in visit["households"] or []:
            key = (household, visit["day"], visit["cadre"])
            row = found["visit_tally"].setdefault(key, {"visits": 0, "withdrawn": 0})
            row["visits" if stands(visit) else "withdrawn"] += 1
    for case in found["case_fact"].values():
        for kind in ("cadre", "zone", "office"):
            subject = case[kind] or ("" if kind == "zone" else None)
            if subject is None or case["month"] is None or not based(case):
                continue
            row = found["case_tally"].setdefault((kind, subject, case["month"]), dict.fromkeys(FIGURES, 0))
            for name, counts in figures(case).items():
                row[name] += counts
