"""What a limit is: a value and a unit of the field, ``4 工作时``.

The units and the sources of how they are counted are data (``limit_units.yaml``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from importlib.resources import files

import yaml

from engine.errors import FieldProblem, InvalidInput

MINUTE = 60_000_000
DAY = 1440 * MINUTE
LONGEST_DAYS = 36_525


class Clock(StrEnum):
    """What runs: the wall clock, the office windows of working days, or whole days as the laws count them."""

    WALL = "wall"
    WORKING = "working"
    STATUTORY_WORKING_DAYS = "statutory_working_days"
    STATUTORY_DAYS = "statutory_days"


_ROWS = yaml.safe_load(files("engine").joinpath("data", "limit_units.yaml").read_text(encoding="utf-8"))
UNITS: dict[str, tuple[Clock, int | None]] = {
    unit: (Clock(row["clock"]), row["minutes"] * MINUTE if "minutes" in row else None) for unit, row in _ROWS.items()
}
"""Unit → its clock and its length in microseconds; None: it depends on the calendar, or whole days are counted."""
USUAL_UNIT: str = next(unit for unit, row in _ROWS.items() if row.get("usual"))
"""What is meant where no unit is named."""
_WRITTEN = re.compile(r"\s*(\d{1,7}(?:\.\d{1,6})?)\s*(\S+)\s*")


@dataclass(frozen=True)
class Limit:
    """So much time of a unit."""

    value: Decimal
    unit: str

    @property
    def clock(self) -> Clock:
        """What this limit is counted on."""
        return UNITS[self.unit][0]

    def __str__(self) -> str:
        return f"{self.value.normalize():f} {self.unit}"


def parse_limit(text: str | Limit) -> Limit:
    """Read ``4 工作时``.

    Raises:
        InvalidInput: not a number and a unit, an unknown unit, nothing or too much; facts name value and units.
    """
    if isinstance(text, Limit):
        return text
    found = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if found is None or found[2] not in UNITS:
        raise _refused("unknown_limit", text)
    limit = Limit(Decimal(found[1]), found[2])
    length = UNITS[limit.unit][1]
    days = limit.value if length is None else limit.value * length / DAY
    if not 0 < days <= LONGEST_DAYS:
        raise _refused("limit_out_of_range", text)
    if limit.clock in (Clock.STATUTORY_DAYS, Clock.STATUTORY_WORKING_DAYS) and limit.value % 1:
        raise _refused("limit_in_whole_days", text)
    return limit


def _refused(code: str, text: object) -> InvalidInput:
    facts = {"value": str(text)[:80], "units": "、".join(UNITS)}
    return InvalidInput("not a limit", [FieldProblem("limit", code, facts)], **facts)
