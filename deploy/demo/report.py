"""What the demo found: as text for a person, and as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.demo import real
from deploy.demo.client import Tally
from deploy.demo.figures import POLICY, CadreScore, Indicator, Line
from deploy.demo.layout import table, wrapped
from deploy.demo.onward import Onward
from deploy.demo.quarter import QUARTER
from deploy.demo.real import Rate

SHOWN = 10
"""Districts that are printed; all of them are compared."""


@dataclass
class Found:
    """All that a run has found."""

    space: str
    tally: Tally
    topics: Mapping[str, int]
    parked: int
    differences: list[str]
    """Between a service's tables and a plain refold of the log."""
    districts: list[Line]
    whole: list[Line]
    """The county's figures."""
    reach: list[Line]
    """Under each policy, how many cadres and zones have a figure."""
    some: list[Line]
    """Every indicator of some cadres and zones."""
    cadre: CadreScore
    phases: Mapping[str, float]
    """Seconds of each."""
    onward: Onward | None = None
    seconds: float = 0

    @property
    def lines(self) -> list[Line]:
        """Every figure that was compared."""
        shown = [line for indicator in self.cadre.indicators for line in indicator.lines]
        return [*self.districts, *self.whole, *self.reach, *self.some, *shown]

    def complaints(self) -> list[str]:
        """What did not hold, a sentence each; none when everything did."""
        return [
            *self.tally.surprises,
            *self.differences,
            *([f"{self.parked} messages are parked."] if self.parked else []),
            *(
                f"{line.name or 'no district'}: the service has {_rate(line.served)}, the data {_rate(line.computed)}."
                for line in self.lines
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
            "figures": {"compared": len(self.lines), "equal": sum(one.served == one.computed for one in self.lines)},
            "county": {line.name: [line.served.numerator, line.served.denominator] for line in self.whole},
            "policies": {line.name: [line.served.numerator, line.served.denominator] for line in self.reach},
            "phases": dict(self.phases),
            "problems": self.complaints()[:20],
            "space": self.space,
        }


def _missing(tally: Tally, topics: Mapping[str, int]) -> list[str]:
    """Topics with fewer messages than the accepted commands make. A message may be there twice, but never not at all.

    A case begins with three events: opened, assigned, limit set; and whoever has to answer is told.
    """
    registered = tally.registered()
    due = {
        "visits": tally.accepted("/visits"),
        "petitions": tally.accepted("/petitions"),
        "ratings": tally.accepted("/ratings") + tally.accepted("/marks"),
        "cases": 3 * registered + tally.accepted("/cases"),
        "notices": registered,
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
        _figures(found),
        _reach(found.reach),
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


NAMES = {
    "coverage": "走访覆盖 / visited",
    "in_time": "限内答复 / in time",
    "solved": "解决 / solved",
    "satisfied": "满意 / satisfied",
    "answered": "作了评价 / answered",
}
POLICIES = {
    "three-dimensions": "三维 / three dimensions",
    "three-levels": "三级 / three levels",
    "satisfaction": "满意度 / satisfaction",
}
KINDS = {"cadres": "干部 / cadres", "zones": "责任区 / zones"}


def _figures(found: Found) -> list[str]:
    rows = [["", "服务 / services", "", "数据 / data", ""]]
    rows += [_figure(NAMES[line.name], line) for line in found.whole]
    equal = sum(line.served == line.computed for line in found.some)
    text = f"抽查干部、责任区的各项指标 / Indicators of cadres and zones drawn by lot: {equal:,}/{len(found.some):,}"
    return [f"全县 {QUARTER} / The county in {QUARTER}", *table(rows, "lrrrl"), f"  {text}"]


def _reach(lines: list[Line]) -> list[str]:
    rows = [["", "", "有数 / with a figure", "数据不足 / not enough data", ""]]
    for line in lines:
        policy, kind = line.name.split()
        few = line.served.denominator - line.served.numerator
        rows.append([POLICIES[policy], KINDS[kind], f"{line.served.numerator:,}", f"{few:,}", _mark(line)])
    return ["各办法之下 / Under each policy", *table(rows, "llrrl")]


def _figure(name: str, line: Line) -> list[str]:
    share = f"{100 * line.served.numerator / line.served.denominator:.1f} %" if line.served.denominator else "–"
    return [name, _rate(line.served), share, _rate(line.computed), _mark(line)]


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
    [_, *figures] = _figure(name, line)
    return [name, zone, *figures]


def _mark(line: Line) -> str:
    return "✓" if line.served == line.computed else "✗"


def _cadre(score: CadreScore) -> list[str]:
    data = score.data
    lines = [f"一名干部的得分 / One cadre's score: {score.cadre}, {QUARTER}: {data['zh']} / {data['en']}"]
    for indicator in score.indicators:
        lines += _indicator(indicator)
    return lines


def _indicator(indicator: Indicator) -> list[str]:
    data, [line, *_] = indicator.data, indicator.lines
    value = f"= {float(data['value']):.1%}" if data["value"] is not None else "数据不足 / not enough data"
    marks = "".join(map(_mark, indicator.lines))
    head = f"  {data['zh']} / {data['en']}: {_rate(line.served)} {value}, × {data['weight_applied']}  {marks}"
    rows = [[str(reason.count), reason.zh, reason.en] for reason in indicator.reasons]
    return [head, f"    {data['rule_zh']}", *wrapped(data["rule_en"], 4), *(table(rows, "rll", 6) if rows else [])]


def _onward(found: Found, addresses: Mapping[str, str], state: str) -> list[str]:
    score = f"{addresses['appraisal']}/scores/cadres/{found.cadre.cadre}?period={QUARTER}&policy={POLICY}"
    token = "python -m deploy.local token --role organisation --subject me"
    rows = [[name, f"{url}/docs"] for name, url in addresses.items()]
    return [
        "接着看 / Go on",
        *table(rows, "ll"),
        *(_people(found.onward, addresses) if found.onward else []),
        f"  TOKEN=$(.venv/bin/{token})",
        '  curl -H "Authorization: Bearer $TOKEN" \\',
        f'    "{score}"',
        f"  {state}/demo.json",
        "  全部还在运行；make down 停止。/ Everything goes on running: `make down` ends it.",
    ]


def _people(onward: Onward, addresses: Mapping[str, str]) -> list[str]:
    """What each of those who come to the pages starts with."""
    rows = [
        [
            "居民 / resident",
            f"{addresses['intake']}/",
            f"{onward.number}, {onward.secret}",
            "编号、查询码 / number, code",
        ],
        ["", "", onward.code, "测评码 / rating code"],
        ["干部 / cadre", f"{addresses['appraisal']}/score", onward.cadre, "登录选这个 / sign in as"],
        ["县办公室 / county's office", f"{addresses['assignment']}/desk", "county-0001", ""],
        ["组织部门 / organisation", f"{addresses['appraisal']}/score/county", "organiser-0001", ""],
    ]
    return table(rows, "llll")


def _sum(lines: list[Line], which: str) -> Rate:
    return sum((getattr(line, which) for line in lines), Rate())


def _rate(rate: Rate) -> str:
    return f"{rate.numerator:,}/{rate.denominator:,}"
