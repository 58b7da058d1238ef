"""Attributes and properties of elements: known, in the right place, readable."""

from __future__ import annotations

import re

from engine.bpmn.lint_names import groups, literal, similar
from engine.bpmn.lint_report import Inspection
from engine.bpmn.model import Element

LIMIT_UNITS = ("紧急工作时", "紧急工作日", "工作时", "工作日", "自然日", "分钟")
_LIMIT = re.compile(r"\d{1,6}(\.\d{1,3})?\s*(" + "|".join(LIMIT_UNITS) + ")")
_CLOCKED = frozenset({"limit", "warn", "escalateTo", "stage", "responsible"})
_PROPERTIES = _CLOCKED | {"evidence", "independentOf", "scope"}
_EVIDENCE = frozenset({"near", "far", "after"})


def check_attributes(inspection: Inspection, element: Element) -> None:
    """Attributes and markers that BPMN does not know on this kind of element."""
    for attribute, given, right in (
        ("attachedToRef", element.attached_to, element.type == "boundaryEvent"),
        ("triggeredByEvent", element.triggered_by_event, element.type in {"subProcess", "transaction"}),
        ("isForCompensation", element.for_compensation, element.is_activity),
        ("instantiate", element.instantiate, element.type in {"receiveTask", "eventBasedGateway"}),
        ("loopCharacteristics", element.loop, element.is_activity),
        ("messageRef", element.message_name, element.type in {"receiveTask", "sendTask"}),
    ):
        if given and not right:
            inspection.error("attribute_misplaced", element, attribute=attribute, type=element.type)


def check_properties(inspection: Inspection, element: Element) -> None:
    """The properties of one element: limits, warnings, evidence, independence."""
    properties = element.properties
    for name in sorted(set(properties) - _PROPERTIES):
        inspection.warning("unknown_property", element, property=name, similar=similar(name, frozenset(_PROPERTIES)))
    if not element.is_activity:
        for name in sorted(_CLOCKED & set(properties)):
            inspection.error("property_misplaced", element, property=name, type=element.type)
    limit = properties.get("limit", "")
    if limit and not limit.startswith("=") and not _LIMIT.fullmatch(limit):
        inspection.error("bad_limit", element, value=limit, units=" ".join(LIMIT_UNITS))
    _check_warn(inspection, element, properties.get("warn", ""), bool(limit))
    groups(inspection, element, properties.get("escalateTo", ""))
    evidence = {part.strip() for part in literal(properties.get("evidence", "")).split(",") if part.strip()}
    if evidence - _EVIDENCE:
        inspection.error(
            "bad_property",
            element,
            property="evidence",
            value=properties["evidence"],
            expected=", ".join(sorted(_EVIDENCE)),
        )
    other = properties.get("independentOf", "")
    if other and not other.startswith("="):
        for identity in other.split(","):
            target = inspection.drawing.elements.get(identity.strip())
            if target is None or target.type != "userTask":
                inspection.error("independent_of_unknown", element, other=identity.strip())


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
