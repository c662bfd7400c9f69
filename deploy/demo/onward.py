"""What a reader goes on with: who can sign in, a petition to follow, a code to rate by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from deploy.demo.client import Client
from deploy.demo.county import County
from deploy.demo.installation import Installation
from deploy.demo.quarter import SHANGHAI
from deploy.demo.ratings import Round

WORDS = "村口的路灯坏了两个月，晚上看不清路。（演示）"
CATEGORY = "01.02.11"


@dataclass(frozen=True)
class Onward:
    """Beside the addresses: a cadre to sign in as, number and secret of a petition, a code not used yet."""

    cadre: str
    number: str
    secret: str
    code: str


async def prepare(
    client: Client,
    stack: Installation,
    county: County,
    cadre: str,
    rounds: Sequence[Round],
    codes: Mapping[str, Sequence[str]],
) -> Onward:
    """Raises a petition as a resident does, in the zone that the cadre leads today, and names a code of the round about
    that cadre.
    """
    today = datetime.now(SHANGHAI).date()
    zone = next(led.zone for led in county.leaders if led.cadre == cadre and led.holds(today))
    body = {"command": str(uuid4()), "category": CATEGORY, "zone": zone, "told": {"words": WORDS}}
    raised = await client.open("intake", "/petitions/web", body)
    stack.people(cadre, _office(county, cadre))
    return Onward(cadre, raised["number"], raised["secret"], _code(rounds, codes, cadre))


def _office(county: County, cadre: str) -> str:
    return next(one.office for one in county.cadres if one.cadre == cadre)


def _code(rounds: Sequence[Round], codes: Mapping[str, Sequence[str]], cadre: str) -> str:
    """The last code of a round about the cadre that not everybody answered; of any round where there is none."""
    left = [one for one in rounds if len(one.answers) < one.invited]
    chosen = next((one for one in left if one.cadre == cadre), left[0])
    return codes[chosen.round][-1]
