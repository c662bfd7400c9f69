"""What intake decides of ratings: rounds, codes, answers, what may leave of them, marks from above (G1, G2)."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lianxin_schemas.events.ratings import MarkGiven, MarkLevel, RatingKind, RatingsReleased, RoundClosed, RoundOpened
from pydantic import ValidationError

from services.intake.domain import ballots, codes, marks, rounds
from services.intake.domain.ballots import Answer, Found, Outcome, Round
from services.intake.domain.marks import GiveMark, give_mark
from services.intake.domain.rounds import OpenRound, close_round, fold, open_round
from services.refused import Refused
from tests.intake.ratings import DAY, NOON, TODAY, a_round

OPENED = a_round(round=UUID(int=1))
AFTER = OPENED.closes + DAY
KEY = bytes(range(32))


def refusal(decide: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        decide()
    return refused.value.code


def asked(**fields: Any) -> OpenRound:
    return OpenRound(command=UUID(int=9), round=RoundOpened(**(OPENED.model_dump() | fields)))


def closed(**fields: Any) -> RoundClosed:
    return RoundClosed(**OPENED.model_dump(exclude={"closes"}), **fields)


def test_g1_when_a_round_is_opened_then_it_is_on_record_with_whom_it_credits() -> None:
    [event] = open_round(asked(), TODAY)
    assert (event, type(event)) == (OPENED, RoundOpened)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"last": OPENED.first - DAY}, "period.backwards"),
        ({"closes": TODAY - DAY}, "round.closes-past"),
        ({"zone": None}, "round.zone-missing"),
        ({"invited": 1_001}, "round.too-many"),
    ],
)
def test_g1_a_round_that_cannot_be_is_refused(fields: dict[str, Any], code: str) -> None:
    assert refusal(lambda: open_round(asked(**fields), TODAY)) == code


@pytest.mark.parametrize(
    "fields",
    [{"closes": TODAY}, {"invited": 1_000}, {"invited": 5}, {"last": OPENED.first}, {"kind": "reverse", "zone": None}],
)
def test_g1_a_round_at_the_edge_is_opened(fields: dict[str, Any]) -> None:
    assert len(open_round(asked(**fields), TODAY)) == 1


def test_g2_fewer_than_five_are_not_asked() -> None:
    with pytest.raises(ValidationError):
        asked(invited=4)


@pytest.mark.parametrize(
    ("released", "waiting", "answered"), [(0, 0, None), (0, 4, None), (0, 5, 5), (5, 4, 5), (5, 5, 10), (9, 0, 9)]
)
def test_g2_a_closed_round_counts_what_leaves_under_its_name_and_no_rest(
    released: int, waiting: int, answered: int | None
) -> None:
    assert close_round(fold([OPENED]), AFTER, released, waiting) == [closed(answered=answered)]


def test_g1_a_round_is_closed_once_and_after_its_last_day() -> None:
    assert refusal(lambda: close_round(fold([]), AFTER, 0, 0)) == "round.not-found"
    assert refusal(lambda: close_round(fold([OPENED]), OPENED.closes, 0, 0)) == "round.still-open"
    assert refusal(lambda: close_round(fold([OPENED, closed()]), AFTER, 0, 0)) == "round.closed"


def test_the_fold_of_a_round_knows_no_other_events() -> None:
    with pytest.raises(AssertionError, match="no event of a round"):
        fold([MarkGiven(mark=UUID(int=1), level="county", cadre="c-1", first=TODAY, last=TODAY, points=1)])


def test_g2_codes_are_unlike_each_other_follow_from_the_key_and_can_be_read_aloud() -> None:
    made = codes.of_round(KEY, OPENED.round, 1_000)
    assert len(set(made)) == 1_000
    assert made == codes.of_round(KEY, OPENED.round, 1_000)
    assert made[:14] == codes.of_round(KEY, OPENED.round, 14)
    assert set("".join(made)) == {*codes.ALPHABET, "-"}
    assert {len(part) for code in made for part in code.split("-")} == {4}
    others = {*codes.of_round(bytes(32), OPENED.round, 1_000), *codes.of_round(KEY, UUID(int=2), 1_000)}
    assert not others & set(made)
    assert len({codes.hashed(KEY, code) for code in made}) == 1_000
    assert codes.hashed(KEY, made[0]) != codes.hashed(bytes(32), made[0])


def test_g2_a_code_is_read_however_it_is_spelt() -> None:
    as_printed = codes.hashed(KEY, "01AB-2XPA-9TDR")
    assert as_printed is not None
    for spelt in ("01ab2xpa9tdr", " oiab-2xpa 9tdr", "OLAB-2XPA-9TDR", "０１ａｂ－２ＸＰＡ—9TDR"):
        assert codes.hashed(KEY, spelt) == as_printed
    for none in ("", "01AB-2XPA-9TD", "01AB-2XPA-9TDRR", "U1AB-2XPA-9TDR", "ß1AB-2XPA-9TDR", "〇1AB-2XPA-9TDR"):
        assert codes.hashed(KEY, none) is None


def test_g2_who_guesses_has_to_wait_and_nobody_else() -> None:
    guesses = codes.Guesses()
    for _ in range(guesses.MOST):
        assert not guesses.too_many("a", NOON)
        guesses.wrong("a", NOON)
    assert guesses.too_many("a", NOON)
    assert not guesses.too_many("b", NOON)
    later = NOON + guesses.PAUSE
    assert guesses.too_many("a", later - timedelta(seconds=1))
    assert not guesses.too_many("a", later)
    guesses.wrong("a", later)
    assert not guesses.too_many("a", later)


FOUND = Found(**OPENED.model_dump(exclude={"region", "invited"}), open=True, spent=False)


@pytest.mark.parametrize(
    ("found", "cadre", "then"),
    [
        (FOUND, None, Outcome.COUNTED),
        (FOUND, "c-0002", Outcome.COUNTED),
        (replace(FOUND, spent=True), None, Outcome.ALREADY),
        (FOUND, "c-0001", "rating.own"),
        (replace(FOUND, spent=True), "c-0001", "rating.own"),
        (None, None, "rating.unknown"),
        (replace(FOUND, open=False), None, "rating.unknown"),
        (replace(FOUND, closes=TODAY), None, Outcome.COUNTED),
        (replace(FOUND, closes=TODAY - DAY), None, "rating.unknown"),
    ],
)
def test_g2_a_code_counts_once_while_its_round_is_open_and_never_for_whom_it_is_about(
    found: Found | None, cadre: str | None, then: str
) -> None:
    if isinstance(then, Outcome):
        assert ballots.good(found, cadre, TODAY).spent is (then is Outcome.ALREADY)
    else:
        assert refusal(lambda: ballots.good(found, cadre, TODAY)) == then


@pytest.mark.parametrize("spoilt", [{"mark": 0}, {"mark": 6}, {"code": "0" * 41}, {"authid": "c-1"}, {"time": "now"}])
def test_g2_an_answer_is_a_code_and_a_mark_and_nothing_else(spoilt: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Answer(**({"code": "0", "mark": 1} | spoilt))


def as_row(event: RoundOpened, **fields: Any) -> Round:
    return Round(**event.model_dump(exclude={"invited", "closes"}), **({"phase": "open"} | fields))


ROUND = as_row(OPENED)


@pytest.mark.parametrize(
    ("round_", "waiting", "may"),
    [
        (ROUND, 4, False),
        (ROUND, 5, True),
        (replace(ROUND, released_on=TODAY - DAY), 5, True),
        (replace(ROUND, released_on=TODAY), 50, False),
        (replace(ROUND, phase="stopped"), 50, False),
        (replace(ROUND, phase="closed", released_on=TODAY), 5, True),
        (replace(ROUND, phase="closed"), 4, False),
    ],
)
def test_g2_five_and_once_a_day_may_leave(round_: Round, waiting: int, may: bool) -> None:
    assert ballots.may_release(round_, waiting, TODAY) is may


def test_g2_what_leaves_is_a_sum_with_whom_it_credits() -> None:
    sum_ = ballots.release(ROUND, [1, 5, 5, 4, 5])
    assert (sum_.round, sum_.cadre, sum_.zone, sum_.answers) == (ROUND.round, "c-0001", "z-01", 5)
    assert sum_.counts == (1, 0, 0, 1, 3)
    assert ballots.release(replace(ROUND, released=5), [1] * 5).release != sum_.release


def test_g2_rests_are_merged_to_the_region_without_a_name_or_withheld() -> None:
    one, two = as_row(a_round(zone="z-01")), as_row(a_round(zone="z-02", cadre="c-0002"))
    merged = ballots.merge([one, two], {one.round: [1, 2], two.round: [2, 3, 5]})
    assert merged is not None
    assert (merged.round, merged.cadre, merged.zone, merged.region) == (None, None, None, "530827")
    assert (merged.answers, merged.counts) == (5, (1, 2, 1, 0, 1))
    assert ballots.merge([one, two], {one.round: [1, 2], two.round: [2, 3]}) is None
    assert ballots.merge([one, two], {one.round: [], two.round: [1, 2, 3, 4]}) is None
    nowhere = replace(one, region=None)
    assert ballots.merge([nowhere], {nowhere.round: [1]}) is None
    with pytest.raises(AssertionError):
        ballots.merge([one, two], {one.round: [1, 1, 1, 1, 1], two.round: [2]})
    with pytest.raises(AssertionError):
        ballots.merge([one, replace(two, kind=RatingKind.REVERSE)], {one.round: [1, 2], two.round: [2, 3, 5]})


# Any rounds, answered in any order: no figure and no difference of figures is of fewer than five.

Voter = tuple[UUID, int]


class Played:
    """Rounds of one region and period that are answered, released day by day, closed and ended, as the job does it."""

    def __init__(self, count: int) -> None:
        self.rounds = {event.round: as_row(event) for event in (a_round(round=UUID(int=n)) for n in range(count))}
        self.waiting: dict[UUID, list[Voter]] = {round_: [] for round_ in self.rounds}
        self.sums: list[tuple[RatingsReleased, frozenset[Voter]]] = []
        self.answered: dict[UUID, int | None] = {}
        self.given: list[Voter] = []

    def answer(self, round_: UUID) -> None:
        voter = (round_, len(self.given))
        self.given.append(voter)
        self.waiting[round_].append(voter)

    def release(self, day: int) -> None:
        for id_, round_ in self.rounds.items():
            left = self.waiting[id_]
            if ballots.may_release(round_, len(left), TODAY + day * DAY):
                self.sums.append((ballots.release(round_, [mark(voter) for voter in left]), frozenset(left)))
                self.rounds[id_] = replace(round_, released=round_.released + len(left), released_on=TODAY + day * DAY)
                self.waiting[id_] = []

    def end(self) -> None:
        for id_, round_ in self.rounds.items():
            opened = a_round(round=id_)
            [event] = close_round(fold([opened]), opened.closes + DAY, round_.released, len(self.waiting[id_]))
            assert isinstance(event, RoundClosed)
            self.answered[id_] = event.answered
            self.rounds[id_] = replace(round_, phase="closed")
        self.release(11)
        rests = {id_: [mark(voter) for voter in left] for id_, left in self.waiting.items()}
        if sum_ := ballots.merge(list(self.rounds.values()), rests):
            self.sums.append((sum_, frozenset(voter for left in self.waiting.values() for voter in left)))


def mark(voter: Voter) -> int:
    return voter[1] % 5 + 1


@st.composite
def played(draw: st.DrawFn) -> Played:
    found = Played(draw(st.integers(1, 4)))
    ids = list(found.rounds)
    for day, steps in enumerate(draw(st.lists(st.lists(st.integers(0, len(ids) - 1), max_size=12), max_size=6))):
        for nth in steps:
            found.answer(ids[nth])
        found.release(day)
    found.end()
    return found


@settings(max_examples=300, deadline=None)
@given(played())
def test_g2_sums_are_of_five_and_up_have_no_answer_in_common_and_lose_only_what_is_withheld(found: Played) -> None:
    voters = [voter for _, of in found.sums for voter in of]
    assert len(voters) == len(set(voters)), "an answer is in two sums"
    for sum_, of in found.sums:
        assert sum_.answers == len(of) >= 5
        assert sum_.counts == tuple(sum(mark(voter) == m for voter in of) for m in range(1, 6))
        assert sum_.cadre is not None or len({voter[0] for voter in of}) >= 2
    assert len({sum_.release for sum_, _ in found.sums}) == len(found.sums)
    assert len(found.given) - len(voters) < 5, "more is withheld than could not leave"


@settings(max_examples=100, deadline=None)
@given(played())
def test_g2_no_sum_or_difference_of_figures_is_of_one_to_four_people(found: Played) -> None:
    figures = [of for _, of in found.sums]
    for id_, answered in found.answered.items():
        # The number in round.closed is a figure as well: of exactly those whose sums left under the round's name.
        own = [of for sum_, of in found.sums if sum_.round == id_]
        assert (answered or 0) == sum(map(len, own))
        if answered is not None:
            figures.append(frozenset(voter for of in own for voter in of))
    for signs in itertools.product((-1, 0, 1), repeat=min(len(figures), 7)):
        total: dict[Voter, int] = {}
        for sign, of in zip(signs, figures, strict=False):
            for voter in of:
                total[voter] = total.get(voter, 0) + sign
        left = {voter for voter, weight in total.items() if weight}
        assert not left or len(left) >= 5, (signs, left)


MARK = GiveMark(
    command=UUID(int=9), level=MarkLevel.COUNTY, cadre="c-0001", first=OPENED.first, last=OPENED.last, points=80
)


def test_g1_a_later_mark_of_the_same_level_cadre_and_period_replaces_the_first() -> None:
    [first] = give_mark(None, MARK)
    [second] = give_mark(marks.fold([first]), MARK.model_copy(update={"points": 70}))
    assert (first.stream, second.stream) == (f"mark-{MARK.mark}", f"mark-{MARK.mark}")
    assert marks.fold([first, second]) == second
    for other in ({"level": MarkLevel.PROVINCE}, {"cadre": "c-0002"}, {"first": TODAY}, {"last": TODAY}):
        assert MARK.model_copy(update=other).mark != MARK.mark
    assert refusal(lambda: give_mark(marks.fold([first]), MARK)) == "mark.unchanged"
    backwards = MARK.model_copy(update={"last": OPENED.first - DAY})
    assert refusal(lambda: give_mark(None, backwards)) == "period.backwards"


@pytest.mark.parametrize("points", [-1, 101])
def test_g1_a_mark_is_from_0_to_100(points: int) -> None:
    with pytest.raises(ValidationError):
        GiveMark(**(MARK.model_dump() | {"points": points}))


def test_rounds_are_counted_in_local_days() -> None:
    assert rounds.local_day(NOON) == TODAY
    assert rounds.local_day(NOON + timedelta(hours=12)) == TODAY + DAY
