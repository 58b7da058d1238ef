"""What a translation gives back, and the sheet its parts write on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml import etree

from engine.bpmn.lint_words import catalogue, sentence
from engine.bpmn.reader import BPMN, ZEEBE
from engine.errors import Problem

Kind = Literal["mapped", "dropped", "needs_hand"]


@dataclass(frozen=True)
class ReportLine:
    """What became of one thing of the foreign file.

    ``what`` names it as it stood there (``camunda:assignee``), ``detail`` is what became of it, or a code of
    ``engine/data/dialect_words.yaml`` filled with ``facts``.
    """

    kind: Kind
    element_id: str
    what: str
    detail: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def text(self, language: str = "zh") -> str:
        """The detail in ``zh`` or ``en``."""
        words = catalogue("dialect_words").get(self.detail)
        return sentence(words[language], self.facts, language) if words else self.detail


@dataclass(frozen=True)
class Translation:
    """A foreign diagram in the native dialect.

    ``forms`` are form-js forms by id; ``todo`` lists everything that still keeps the diagram from running.
    """

    xml: bytes
    forms: Mapping[str, dict[str, Any]]
    report: list[ReportLine]
    todo: list[Problem]


def bpmn(tag: str) -> str:
    """A BPMN tag as lxml names it."""
    return f"{{{BPMN}}}{tag}"


def zeebe(tag: str) -> str:
    """A native extension tag as lxml names it."""
    return f"{{{ZEEBE}}}{tag}"


@dataclass
class Sheet:
    """The report while it is being written, and helpers to write native extension elements."""

    lines: list[ReportLine] = field(default_factory=list)
    forms: dict[str, dict[str, Any]] = field(default_factory=dict)

    def mapped(self, node: etree._Element, what: str, detail: str, **facts: Any) -> None:
        """Something has a counterpart and needs no further thought."""
        self._add("mapped", node, what, detail, facts)

    def dropped(self, node: etree._Element, what: str, detail: str = "no_counterpart", **facts: Any) -> None:
        """Something plays no part here."""
        self._add("dropped", node, what, detail, facts)

    def needs_hand(self, node: etree._Element, what: str, detail: str, **facts: Any) -> None:
        """Something a person has to write or to confirm."""
        self._add("needs_hand", node, what, detail, facts)

    def _add(self, kind: Kind, node: etree._Element, what: str, detail: str, facts: dict[str, Any]) -> None:
        owner: etree._Element | None = node
        while owner is not None and not owner.get("id"):
            owner = owner.getparent()
        identity = (owner.get("id") or "") if owner is not None else ""
        self.lines.append(ReportLine(kind, identity, what, detail[:500], facts))


def holder_of(node: etree._Element) -> etree._Element:
    """The ``extensionElements`` of a node, made where there is none (after the documentation)."""
    found = node.find(bpmn("extensionElements"))
    if found is None:
        found = etree.Element(bpmn("extensionElements"))
        documented = len(node.findall(bpmn("documentation")))
        node.insert(documented, found)
    return found


def put(node: etree._Element, tag: str, **attributes: str) -> etree._Element:
    """The native extension element ``tag`` of a node, made if need be, with more attributes."""
    holder = holder_of(node)
    found = holder.find(zeebe(tag))
    if found is None:
        found = etree.SubElement(holder, zeebe(tag))
    for name, value in attributes.items():
        found.set(name, value)
    return found


def put_property(node: etree._Element, name: str, value: str) -> None:
    """One of our own properties."""
    etree.SubElement(put(node, "properties"), zeebe("property"), name=name, value=value)


def put_mapping(node: etree._Element, kind: str, source: str | None, target: str) -> None:
    """One input or output; ``kind`` is ``input`` or ``output``. Inputs stand before outputs."""
    mapping = put(node, "ioMapping")
    entry = etree.Element(zeebe(kind), target=target)
    if source is not None:
        entry.set("source", source)
    mapping.insert(len(mapping.findall(zeebe("input"))) if kind == "input" else len(mapping), entry)


def name_of(text: str) -> str:
    """A form or connector name out of a path, a class or a bean."""
    bare = text.rsplit("/", 1)[-1].removesuffix(".html").removesuffix(".form").removesuffix(".json")
    return "".join(c if c.isalnum() or c in "_-." else "_" for c in bare).strip("._") or "unnamed"
