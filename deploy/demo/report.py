"""What the demo found: as text for a person, and as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.demo import real
from deploy.demo.client import Tally
from deploy.demo.figures import CadreScore, Indicator, Line
from deploy.demo.layout import table, wrapped
from deploy.demo.quarter import QUARTER
from deploy.demo.real import Rate

SHOWN = 10
"""Districts that are printed; all of them are compared."""


@dataclass(frozen=True)
class Found:
    """All that a run has found."""

    space: str
    tally: Tally
    topics: Mapping[str, int]
    parked: int
    differences: list[str]
    """Between a service's tables and a plain refold of the log."""
    districts: list[Line]
    cadre: CadreScore
    seconds: float

    def complaints(self) -> list[str]:
        """What did not hold, a sentence each; none when everything did."""
        lines = [*self.districts, *(indicator.line for indicator in self.cadre.indicators)]
        return [
            *self.tally.surprises,
            *self.differences,
            *([f"{self.parked} messages are parked."] if self.parked else []),
            *(
                f"{line.name or 'no district'}: the service has {_rate(line.served)}, the data {_rate(line.computed)}."
                for line in lines
                if line.served != line.computed
            ),
            *_missing(self.tally, self.topics),
        ]

    def real_petitions(self) -> Rate:
        """Of all real petitions, those answered in time, as the services have it."""
        return sum((line.served for line in self.districts), Rate())

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        total = self.real_petitions()
        return {
            "verify": not self.complaints(),
            "seconds": round(self.seconds, 1),
            "accepted": self.tally.accepted(),
            "topics": dict(self.topics),
            "outcomes": self.tally.outcomes(),
            "real_petitions": {"registered": total.denominator, "in_time": total.numerator},
            "space": self.space,
        }


def _missing(tally: Tally, topics: Mapping[str, int]) -> list[str]:
    """Topics with fewer messages than the accepted commands make. A message may be there twice, but never not at all.

    A case begins with three events: opened, assigned, limit set.
    """
    petitions = tally.accepted("/petitions")
    due = {
        "visits": tally.accepted("/visits"),
        "petitions": petitions,
        "cases": 3 * petitions + tally.accepted("/cases"),
    }
    return [
        f"The topic {name} has {topics[name]} messages and must have {count}."
        for name, count in due.items()
        if topics[name] < count
    ]


def text(found: Found, addresses: Mapping[str, str], state: str) -> str:
    """The report for a terminal."""
    complaints = found.complaints()
    verdict = "不相符 / SOMETHING DID NOT HOLD" if complaints else "全部相符 / Everything held"
    parts = [
        [f"{verdict}, {found.seconds:.0f} s", *(f"  ✗ {line}" for line in complaints[:20])],
        _counts(found),
        _districts(found.districts),
        _cadre(found.cadre),
        _onward(found, addresses, state),
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def _counts(found: Found) -> list[str]:
    tally = found.tally
    head = [
        ["收下 / accepted", f"{tally.accepted():,}", "命令 / commands"],
        ["重复 / repeated", f"{tally.repeated:,}", "同一命令再发，只算一次 / the same again, counted once"],
        ["拒绝 / refused", f"{sum(tally.refused.values()):,}", "故意出错的 / wrong on purpose:"],
    ]
    refused = [["", f"{count:,}", code] for code, count in sorted(tally.refused.items())]
    topics = [["", f"{count:,}", name] for name, count in found.topics.items()]
    total = ["主题 / topics", f"{sum(found.topics.values()):,}", "Kafka 里的消息 / messages in Kafka:"]
    return ["数目 / Counts", *table([*head, *refused, total, *topics], "lrl")]


def _districts(lines: list[Line]) -> list[str]:
    named, rest = lines[:-1], lines[-1]
    every = Line("", _sum(named, "served"), _sum(named, "computed"))
    total = Line("", _sum(lines, "served"), _sum(lines, "computed"))
    rows = [["", "责任区 / zone", "服务 / services", "", "文件 / file", ""]]
    rows += [_row(line.name, str(real.zone_of(line.name)), line) for line in named[:SHOWN]]
    rows.append(_row("全部 / all", f"{len(named)}", every))
    rows.append(_row("未注明 / not named", "– (county-office)", rest))
    rows.append(_row("合计 / total", "", total))
    limit = real.LIMIT_DAYS
    return [f"真实诉求{limit}日内答复 / Real petitions replied to within {limit} days", *table(rows, "llrrrl")]


def _row(name: str, zone: str, line: Line) -> list[str]:
    share = f"{100 * line.served.numerator / line.served.denominator:.1f} %" if line.served.denominator else "–"
    return [name, zone, _rate(line.served), share, _rate(line.computed), _mark(line)]


def _mark(line: Line) -> str:
    return "✓" if line.served == line.computed else "✗"


def _cadre(score: CadreScore) -> list[str]:
    data = score.data
    lines = [f"一名干部的得分 / One cadre's score: {score.cadre}, {QUARTER}: {data['zh']} / {data['en']}"]
    for indicator in score.indicators:
        lines += _indicator(indicator)
    return lines


def _indicator(indicator: Indicator) -> list[str]:
    data, line = indicator.data, indicator.line
    value = f"= {float(data['value']):.1%}" if data["value"] is not None else "数据不足 / not enough data"
    head = f"  {data['zh']} / {data['en']}: {_rate(line.served)} {value}, × {data['weight_applied']}  {_mark(line)}"
    rows = [[str(reason.count), reason.zh, reason.en] for reason in indicator.reasons]
    return [head, f"    {data['rule_zh']}", *wrapped(data["rule_en"], 4), *(table(rows, "rll", 6) if rows else [])]


def _onward(found: Found, addresses: Mapping[str, str], state: str) -> list[str]:
    score = f"{addresses['appraisal']}/scores/cadres/{found.cadre.cadre}?period={QUARTER}"
    token = "python -m deploy.local token --role organisation --subject me"
    rows = [[name, f"{url}/docs"] for name, url in addresses.items()]
    return [
        "接着看 / Go on",
        *table(rows, "ll"),
        f"  TOKEN=$(.venv/bin/{token})",
        f'  curl -H "Authorization: Bearer $TOKEN" "{score}"',
        f"  {state}/demo.json",
        "  全部还在运行；make down 停止。/ Everything goes on running: `make down` ends it.",
    ]


def _sum(lines: list[Line], which: str) -> Rate:
    return sum((getattr(line, which) for line in lines), Rate())


def _rate(rate: Rate) -> str:
    return f"{rate.numerator:,}/{rate.denominator:,}"
