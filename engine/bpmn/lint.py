"""Says before a diagram is published what in it cannot run or would run silently wrong, everything at once.

The reader and the parser have refused what is no BPMN or not ours; here the drawings they made are judged. What a
finding means and what to do about it is worded in ``engine/data/problem_words.yaml`` (``lint_words``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.bpmn.limits import DEFAULTS, Limits
from engine.bpmn.lint_calls import check_calls
from engine.bpmn.lint_events import check_events
from engine.bpmn.lint_expressions import check_expressions
from engine.bpmn.lint_flow import check_flows
from engine.bpmn.lint_paths import check_paths
from engine.bpmn.lint_report import NOTHING_KNOWN, Inspection, Resources
from engine.bpmn.lint_tasks import check_tasks
from engine.bpmn.lint_timers import check_timers
from engine.bpmn.lint_variables import check_variables
from engine.bpmn.parser import Definitions
from engine.errors import Problem
from engine.feel import STANDARD, Library

__all__ = ["Resources", "lint"]

_CHECKS = (check_flows, check_events, check_timers, check_tasks, check_expressions, check_paths, check_variables)


def lint(
    definitions: Definitions | Iterable[Definitions],
    known: Resources = NOTHING_KNOWN,
    *,
    library: Library = STANDARD,
    limits: Limits = DEFAULTS,
) -> list[Problem]:
    """Every reason why the drawings of one or several files cannot be published, and every doubt about them.

    Processes drawn in ``definitions`` count as known; the problems the parser found are not repeated.
    """
    files = [definitions] if isinstance(definitions, Definitions) else list(definitions)
    problems = [Problem("nothing_executable", file.file) for file in files if not file.drawings and not file.problems]
    if known.processes is not None:
        drawn = frozenset(drawing.key for file in files for drawing in file.drawings)
        known = replace(known, processes=known.processes | drawn)
    inspections = [Inspection(drawing, known, library, limits) for file in files for drawing in file.drawings]
    for inspection in inspections:
        for check in _CHECKS:
            check(inspection)
    check_calls(inspections)
    for inspection in inspections:
        problems.extend(inspection.problems)
    return problems
