"""Follow a petition over HTTP, by number and secret in the body: an address would stand in logs (U2, C8)."""

from datetime import UTC, date, datetime
from uuid import uuid4

from fastapi import APIRouter, Depends, Request

from services.intake import following
from services.intake.desk import Desk
from services.intake.domain.following import AskErasure, AskWithdrawal, Code, GiveVerdict
from services.intake.following import Followed
from services.runtime.proofs import Proof
from services.web.after import After
from services.web.principals import anyone
from services.web.receipts import Receipt
from services.web.seals import proof

router = APIRouter(prefix="/follow", tags=["follow"])


class Erasure(Receipt):
    """An erasure, and the local day at whose end it is complete."""

    complete: date


@router.post("", dependencies=[Depends(anyone)], responses={202: {}})
async def follow(code: Code, request: Request, after: After = None) -> Followed:
    """The petition as its resident sees it."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.wait(after)
    return await following.follow(desk, code, uuid4(), datetime.now(UTC))


@router.post("/proof", tags=["proofs"], dependencies=[Depends(anyone)])
async def prove(code: Code, request: Request) -> Proof:
    """That the petition's registration is in the log, to be checked without us (P3)."""
    desk: Desk = request.app.state.desk
    return await proof(request, "intake", await following.registration(desk, code, datetime.now(UTC)), whole=True)


@router.post("/withdrawal", status_code=201, dependencies=[Depends(anyone)])
async def withdraw(command: AskWithdrawal, request: Request) -> Receipt:
    """Asks for nothing any more; whether in time, the case decides."""
    return Receipt.of(await following.withdraw(request.app.state.desk, command, datetime.now(UTC)))


@router.post("/verdict", status_code=201, dependencies=[Depends(anyone)])
async def judge(command: GiveVerdict, request: Request, after: After = None) -> Receipt:
    """Says what became of it."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.before(after)
    return Receipt.of(await following.judge(desk, command, datetime.now(UTC)))


@router.post("/erasure", status_code=201, dependencies=[Depends(anyone)])
async def erase(command: AskErasure, request: Request) -> Erasure:
    """Has everything destroyed that is kept of the resident with this petition."""
    receipt, done = await following.erase(request.app.state.desk, command, datetime.now(UTC))
    kept = Receipt.of(receipt)
    return Erasure(events=kept.events, after=kept.after, complete=done.complete)
