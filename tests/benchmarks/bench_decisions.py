"""Decision tables: a first-hit table of 500 rules with 4 inputs, evaluated, analysed, read, put into a sheet."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

from engine.decisions import DecisionSet, read_dmn
from engine.decisions.spreadsheet import export_table, import_table
from engine.feel import Host

RULES = 500
HOST = Host(now=datetime(2026, 2, 14, 9, tzinfo=UTC))
_DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def build(*, constant: bool) -> bytes:
    """50 categories × 5 spans of area × urgent or not, one rule for all else; ``constant``: no cell reads a name."""
    inputs = "".join(
        f'<input id="i{n}"><inputExpression><text>{text}</text></inputExpression></input>'
        for n, text in enumerate(("category", "area", "urgent", "reported"))
    )
    rules = []
    for number in range(RULES - 1):
        category, span, urgent = number // 10, number % 5, number % 10 < 5
        area = f"[{span * 10}..{span * 10 + 10})"
        if not constant and number % 10 == 0:
            area = f"? > limit and ? < {span}"
        cells = [f'"category {category}"', area, str(urgent).lower(), '>= date("2020-01-01")']
        rules.append((cells, f'"route {number}"'))
    rules.append((["-"] * 4, '"other"'))
    rows = "".join(
        f'<rule id="r{n}">{"".join(f"<inputEntry><text>{escape(c)}</text></inputEntry>" for c in cells)}'
        f"<outputEntry><text>{output}</text></outputEntry></rule>"
        for n, (cells, output) in enumerate(rules)
    )
    table = f'<decisionTable id="t" hitPolicy="FIRST">{inputs}<output id="o" name="route"/>{rows}</decisionTable>'
    return (
        f'<definitions xmlns="{_DMN}" namespace="n"><decision id="d" name="d">{table}</decision></definitions>'.encode()
    )


def main() -> None:
    """Print the figures."""
    data = build(constant=True)
    _show("read 500 rules × 4 inputs", _milliseconds(lambda: read_dmn(data, "d.dmn"), 5), "ms")
    for label, constant in (("constant cells", True), ("every tenth cell names another variable", False)):
        decisions = DecisionSet([read_dmn(build(constant=constant), "d.dmn")])
        start = time.perf_counter()
        decisions.decide("d", _case(0), HOST)
        first = (time.perf_counter() - start) * 1000
        cases = [_case(number) for number in range(200)]
        each = [_milliseconds(partial(decisions.decide, "d", case, HOST), 5) for case in cases]
        _show(f"first decision, compiling ({label})", first, "ms")
        _show(f"decision, median ({label}; aim ≤ 0.3 ms)", statistics.median(each), "ms")
        _show(f"decision, slowest of 200 ({label})", max(each), "ms")
    decisions = DecisionSet([read_dmn(data, "d.dmn")])
    _show("gaps, overlaps and dead rules of it", _milliseconds(lambda: decisions.analyse("d"), 3), "ms")
    table: Any = read_dmn(data, "d.dmn").decisions["d"].logic
    _show("out as a spreadsheet and in again", _milliseconds(lambda: import_table(export_table(table)), 2), "ms")


def _case(number: int) -> dict[str, Any]:
    return {
        "category": f"category {number % 55}",
        "area": number % 53,
        "urgent": number % 2 == 0,
        "reported": datetime(2026, 1, 1 + number % 28, tzinfo=UTC).date(),
        "limit": 3,
    }


def _milliseconds(work: Callable[[], Any], times: int) -> float:
    """The median of ``times`` runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def _show(what: str, value: float, unit: str) -> None:
    print(f"{what:75} {value:10.3f} {unit}")


if __name__ == "__main__":
    main()
