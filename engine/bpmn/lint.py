"""Says before a diagram is published what in it cannot run or would run silently wrong, everything at once.

The reader and the parser have refused what is no BPMN or not ours; here the drawings they made are judged. What a
finding means and what to do about it is worded in ``engine/data/problem_words.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.bpmn.limits import DEFAULTS, Limits
from engine.bpmn.lint_report import NOTHING_KNOWN, Inspection, Resources
from engine.bpmn.parser import Definitions
from engine.errors import Problem
from engine.feel import STANDARD, Library

__all__ = ["Resources", "lint"]


def lint(
    definitions: Definitions | Iterable[Definitions],
    known: Resources = NOTHING_KNOWN,
    *,
    library: Library = STANDARD,
    limits: Limits = DEFAULTS,
) -> list[Problem]:
    """Every reason why the drawings of one or several files cannot be published, and every doubt about them."""
    files = [definitions] if isinstance(definitions, Definitions) else list(definitions)
    problems: list[Problem] = []
    for file in files:
        for drawing in file.drawings:
            problems.extend(Inspection(drawing, known, library, limits).problems)
    return problems
