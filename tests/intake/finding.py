"""The finder: lays records beside those who answered, in every way there is, and looks what mark the records tell."""

import base64
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from cryptography.exceptions import InvalidTag

from services.intake import ballots as sealing
from tests.intake.attack import by_luck
from tests.intake.harvest import Harvest, Row

SURE = 1e-9
"""A way that does as well by luck less often than this, all ways taken together, is a link."""


@dataclass(frozen=True)
class Voter:
    """Who answered, in the order of answering: when, with which code, and what (which the finder does not know)."""

    round: UUID
    mark: int
    code: str
    hash: bytes
    at: float


@dataclass(frozen=True)
class Told:
    """How many marks a way gave right, of how many, and how likely that is by luck."""

    hits: int
    tries: int
    luck: float


Open = Callable[[UUID, bytes], int | None]
"""The mark of a sealed answer, or None for what is none."""
Laid = Sequence[Row | None]
"""Beside each voter the record that may be theirs."""
Ways = Iterator[tuple[str, Laid]]


def opener(private: Mapping[UUID, bytes]) -> Open:
    """Opens answers with the rounds' keys."""

    def open_(round_: UUID, sealed: bytes) -> int | None:
        try:
            return sealing.unseal(private[round_], round_, sealed)
        except (KeyError, InvalidTag, ValueError):
            return None

    return open_


def find(harvest: Harvest, voters: Sequence[Voter], open_: Open) -> dict[str, Told]:
    """What each way of laying records beside voters tells. The marks of every third voter, a friend, are known."""
    piles = {name: [row | {"size": len(repr(row))} for row in rows] for name, rows in harvest.items() if rows}
    _unseal(piles, {voter.round for voter in voters}, open_)
    traced = dict(_traced(piles, voters))
    found: dict[str, Told] = {}
    for ways in (_in_order(piles, voters), traced.items(), _equal(piles, traced), _near(piles, voters, traced)):
        for way, laid in ways:
            found |= {f"{way}: {what}": told for what, told in _tell(laid, voters)}
    return found


def links(found: dict[str, Told]) -> dict[str, Told]:
    """The ways that did better than luck would."""
    return {way: told for way, told in found.items() if told.luck * len(found) < SURE}


def _unseal(piles: Harvest, rounds: Iterable[UUID], open_: Open) -> None:
    """Adds to each record the marks of the sealed answers in it: the finder has the keys."""
    rounds = list(rounds)
    for rows in piles.values():
        for row in rows:
            for column, value in list(row.items()):
                if isinstance(value, str) and re.fullmatch(r"\\x([0-9a-f]{2}){33,}", value):
                    sealed = bytes.fromhex(value[2:])
                    marks = [mark for round_ in rounds if (mark := open_(round_, sealed)) is not None]
                    row |= {f"{column}, opened": mark for mark in marks}


# Ways to lay records beside voters.


def _in_order(piles: Harvest, voters: Sequence[Voter]) -> Ways:
    """As records lie, and by each column up and down: all of a pile, those of one kind, those of each round."""
    for name, rows in piles.items():
        for part, records in _parts(rows):
            if len(records) == len(voters):
                yield from ((f"{name}, {part}, {order}", laid) for order, laid in _orders(records))
        by_round = [(own, here) for own, here in _rounds(rows, voters) if len(own) == len(here)]
        if not by_round:
            continue
        orders = [dict(_orders(here)) for _, here in by_round]
        for order in set.intersection(*(set(each) for each in orders)):
            laid: list[Row | None] = [None] * len(voters)
            for (own, _), each in zip(by_round, orders, strict=True):
                for at, row in zip(own, each[order], strict=True):
                    laid[at] = row
            yield f"{name}, by round, {order}", laid


def _parts(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    yield "whole", rows
    for column in _columns(rows):
        kinds = defaultdict(list)
        for row in rows:
            kinds[repr(row.get(column))].append(row)
        if 2 <= len(kinds) <= 12:
            yield from ((f"{column}={kind}", of) for kind, of in kinds.items())


def _rounds(rows: list[Row], voters: Sequence[Voter]) -> Iterator[tuple[list[int], list[Row]]]:
    """For each round the voters' numbers, and the records that name it."""
    for round_ in dict.fromkeys(voter.round for voter in voters):
        here = [row for row in rows if str(round_) in repr(row)]
        yield [nth for nth, voter in enumerate(voters) if voter.round == round_], here


def _orders(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    yield from (("as they lie", rows), ("backwards", rows[::-1]))
    for column in _columns(rows):
        yield f"{column} up", sorted(rows, key=lambda row: _sortable(row.get(column)))
        yield f"{column} down", sorted(rows, key=lambda row: _sortable(row.get(column)), reverse=True)


def _sortable(value: Any) -> tuple[str, Any]:
    number = isinstance(value, int | float)
    return ("number", value) if number else (type(value).__name__, value if value is not None else 0)


def _traced(piles: Harvest, voters: Sequence[Voter]) -> Ways:
    """Records that name what follows from a voter's code."""
    names = [_derived(voter) for voter in voters]
    for pile, rows in piles.items():
        texts = [repr(row) for row in rows]
        whole = "\n".join(texts)
        for way in names[0]:
            if not any(each[way] in whole for each in names):
                continue
            yield (
                f"{pile} by {way}",
                [
                    next((row for row, text in zip(rows, texts, strict=True) if each[way] in text), None)
                    for each in names
                ],
            )


def _derived(voter: Voter) -> dict[str, str]:
    """What somebody may have made of a code, by how."""
    plain = voter.code.replace("-", "")
    found = {"code": voter.code, "code without dashes": plain}
    for name, raw in (("code", voter.code.encode()), ("code without dashes", plain.encode()), ("hash", voter.hash)):
        for way, made in (("", raw), (", SHA-256", hashlib.sha256(raw).digest()), (", MD5", hashlib.md5(raw).digest())):
            found[f"{name}{way} in hex"] = made.hex()
            found[f"{name}{way} in Base64"] = base64.b64encode(made).decode().rstrip("=")
            found[f"{name}{way} as UUID"] = str(UUID(bytes=made[:16].ljust(16, b"\0")))
        found[f"{name} as UUID under the round"] = str(uuid5(voter.round, raw.hex()))
    return found | {"code as UUID of the round": str(uuid5(voter.round, voter.code))}


def _equal(piles: Harvest, traced: dict[str, Laid]) -> Ways:
    """Records that share a value with the one that names the voter's code, and with no other's."""
    for way, laid in traced.items():
        for column in _columns([row for row in laid if row]):
            values = [row.get(column) if row else None for row in laid]
            if len(set(map(repr, values))) < len(laid) / 2:
                continue
            for pile, rows in piles.items():
                for other in _columns(rows):
                    holders: dict[str, list[Row]] = defaultdict(list)
                    for row in rows:
                        holders[repr(row.get(other))].append(row)
                    matched = [found[0] if len(found := holders[repr(value)]) == 1 else None for value in values]
                    if sum(row is not None for row in matched) >= len(laid) / 4:
                        yield f"{way}, its {column} is {other} of {pile}", matched


def _near(piles: Harvest, voters: Sequence[Voter], traced: dict[str, Laid]) -> Ways:
    """Records of a round whose transaction, place or time is next to the one of the voter's code, or of the answer."""
    anchors: dict[str, list[Any]] = {"time of answering": [voter.at for voter in voters]}
    for way, laid in traced.items():
        for column in _columns([row for row in laid if row]):
            anchors[f"{way}, its {column}"] = [row.get(column) if row else None for row in laid]
    for pile, rows in piles.items():
        rounds = [(own, here) for own, here in _rounds(rows, voters) if here] or [(list(range(len(voters))), rows)]
        for column in _numbers(rows):
            for name, values in anchors.items():
                if not _comparable(name, column) or not any(isinstance(value, int | float) for value in values):
                    continue
                near: list[Row | None] = [None] * len(voters)
                for own, here in rounds:
                    _nearest(
                        near, own, values, [row for row in here if isinstance(row.get(column), int | float)], column
                    )
                yield f"{pile}, {column} next to {name}", near


def _nearest(near: list[Row | None], own: list[int], values: list[Any], left: list[Row], column: str) -> None:
    for at in own:
        if left and isinstance(value := values[at], int | float):
            near[at] = min(left, key=lambda row: abs(row[column] - value))
            left.remove(near[at])  # type: ignore[arg-type]


def _comparable(anchor: str, column: str) -> bool:
    """Moments with moments, transactions with transactions, whatever else with what has the same name."""
    moments, transactions = ("time", "moment", "stamp"), ("xmin", "xmax")
    for kind in (moments, transactions):
        if any(word in column for word in kind):
            return any(word in anchor for word in kind)
    return anchor.endswith(f"its {column}")


def _columns(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row))


def _numbers(rows: list[Row]) -> list[str]:
    return [column for column in _columns(rows) if any(isinstance(row.get(column), int | float) for row in rows)]


# What records tell.


def _tell(laid: Laid, voters: Sequence[Voter]) -> Iterator[tuple[str, Told]]:
    """What each column says of the marks: read as it stands where it is a mark, and as what it means with friends."""
    pairs = [(row, voter) for row, voter in zip(laid, voters, strict=True) if row is not None]
    for column in _columns([row for row, _ in pairs]):
        values = [row.get(column) for row, _ in pairs]
        if all(type(value) is int and 1 <= value <= 5 for value in values):
            yield column, _told(values, [voter for _, voter in pairs])
        for way, read in (("value", repr), ("length", lambda value: str(len(repr(value))))):
            yield f"{way} of {column}", _learnt([read(value) for value in values], [voter for _, voter in pairs])


def _learnt(values: list[str], voters: list[Voter]) -> Told:
    marks: dict[str, Counter[int]] = defaultdict(Counter)
    for value, voter in list(zip(values, voters, strict=True))[::3]:
        marks[value][voter.mark] += 1
    overall = sum(marks.values(), Counter[int]()).most_common(1)[0][0]
    others = [nth for nth in range(len(voters)) if nth % 3]
    guesses = [marks[values[nth]].most_common(1)[0][0] if marks[values[nth]] else overall for nth in others]
    return _told(guesses, [voters[nth] for nth in others])


def _told(guesses: Sequence[Any], voters: Sequence[Voter]) -> Told:
    hits = sum(guess == voter.mark for guess, voter in zip(guesses, voters, strict=True))
    return Told(hits, len(voters), by_luck(hits, len(voters), _chance(voters)) if voters else 1.0)


def _chance(voters: Sequence[Voter]) -> float:
    """How often whoever lays a round's marks beside its voters at random is right."""
    rounds = Counter(voter.round for voter in voters)
    of_round = Counter((voter.round, voter.mark) for voter in voters)
    return sum(count**2 / rounds[round_] for (round_, _), count in of_round.items()) / max(1, len(voters))
