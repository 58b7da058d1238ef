"""Timers written as literals: whether they can be read, are in bounds and may stand where they stand."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.bpmn.lint_events import position
from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Element
from engine.bpmn.timers import BadTimer, parse_cycle, parse_moment, parse_span

# Only to have something to count from: no literal's verdict depends on today except for the hundred years.
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def check_timers(inspection: Inspection) -> None:
    """Every timer event of the drawing."""
    for element in inspection.drawing.elements.values():
        if element.event is not None and element.event.kind == "timer" and element.event.timer_kind:
            _check_timer(inspection, element, element.event.timer_kind, element.event.timer)


def _check_timer(inspection: Inspection, element: Element, kind: str, text: str) -> None:
    where = position(inspection, element)
    repeats = where == "process start" or (where in {"boundary", "event subprocess start"} and not element.interrupting)
    if kind == "cycle" and not repeats:
        inspection.error("cycle_not_allowed", element, position=where)
    if kind == "duration" and where == "process start":
        inspection.error("duration_start", element)
    if text.startswith("="):
        return
    try:
        _parse(inspection, element, kind, text)
    except BadTimer as error:
        inspection.error("bad_timer", element, timer=text[:100], kind=kind, reason=str(error))


def _parse(inspection: Inspection, element: Element, kind: str, text: str) -> None:
    limits = inspection.limits
    if kind == "cycle":
        cycle = parse_cycle(text, _SOME_DAY, limits)
        if cycle.count == 0:
            inspection.error("timer_never", element, timer=text[:100])
    elif kind == "date":
        if abs(parse_moment(text) - _SOME_DAY) > limits.timer_span:
            raise BadTimer("the time is more than a hundred years away")
    else:
        span = parse_span(text, limits)
        if span.after(_SOME_DAY) < _SOME_DAY:
            inspection.error("timer_negative", element, timer=text[:100])
