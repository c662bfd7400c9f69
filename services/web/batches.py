"""Many commands in one request: each is accepted or refused by itself, in the order they were sent."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, Field, ValidationError

from services.refused import Refused
from services.web.errors import EXPECTED, Catalogue, field_errors, refusal_of
from services.web.receipts import Receipt

BODY = 4 * 1024 * 1024
"""Largest body in bytes of a batch."""
MOST = 1_000
Items = Annotated[list[Any], Field(min_length=1, max_length=MOST)]
"""What a batch holds, not looked at yet: one that cannot be read must not refuse the others."""

UNFIT: tuple[type[Exception], ...] = (ValidationError, *EXPECTED)
"""What is one item's outcome; anything else ends the request."""

T = TypeVar("T")
R = TypeVar("R")


class Outcome(BaseModel):
    """What became of one item, in the order sent: `status` as if it had been sent alone."""

    status: int
    receipt: Receipt | None = None
    error: dict[str, Any] | None = None


@dataclass(frozen=True)
class Done(Generic[R]):
    """The same for whatever an item answers."""

    status: int
    result: R | None = None
    error: dict[str, Any] | None = None


def read(items: Sequence[Any], parse: Callable[[Any], T]) -> list[T | ValidationError]:
    """The items as `parse` reads them, or why it cannot."""
    found: list[T | ValidationError] = []
    for item in items:
        try:
            found.append(parse(item))
        except ValidationError as error:
            found.append(error)
    return found


async def receipts(
    items: Sequence[T | ValidationError],
    work: Callable[[T], Awaitable[Receipt]],
    request: Request,
    response: Response,
    together: Callable[[T], Hashable] = id,
) -> list[Outcome]:
    """`each` for commands that answer with a receipt."""
    done = await each(items, work, request, response, together)
    return [Outcome(status=one.status, receipt=one.result, error=one.error) for one in done]


async def each(
    items: Sequence[T | ValidationError],
    work: Callable[[T], Awaitable[R]],
    request: Request,
    response: Response,
    together: Callable[[T], Hashable] = id,
) -> list[Done[R]]:
    """Does the work for every item that could be read, all at once; those that have one `together` in their order.

    What the work refuses is that item's outcome; anything else it raises ends the request.
    """
    outcomes: list[Done[R] | None] = [None] * len(items)
    groups: dict[Hashable, list[int]] = {}
    for number, item in enumerate(items):
        groups.setdefault(item if isinstance(item, ValidationError) else together(item), []).append(number)

    async def one_after_the_other(numbers: Sequence[int]) -> None:
        for number in numbers:
            outcomes[number] = await _one(items[number], work, request)

    await asyncio.gather(*map(one_after_the_other, groups.values()))
    done = [outcome for outcome in outcomes if outcome]
    advise(done, response)
    return done


def busy(outcomes: Iterable[Done[R] | Outcome]) -> bool:
    """Whether some of it is to be sent again."""
    return any(outcome.status == 503 for outcome in outcomes)


def advise(outcomes: Iterable[Done[R] | Outcome], response: Response) -> None:
    """Says when to send again what found everything busy."""
    if busy(outcomes):
        response.headers["Retry-After"] = "2"


async def begun(
    items: Sequence[T | ValidationError], begin: Callable[[T], Awaitable[Receipt]], catalogue: Catalogue
) -> list[Outcome]:
    """`receipts` for work that is under way as soon as it is called: it is begun for all, then waited for, with no task
    for any.
    """
    work = [_begin(item, begin) for item in items]
    return [await _outcome(each, catalogue) for each in work]


def _begin(item: T | ValidationError, begin: Callable[[T], Awaitable[Receipt]]) -> Awaitable[Receipt] | Exception:
    if isinstance(item, ValidationError):
        return item
    try:
        return begin(item)
    except EXPECTED as error:
        return error


async def _outcome(work: Awaitable[Receipt] | Exception, catalogue: Catalogue) -> Outcome:
    try:
        if isinstance(work, Exception):
            raise work
        return Outcome(status=201, receipt=await work)
    except UNFIT as error:
        status, body = _refused(error, catalogue)
        return Outcome(status=status, error=body)


async def _one(item: T | ValidationError, work: Callable[[T], Awaitable[R]], request: Request) -> Done[R]:
    try:
        if isinstance(item, ValidationError):
            raise item
        return Done(201, await work(item))
    except UNFIT as error:
        status, body = _refused(error, request.app.state.catalogue)
        return Done(status, error=body)


def _refused(error: Exception, catalogue: Catalogue) -> tuple[int, dict[str, Any]]:
    if isinstance(error, ValidationError):
        fields = field_errors(error)
        return catalogue.body(Refused("body.invalid", count=len(fields)), fields=fields)
    return catalogue.body(refusal_of(error))
