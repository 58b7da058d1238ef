"""Reported cases from JSON Lines, each with what the file expects of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine import clock
from engine.errors import FieldProblem, InvalidInput

REPORT_FIELDS = (
    "title", "description", "service_type", "kind", "category", "sub_category", "district", "street", "community",
    "grid", "place", "longitude", "latitude", "channel", "urgency", "context", "reporter",
)  # fmt: skip
"""What of a line is the report; everything else is about the line or what it expects."""


@dataclass(frozen=True)
class Sample:
    """One line: ``report`` goes to the intake as a clerk would enter it, ``expected`` is what should come of it."""

    id: str
    line: int
    reported_at: datetime
    report: Mapping[str, Any]
    expected: Mapping[str, Any] = field(default_factory=dict)
    tests: tuple[str, ...] = ()

    @property
    def context(self) -> Mapping[str, Any]:
        """What is known besides the report's own fields (an earlier case, times advised, a response in force)."""
        found: Mapping[str, Any] = self.report.get("context") or {}
        return found


def read_samples(lines: Iterable[str]) -> list[Sample]:
    """All cases of a JSON Lines text, blank lines passed over.

    Raises:
        InvalidInput: every line that is no case, each problem's path naming line and field.
    """
    samples: list[Sample] = []
    problems: list[FieldProblem] = []
    first_line: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            sample = _read(number, line)
        except InvalidInput as error:
            problems.extend(error.problems)
            continue
        if sample.id in first_line:
            facts = {"id": sample.id, "first_line": first_line[sample.id]}
            problems.append(FieldProblem(f"line {number}.id", "duplicate_id", facts))
        first_line.setdefault(sample.id, number)
        samples.append(sample)
    if problems:
        raise InvalidInput("the case file cannot be read", problems)
    return samples


def _read(number: int, line: str) -> Sample:
    def refuse(name: str, code: str, **facts: Any) -> InvalidInput:
        return InvalidInput("not a case", [FieldProblem(f"line {number}{name}", code, facts)])

    try:
        data = json.loads(line, parse_constant=lambda word: None)
    except ValueError as error:
        raise refuse("", "not_json", reason=str(error)) from error
    if not isinstance(data, dict):
        raise refuse("", "not_an_object")
    if not isinstance(data.get("id"), str) or not data["id"].strip():
        raise refuse(".id", "required")
    try:
        reported_at = clock.parse(data["reported_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise refuse(".reported_at", "not_a_datetime", value=str(data.get("reported_at"))[:40]) from error
    for name, kind in (("expected", dict), ("context", dict), ("tests", list)):
        if not isinstance(data.get(name) or kind(), kind):
            raise refuse(f".{name}", "wrong_type", wanted=kind.__name__)
    return sample_from(data, data["id"].strip(), reported_at, number)


def sample_from(data: Mapping[str, Any], identity: str, reported_at: datetime, line: int = 0) -> Sample:
    """A sample from the fields of one case."""
    return Sample(
        id=identity,
        line=line,
        reported_at=reported_at,
        report={name: data[name] for name in REPORT_FIELDS if name in data},
        expected=data.get("expected") or {},
        tests=tuple(str(word) for word in data.get("tests") or ()),
    )
