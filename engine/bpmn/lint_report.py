"""What every lint check works with: what is deployed around the diagram, and where its findings go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.bpmn.limits import DEFAULTS, Limits
from engine.bpmn.model import Drawing, Element, Flow
from engine.errors import Problem
from engine.feel import STANDARD, Library


@dataclass(frozen=True)
class Resources:
    """What exists around the diagrams of a bundle, by key; ``None`` means: not known here, do not check.

    ``form_fields``: the variables that the forms of the bundle fill.
    """

    forms: frozenset[str] | None = None
    decisions: frozenset[str] | None = None
    processes: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    connectors: frozenset[str] | None = None
    evidence_slots: frozenset[str] | None = None
    form_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)


NOTHING_KNOWN = Resources()


@dataclass
class Inspection:
    """The lint of one drawing: what the checks ask and where they put what they find."""

    drawing: Drawing
    known: Resources = NOTHING_KNOWN
    library: Library = STANDARD
    limits: Limits = DEFAULTS
    problems: list[Problem] = field(default_factory=list)

    @cached_property
    def borders(self) -> dict[str, list[Element]]:
        """The boundary events by the activity they name, in the order of the file."""
        found: dict[str, list[Element]] = {}
        for element in self.drawing.elements.values():
            if element.type == "boundaryEvent":
                found.setdefault(element.attached_to, []).append(element)
        return found

    @cached_property
    def links(self) -> dict[tuple[str, str], list[Element]]:
        """The catching link events by scope and name."""
        found: dict[tuple[str, str], list[Element]] = {}
        for element in self.drawing.elements.values():
            if element.type == "intermediateCatchEvent" and element.event is not None and element.event.kind == "link":
                found.setdefault((element.parent, element.event.name), []).append(element)
        return found

    @cached_property
    def with_ends(self) -> frozenset[str]:
        """The scopes in which an end event is drawn."""
        return frozenset(e.parent for e in self.drawing.elements.values() if e.type == "endEvent")

    def error(self, code: str, at: Element | Flow, **facts: Any) -> None:
        """Something that cannot run, or would run silently wrong."""
        self._add(code, at, "error", facts)

    def warning(self, code: str, at: Element | Flow, **facts: Any) -> None:
        """Something that runs but is probably not meant."""
        self._add(code, at, "warning", facts)

    def _add(self, code: str, at: Element | Flow, severity: str, facts: dict[str, Any]) -> None:
        self.problems.append(Problem(code, self.drawing.file, at.id, at.name, at.line, facts, severity))
