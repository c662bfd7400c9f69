"""A visit is entered by the cadre who made it: which households, when, why, what was heard and promised (V1, V4)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated
from uuid import uuid5

from fastapi import Depends, Request, Response
from lianxin_schemas.events.visits import Promise, Purpose, VisitLogged
from lianxin_schemas.ids import CategoryCode, Day, HouseholdId, Time, Uuid
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter

from services import categories
from services.intake import visiting
from services.intake.domain.visits import LogVisit
from services.intake.queries import unraised
from services.refused import Refused
from services.web import pages
from services.web.dates import LOCAL, today
from services.web.forms import Form, Pair, blank, read
from services.web.language import _, noted, spoken
from services.web.pages import page, see_other
from services.web.principals import Allow, Principal, Role

router = pages.router()

Cadre = Annotated[Principal, Depends(Allow(Role.CADRE))]
TIME: TypeAdapter[datetime] = TypeAdapter(Time)
HOUSEHOLDS = TypeAdapter(Annotated[tuple[HouseholdId, ...], Field(min_length=1, max_length=100)])
PURPOSES: Mapping[Purpose, str] = {
    Purpose.ROUTINE: noted("A regular visit"),
    Purpose.FESTIVAL: noted("For a festival"),
    Purpose.CARE: noted("Somebody is ill, alone or in need"),
    Purpose.PETITION: noted("About a petition"),
    Purpose.POLICY: noted("To explain a policy"),
}
WORDS: Mapping[str, Pair] = {
    "day:value_error": ("日期写1949年1月2日以后、2200年以前的", "Write a day after 1 January 1949 and before 2200"),
    "households": ("写户编号，一行一户，例如 h-000123", "Write the households' numbers, one a line, like h-000123"),
    "purpose": ("选为什么去", "Choose what the visit was for"),
    "started": ("写几点到的，例如 09:30", "Write when it began, like 09:30"),
    "ended": ("写几点离开的，例如 10:15", "Write when it ended, like 10:15"),
}


def _split(typed: str) -> tuple[str, ...]:
    """Households as they were typed: one a line, or with spaces or commas between; each once."""
    return tuple(dict.fromkeys(typed.replace(",", " ").replace("，", " ").split()))


def _checked(typed: str) -> str:
    HOUSEHOLDS.validate_python(_split(typed))
    return typed


def _whole(day: date) -> date:
    """A day all of which has a `Time`; that one is reckoned in UTC, eight hours behind."""
    TIME.validate_python(datetime.combine(day, time.min, LOCAL))
    return day


def _local(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("a local time has no offset")
    return at


LocalTime = Annotated[time, AfterValidator(_local)]


class Entry(BaseModel):
    """What the form asks. Three needs and two promises have a row; what is beyond them goes in as another visit."""

    command: Uuid
    households: Annotated[str, AfterValidator(_checked)]
    day: Annotated[Day, AfterValidator(_whole)]
    started: LocalTime
    ended: LocalTime
    purpose: Purpose
    need_1: CategoryCode | None = None
    need_2: CategoryCode | None = None
    need_3: CategoryCode | None = None
    promise_1: CategoryCode | None = None
    promise_1_due: Day | None = None
    promise_2: CategoryCode | None = None
    promise_2_due: Day | None = None


@router.get("/visits/new")
async def ask(principal: Cadre, request: Request) -> Response:
    """The form."""
    return await _show(request, principal, blank(Entry, day=today().isoformat()))


@router.post("/visits/new")
async def enter(principal: Cadre, request: Request) -> Response:
    """Enters the visit."""
    form = await read(request, Entry, WORDS)
    with form:
        command = LogVisit(command=form.value.command, visit=_visit(form.value, principal.id))
        await visiting.enter(request.app.state.desk, command, principal, datetime.now(UTC))
        return see_other(f"/visits/{command.visit.visit}/needs")
    return await _show(request, principal, form)


def _visit(entry: Entry, cadre: str) -> VisitLogged:
    if entry.ended < entry.started:
        raise Refused("visit.backwards", "ended")
    promises = []
    for name in ("promise_1", "promise_2"):
        matter, due = getattr(entry, name), getattr(entry, f"{name}_due")
        if (matter is None) != (due is None):
            raise Refused("visit.promise-half", f"{name}_due" if matter else name)
        if matter:
            promises.append(Promise(matter=matter, due=due))
    return VisitLogged(
        visit=uuid5(entry.command, "visit"),
        cadre=cadre,
        households=_split(entry.households),
        started=datetime.combine(entry.day, entry.started, LOCAL),
        ended=datetime.combine(entry.day, entry.ended, LOCAL),
        purpose=entry.purpose,
        needs=tuple(need for need in (entry.need_1, entry.need_2, entry.need_3) if need),
        promises=tuple(promises),
    )


async def _show(request: Request, principal: Principal, form: Form[Entry]) -> Response:
    """The form, and above it the needs of former visits that wait to be made petitions."""
    waiting = await unraised.waiting(request.app.state.desk, principal.id, datetime.now(UTC))
    fields = [field for field in categories.children() if not categories.about_officials(field)]
    groups = [group for field in fields for group in categories.children(field)]
    matters = [(group, spoken().of(categories.name(group), categories.name_en(group))) for group in groups]
    purposes = [(purpose, _(PURPOSES[purpose])) for purpose in Purpose]
    return page(request, "visit.html", form=form, waiting=waiting, matters=matters, purposes=purposes)
