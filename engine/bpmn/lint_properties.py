"""Attributes and properties of elements: known, in the right place, readable."""

from __future__ import annotations

from engine.bpmn.lint_events import position
from engine.bpmn.lint_names import groups, literal, similar
from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Element
from engine.errors import InvalidInput
from engine.time_limits import UNITS, parse_limit

_CLOCKED = frozenset({"limit", "warn", "escalateTo", "stage", "responsible", "pausesWith"})
_PERSONAL = frozenset({"evidence", "independentOf", "offeredTo", "acceptedWhen"})
_PROPERTIES = _CLOCKED | _PERSONAL | {"scope", "optional"}


def check_attributes(inspection: Inspection, element: Element) -> None:
    """Markers that BPMN does not know on this kind of element; attributes are ``vocabulary``'s."""
    for attribute, given, right in (
        ("formId", element.form_id, element.type == "userTask" or _is_plain_start(inspection, element)),
    ):
        if given and not right:
            inspection.error("attribute_misplaced", element, attribute=attribute, type=element.type)
    ways = {"Converging": element.outgoing, "Diverging": element.incoming}.get(element.direction, [])
    if len(ways) > 1:
        inspection.error("unsupported_attribute", element, attribute="gatewayDirection", value=element.direction)
    if element.headers and not element.task_type:
        inspection.warning("headers_without_job", element)


def _is_plain_start(inspection: Inspection, element: Element) -> bool:
    return element.type == "startEvent" and element.event is None and position(inspection, element) == "process start"


def _is_limit(text: str) -> bool:
    try:
        parse_limit(text)
    except InvalidInput:
        return False
    return True


def check_properties(inspection: Inspection, element: Element) -> None:
    """The properties of one element: limits, warnings, evidence, independence."""
    properties = element.properties
    for name in sorted(set(properties) - _PROPERTIES):
        inspection.warning("unknown_property", element, property=name, similar=similar(name, frozenset(_PROPERTIES)))
    misplaced = set() if element.is_activity else _CLOCKED & set(properties)
    if element.type != "userTask":
        misplaced |= _PERSONAL & set(properties)
    if "scope" in properties and (element.event is None or element.event.kind != "signal"):
        misplaced |= {"scope"}
    if "optional" in properties and not _throws_message(element):
        misplaced |= {"optional"}
    for name in sorted(misplaced):
        inspection.error("property_misplaced", element, property=name, type=element.type)
    limit = properties.get("limit", "")
    if limit and not limit.startswith("=") and not _is_limit(limit):
        inspection.error("bad_limit", element, value=limit, units=" ".join(UNITS))
    _check_warn(inspection, element, properties.get("warn", ""), bool(limit))
    groups(inspection, element, properties.get("escalateTo", ""))
    slots = inspection.known.evidence_slots
    evidence = {part.strip() for part in literal(properties.get("evidence", "")).split(",") if part.strip()}
    if slots is not None and evidence - slots:
        inspection.error(
            "bad_property",
            element,
            property="evidence",
            value=properties["evidence"],
            expected=", ".join(sorted(slots)),
        )
    other = properties.get("independentOf", "")
    if other and not other.startswith("="):
        for identity in other.split(","):
            target = inspection.drawing.elements.get(identity.strip())
            if target is None or target.type != "userTask":
                inspection.error("independent_of_unknown", element, other=identity.strip())


def _throws_message(element: Element) -> bool:
    event = element.event is not None and element.event.kind == "message"
    return element.type == "sendTask" or (event and element.type in {"intermediateThrowEvent", "endEvent"})


def _check_warn(inspection: Inspection, element: Element, warn: str, limited: bool) -> None:
    if warn and not limited:
        inspection.error("warn_without_limit", element)
    if not warn or warn.startswith("="):
        return
    for part in warn.split(","):
        text = part.strip().removesuffix("%").strip()
        if not (text.isascii() and text.isdigit() and 0 < int(text) < 100):
            inspection.error("bad_warn", element, value=warn)
            return
