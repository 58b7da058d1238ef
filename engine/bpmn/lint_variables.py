"""Names in expressions that are probably misspelt: read once, set nowhere, and close to a name that is used."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from engine.bpmn.lint_expressions import texts_of
from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Element
from engine.feel import SCRIPT_LIMITS, FeelError, compile_expression

GIVEN = frozenset({"case", "emergency", "signal", "loopCounter", "numberOfInstances", "numberOfActiveInstances",
                   "numberOfCompletedInstances", "numberOfTerminatedInstances"})  # fmt: skip
_CLOSE = 0.85
_MANY = 300


def check_variables(inspection: Inspection) -> None:
    """Form fields are not known here, so only what looks very much like another name is told."""
    reads: dict[str, list[tuple[Element, str]]] = {}
    written: set[str] = set(GIVEN)
    for element in inspection.drawing.elements.values():
        written.update(_written(element))
        for where, text in _expressions(inspection, element):
            for name in _names(inspection, text):
                reads.setdefault(name, []).append((element, where))
    if len(reads) + len(written) > _MANY:
        return  # Guessing compares every name with every other.
    for name, places in reads.items():
        if name in written or len(places) > 1 or len(name) < 4:
            continue
        others = [other for other in written if other not in GIVEN] + [o for o, at in reads.items() if len(at) > 1]
        # `paused_at` beside `paused` is a family of names, not a slip.
        others = [other for other in others if not (other.startswith(name) or name.startswith(other))]
        if close := get_close_matches(name, others, 1, _CLOSE):
            element, where = places[0]
            inspection.warning("name_perhaps_misspelt", element, name=name, where=where, similar=close[0])


def names_read(inspection: Inspection) -> frozenset[str]:
    """The names that expressions read, leaving out what a task hands out of its own form."""
    found: set[str] = set()
    for element in inspection.drawing.elements.values():
        for where, text in _expressions(inspection, element):
            if not (element.form_id and where.startswith("output ")):
                found |= _names(inspection, text)
    return frozenset(found)


def _expressions(inspection: Inspection, element: Element) -> Iterator[tuple[str, str]]:
    for where, text, always in texts_of(element):
        if always or text.strip().startswith("="):
            yield where, text.strip().removeprefix("=")
    for flow in element.outgoing:
        if flow.condition and flow.condition.startswith("="):
            yield f"condition {flow.id}", flow.condition[1:]


def _names(inspection: Inspection, text: str) -> frozenset[str]:
    try:
        return compile_expression(text.strip(), library=inspection.library, limits=SCRIPT_LIMITS).names
    except FeelError:
        return frozenset()  # told by lint_expressions


def _written(element: Element) -> Iterator[str]:
    for mapping in (*element.inputs, *element.outputs):
        yield mapping.target.partition(".")[0]
    if element.result_variable:
        yield element.result_variable.partition(".")[0]
    if element.loop is not None:
        yield from (name for name in (element.loop.input_element, element.loop.output_collection) if name)
