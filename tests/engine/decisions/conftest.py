"""Builds small DMN files for the stories of these tests."""

from __future__ import annotations

import sys
from types import ModuleType
from xml.sax.saxutils import escape, quoteattr

import pytest

V15 = "https://www.omg.org/spec/DMN/20230324/MODEL/"
V11 = "http://www.omg.org/spec/DMN/20151101/dmn.xsd"


def definitions(*parts: str, namespace: str = "urn:city", version: str = V15, extra: str = "") -> bytes:
    """A DMN file with these root elements."""
    head = f'<definitions xmlns="{version}" namespace="{namespace}" name="city" id="defs" {extra}>'
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}{"".join(parts)}</definitions>'.encode()


def text(name: str, value: str, **attributes: str) -> str:
    """An element with a text child."""
    shown = "".join(f" {key}={quoteattr(word)}" for key, word in attributes.items())
    return f"<{name}{shown}><text>{escape(value)}</text></{name}>"


def literal(value: str, **attributes: str) -> str:
    """A literal expression."""
    return text("literalExpression", value, **attributes)


def decision(identity: str, logic: str, *, type_ref: str = "", requires: str = "") -> str:
    """A decision; ``requires`` are requirement elements."""
    kind = f' typeRef="{type_ref}"' if type_ref else ""
    return (
        f'<decision id="{identity}" name="{identity}"><variable name="{identity}"{kind}/>{requires}{logic}</decision>'
    )


def needs(identity: str, kind: str = "Decision") -> str:
    """A requirement: kind Decision, Input or Knowledge."""
    outer = "knowledgeRequirement" if kind == "Knowledge" else "informationRequirement"
    return f'<{outer}><required{kind} href="{identity if "#" in identity else "#" + identity}"/></{outer}>'


def table(
    inputs: list[str | tuple[str, str]],
    outputs: list[str | dict[str, str]],
    rules: list[list[str]],
    hit: str = "UNIQUE",
    aggregation: str = "",
    notes: str = "",
    identity: str = "t",
) -> str:
    """A decision table. Inputs: expression or (expression, allowed values). Rules: cells in order, then a note."""
    made = ""
    for number, entry in enumerate(inputs, 1):
        expression, allowed = entry if isinstance(entry, tuple) else (entry, "")
        values = text("inputValues", allowed) if allowed else ""
        made += f'<input id="{identity}_i{number}">{text("inputExpression", expression)}{values}</input>'
    for number, column in enumerate(outputs, 1):
        facts = {"name": column} if isinstance(column, str) else column
        attributes = "".join(f" {key}={quoteattr(facts[key])}" for key in ("name", "typeRef", "label") if key in facts)
        values = text("outputValues", facts["allowed"]) if "allowed" in facts else ""
        default = text("defaultOutputEntry", facts["default"]) if "default" in facts else ""
        made += f'<output id="{identity}_o{number}"{attributes}>{values}{default}</output>'
    made += f"<annotation name={quoteattr(notes)}/>" if notes else ""
    for number, cells in enumerate(rules, 1):
        made += f'<rule id="{identity}_r{number}">'
        for index, cell in enumerate(cells):
            kind = "inputEntry" if index < len(inputs) else "outputEntry"
            kind = kind if index < len(inputs) + len(outputs) else "annotationEntry"
            made += text(kind, cell)
        made += "</rule>"
    attributes = f' aggregation="{aggregation}"' if aggregation else ""
    return f'<decisionTable id="{identity}" hitPolicy="{hit}"{attributes}>{made}</decisionTable>'


@pytest.fixture(scope="session")
def dmn() -> ModuleType:
    """The builders of this file."""
    return sys.modules[__name__]
