"""Where a made-up county lies: its regions, and the responsibility zones drawn over its groups (R1, Z1). Pure."""

from collections import Counter
from dataclasses import dataclass

from deploy.demo import regions
from deploy.demo.regions import Region
from deploy.demo.size import Size


@dataclass(frozen=True)
class Zone:
    """A zone and the codes of its groups. `village` is the place of its village, for those below a township."""

    zone: str
    level: str
    region: str
    groups: tuple[str, ...]
    township: str
    village: str = ""


@dataclass(frozen=True)
class Village:
    """A village: its id within the county (`t1-v1`), its region, its township's id, its groups."""

    village: str
    region: Region
    township: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Places:
    """All regions from the prefecture down, the villages, and the zones."""

    regions: tuple[Region, ...]
    villages: tuple[Village, ...]
    zones: tuple[Zone, ...]


def make(size: Size) -> Places:
    """Townships, villages and groups dealt out evenly. Every group lies in exactly one zone.

    A township's zone has one group, beside its seat; so has a village's; the zones of groups share out the rest.
    """
    townships = [regions.township(number) for number in range(1, size.townships + 1)]
    villages: list[Village] = []
    below: list[Region] = []
    ordinals: Counter[int] = Counter()
    for number, count in enumerate(_dealt(size.groups, size.villages)):
        seat = number % size.townships
        ordinals[seat] += 1
        region = regions.village(townships[seat], ordinals[seat])
        groups = [regions.group(region, each) for each in range(1, count + 1)]
        below += [region, *groups]
        name = f"t{seat + 1}-v{ordinals[seat]}"
        villages.append(Village(name, region, f"t{seat + 1}", tuple(each.code for each in groups)))
    zones = _zones(size, townships, villages)
    return Places((*regions.TOP, *townships, *sorted(below, key=lambda each: each.code)), tuple(villages), zones)


def _zones(size: Size, townships: list[Region], villages: list[Village]) -> tuple[Zone, ...]:
    """The first village of each township is its seat."""
    found: list[Zone] = []
    counts = _dealt(size.zones - size.townships - size.villages, size.villages)
    for number, village in enumerate(villages):
        groups, township = village.groups, village.township
        if number < len(townships):
            found.append(Zone(township, "township", townships[number].code, groups[:1], township))
            groups = groups[1:]
        found.append(Zone(village.village, "village", village.region.code, groups[:1], township, village.village))
        for ordinal, part in enumerate(_parts(groups[1:], counts[number]), 1):
            region = part[0] if len(part) == 1 else village.region.code
            zone = f"{village.village}-z{ordinal:02}"
            found.append(Zone(zone, "group", region, part, township, village.village))
    return tuple(sorted(found, key=lambda zone: zone.zone))


def _dealt(count: int, hands: int) -> list[int]:
    """So many things dealt out to so many hands: the first ones get one more."""
    each, more = divmod(count, hands)
    return [each + (number < more) for number in range(hands)]


def _parts(groups: tuple[str, ...], count: int) -> list[tuple[str, ...]]:
    """Neighbouring groups in so many parts of nearly equal size."""
    parts, start = [], 0
    for length in _dealt(len(groups), count):
        parts.append(groups[start : start + length])
        start += length
    return parts
