"""The root of a BPMN file, and how its elements are read."""

from __future__ import annotations

from lxml import etree

from engine.bpmn.limits import DEFAULTS, Limits
from engine.errors import Problem
from engine.safe_xml import line_of, read_tree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"


def read_xml(data: bytes, file: str, limits: Limits = DEFAULTS) -> tuple[etree._Element | None, list[Problem]]:
    """The root of a BPMN file, or None and the reasons why it is none."""
    root, problems = read_tree(data, file, limits)
    if root is not None and root.tag != f"{{{BPMN}}}definitions":
        return None, [Problem("not_bpmn", file, line=line_of(root), facts={"found": str(root.tag)[:200]})]
    return root, problems


def tag_of(node: etree._Element) -> str:
    """The local name of a BPMN element, or '' for one of another namespace."""
    name = etree.QName(node)
    return name.localname if name.namespace == BPMN else ""


def text_of(node: etree._Element, tag: str) -> str:
    """The text of the first child of that BPMN name, or ''."""
    child = node.find(f"{{{BPMN}}}{tag}")
    return (child.text or "").strip() if child is not None else ""


def is_true(node: etree._Element, name: str, default: bool = False) -> bool:
    """A boolean XML attribute."""
    value = node.get(name)
    return default if value is None else value.strip() in {"true", "1"}


def reference(value: str | None) -> str:
    """A QName reference without its prefix."""
    return (value or "").strip().rpartition(":")[2]
