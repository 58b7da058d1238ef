"""Bytes to a hardened XML tree. Hostile or broken files end here with a problem, never in a parser of the house."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from engine.errors import Problem

_ID = re.compile(r"[\w.-]+")
_ID_LENGTH = 200


@dataclass(frozen=True)
class XmlLimits:
    """How large a file may be: its bytes, its elements, their depth, and the characters of one text."""

    file_bytes: int
    elements: int
    xml_depth: int
    text_length: int


def read_tree(data: bytes, file: str, limits: XmlLimits) -> tuple[etree._Element | None, list[Problem]]:
    """The root of an XML file in UTF-8 without DOCTYPE, or None and every reason why it is none."""
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
        return None, [Problem("xml_broken", file, line=line, facts={"reason": str(error.msg), "line": line})]
    docinfo: Any = root.getroottree().docinfo
    if docinfo.doctype:
        return None, [Problem("xml_doctype", file, line=1)]
    problems = _refuse_shape(root, file, limits)
    return (None if problems else root), problems


def line_of(node: etree._Element) -> int | None:
    """The line an element begins on."""
    line = node.sourceline
    return line if isinstance(line, int) else None


def _refuse_bytes(data: bytes, file: str, limits: XmlLimits) -> Problem | None:
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


def _refuse_shape(root: etree._Element, file: str, limits: XmlLimits) -> list[Problem]:
    """Refuse what is too large or too deep at once; collect every bad or repeated id below the root."""
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
        if identity is not None and node is not root:
            facts: dict[str, Any] = {"id": identity[:_ID_LENGTH]}
            if not _ID.fullmatch(identity) or len(identity) > _ID_LENGTH:
                problems.append(Problem("bad_id", file, identity[:_ID_LENGTH], line=line_of(node), facts=facts))
            elif identity in seen:
                facts["first_line"] = seen[identity]
                problems.append(Problem("duplicate_id", file, identity, line=line_of(node), facts=facts))
            seen.setdefault(identity, line_of(node))
        stack.extend((child, depth + 1) for child in node.iterchildren(reversed=True))
    return problems
