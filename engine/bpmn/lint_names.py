"""Names on a drawing that must exist around it: forms, roles, decisions, processes, connectors."""

from __future__ import annotations

import re
from difflib import get_close_matches

from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Element

MANY = 200
"""So many problems and no more names are guessed: guessing is slow and the drawing is no slip of the pen."""


def is_variable(text: str) -> bool:
    """Whether FEEL can read a variable of this name."""
    return re.fullmatch(r"[^\W\d]\w*", text) is not None


def literal(text: str) -> str:
    """A text that is no FEEL, else nothing."""
    return "" if text.startswith("=") else text


def unknown(inspection: Inspection, element: Element, code: str, known: frozenset[str] | None, name: str) -> None:
    """Tell when something named on the drawing does not exist."""
    if known is not None and name and name not in known:
        inspection.error(
            code, element, name=name, similar=similar(name, known) if len(inspection.problems) < MANY else ""
        )


def similar(name: str, known: frozenset[str]) -> str:
    """Names that were perhaps meant."""
    return ", ".join(get_close_matches(name, sorted(known), n=3, cutoff=0.6))


def groups(inspection: Inspection, element: Element, groups: str) -> None:
    """Every literal group must be a role."""
    for group in literal(groups).split(","):
        unknown(inspection, element, "unknown_role", inspection.known.roles, group.strip())
