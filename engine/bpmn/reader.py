"""Bytes to a hardened XML tree. Hostile or broken files end here with a problem, never in the parser."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from engine.bpmn.limits import DEFAULTS, Limits
from engine.errors import Problem

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
_ID = re.compile(r"[\w.-]+")


def read_xml(data: bytes, file: str, limits: Limits = DEFAULTS) -> tuple[etree._Element | None, list[Problem]]:
    """The root of a BPMN file, or None and the reasons why it is none."""
    problem = _refuse_bytes(data, file, limits)
    if problem is not None:
        return None, [problem]
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno if error.lineno and error.lineno > 0 else None
        return None, [Problem("xml_broken", file, line=line, facts={"reason": str(error.msg)})]
    if root.getroottree().docinfo.internalDTD is not None:
        return None, [Problem("xml_doctype", file, line=1)]
    if root.tag != f"{{{BPMN}}}definitions":
        return None, [Problem("not_bpmn", file, line=line_of(root), facts={"found": str(root.tag)[:200]})]
    problems = _refuse_shape(root, file, limits)
    return (None if problems else root), problems


def line_of(node: etree._Element) -> int | None:
    """The line of an element in its file."""
    line = node.sourceline
    return line if isinstance(line, int) else None


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


def _refuse_bytes(data: bytes, file: str, limits: Limits) -> Problem | None:
    if len(data) > limits.file_bytes:
        return Problem("file_too_large", file, facts={"bytes": len(data), "limit": limits.file_bytes})
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Problem("not_utf8", file, facts={"position": error.start})
    declared = re.match(r"\s*<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)", text)
    if declared and declared.group(1).lower() not in {"utf-8", "utf8", "us-ascii"}:
        return Problem("not_utf8", file, line=1, facts={"declared": declared.group(1)[:40]})
    if "<!DOCTYPE" in text:
        return Problem("xml_doctype", file, line=text[: text.index("<!DOCTYPE")].count("\n") + 1)
    return None


def _refuse_shape(root: etree._Element, file: str, limits: Limits) -> list[Problem]:
    count = 0
    seen: dict[str, int | None] = {}
    problems: list[Problem] = []
    stack: list[tuple[etree._Element, int]] = [(root, 1)]
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > limits.elements:
            return [Problem("too_many_elements", file, facts={"limit": limits.elements})]
        if depth > limits.xml_depth:
            return [Problem("xml_too_deep", file, line=line_of(node), facts={"limit": limits.xml_depth})]
        if node.text and len(node.text) > limits.text_length:
            return [Problem("text_too_long", file, line=line_of(node), facts={"limit": limits.text_length})]
        identity = node.get("id")
        if identity is not None:
            if not _ID.fullmatch(identity) or len(identity) > 200:
                facts: dict[str, Any] = {"id": identity[:200]}
                problems.append(Problem("bad_id", file, identity[:200], line=line_of(node), facts=facts))
            elif identity in seen:
                facts = {"id": identity, "first_line": seen[identity]}
                problems.append(Problem("duplicate_id", file, identity, line=line_of(node), facts=facts))
            seen.setdefault(identity, line_of(node))
        stack.extend((child, depth + 1) for child in node.iterchildren(reversed=True))
    return problems
