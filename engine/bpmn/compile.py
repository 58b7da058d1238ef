"""What publishing asks of a bundle's diagrams: are they all right, and what is in them, as plain facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.bpmn.limits import DEFAULTS, Limits
from engine.bpmn.lint import Resources, lint
from engine.bpmn.lint_report import NOTHING_KNOWN
from engine.bpmn.model import Drawing, Element
from engine.bpmn.nodes import text_list
from engine.bpmn.program import build_process, read_definitions
from engine.errors import Problem
from engine.feel import STANDARD, Library


@dataclass
class StartInfo:
    """One way a process can begin: ``kind`` is none, message, signal, timer or conditional.

    ``element_id`` is what ``Execution.start(start_element=…)`` wants; texts with a leading ``=`` are FEEL.
    ``properties`` are the drawn ones (``scope`` of a signal …); ``form_id`` is the form asked before a plain start.
    """

    element_id: str
    name: str
    kind: str
    event_name: str = ""
    correlation_key: str = ""
    timer_kind: str = ""
    timer: str = ""
    condition: str = ""
    form_id: str = ""
    properties: dict[str, str] = field(default_factory=dict)


@dataclass
class TaskInfo:
    """A user task as drawn."""

    element_id: str
    name: str
    groups: list[str]
    users: list[str]
    assignee: str
    form_id: str
    properties: dict[str, str]


@dataclass
class ElementInfo:
    """One element, for lists, overlays and mappings; ``parent`` is the element it lies in."""

    id: str
    type: str
    name: str
    lane: str
    documentation: str
    parent: str
    event: str
    attached_to: str


@dataclass
class ProcessInfo:
    """What lists, checks and triggers want to know of a process without parsing it."""

    key: str
    name: str
    file: str
    kind: str
    version_tag: str
    documentation: str
    properties: dict[str, str]
    starts: list[StartInfo] = field(default_factory=list)
    tasks: list[TaskInfo] = field(default_factory=list)
    decisions: list[str] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    connectors: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)
    elements: list[ElementInfo] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return asdict(self)


def compile_processes(
    files: Mapping[str, bytes],
    known: Resources = NOTHING_KNOWN,
    *,
    library: Library = STANDARD,
    limits: Limits = DEFAULTS,
) -> tuple[dict[str, ProcessInfo], list[Problem]]:
    """Every executable process in the ``.bpmn`` files, and everything that is wrong with them, all at once.

    A bundle may only be published when no problem has the severity ``error``.
    """
    definitions, problems = read_definitions(files, limits)
    problems.extend(problem for definition in definitions for problem in definition.problems)
    drawings = [drawing for definition in definitions for drawing in definition.drawings]
    problems.extend(lint(definitions, known, library=library, limits=limits))
    if not any(problem.severity == "error" for problem in problems):
        for drawing in drawings:
            build_process(drawing)
    return {drawing.key: describe(drawing) for drawing in drawings}, _distinct(problems)


def describe(drawing: Drawing) -> ProcessInfo:
    """The facts of one process."""
    process = drawing.process
    elements = [e for e in drawing.elements.values() if e is not process]
    events = [e.event for e in elements if e.event is not None]
    start_form = process.properties.get("startForm", "")
    return ProcessInfo(
        key=drawing.key,
        name=process.name or drawing.key,
        file=drawing.file,
        kind=process.properties.get("kind", "service"),
        version_tag=process.version_tag,
        documentation=process.documentation,
        properties=dict(process.properties),
        starts=_starts(drawing, start_form),
        tasks=[_task(e) for e in elements if e.type == "userTask"],
        decisions=_names(e.decision_id for e in elements),
        forms=_names([start_form, *(e.form_id for e in elements)]),
        calls=_names(e.called_process for e in elements),
        connectors=_names(e.task_type for e in elements),
        messages=_names([*(e.name for e in events if e.kind == "message"), *(e.message_name for e in elements)]),
        signals=_names(e.name for e in events if e.kind == "signal"),
        elements=[_element(e) for e in elements],
    )


def _starts(drawing: Drawing, start_form: str) -> list[StartInfo]:
    found = []
    for element in drawing.children(drawing.key):
        event = element.event
        if element.type == "receiveTask" and element.instantiate and not element.incoming:
            key = element.correlation_key or ""
            found.append(StartInfo(element.id, element.name, "message", element.message_name, key))
        elif element.type == "startEvent" and event is None:
            found.append(StartInfo(element.id, element.name, "none", form_id=element.form_id or start_form))
        elif element.type == "startEvent" and event is not None:
            found.append(
                StartInfo(
                    element.id, element.name, event.kind, event.name, event.correlation_key or "", event.timer_kind,
                    event.timer, event.condition, element.form_id, dict(element.properties),
                )
            )  # fmt: skip
    if not found:
        found.append(StartInfo("", "", "none", form_id=start_form))
    return found


def _task(element: Element) -> TaskInfo:
    return TaskInfo(
        element.id,
        element.name,
        _literal_list(element.candidate_groups),
        _literal_list(element.candidate_users),
        element.assignee,
        element.form_id,
        dict(element.properties),
    )


def _literal_list(text: str) -> list[str]:
    """Names of a literal list; an expression stays as it is."""
    return [text] if text.lstrip().startswith("=") else list(text_list(text))


def _element(element: Element) -> ElementInfo:
    return ElementInfo(
        element.id,
        element.type,
        element.name,
        element.lane,
        element.documentation,
        element.parent,
        element.event.kind if element.event is not None else "",
        element.attached_to,
    )


def _names(texts: Iterable[str]) -> list[str]:
    return sorted({text for text in texts if text})


def _distinct(problems: list[Problem]) -> list[Problem]:
    seen: dict[str, Problem] = {}
    for problem in problems:
        seen.setdefault(repr(problem), problem)
    return list(seen.values())
