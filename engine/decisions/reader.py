"""Bytes to a hardened DMN tree. Hostile or broken files end here with a problem, never in the parser."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from engine.errors import Problem

VERSIONS = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
MAX_BYTES = 4_000_000
MAX_ELEMENTS = 100_000
MAX_DEPTH = 64
MAX_TEXT = 10_000
_ID = re.compile(r"[\w.-]+")


def read_xml(data: bytes, file: str) -> tuple[etree._Element | None, list[Problem]]:
    """The root of a DMN 1.1–1.5 file, or None and the reasons why it is none."""
    problem = _refuse_bytes(data, file)
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
    docinfo: Any = root.getroottree().docinfo
    if docinfo.doctype:
        return None, [Problem("xml_doctype", file, line=1)]
    name = etree.QName(root)
    if name.localname != "definitions" or (name.namespace or "") not in VERSIONS:
        return None, [Problem("not_dmn", file, line=line_of(root), facts={"found": str(root.tag)[:200]})]
    problems = _refuse_shape(root, file)
    return (None if problems else root), problems


def line_of(node: etree._Element) -> int | None:
    """The line an element begins on."""
    line = node.sourceline
    return line if isinstance(line, int) else None


def _refuse_bytes(data: bytes, file: str) -> Problem | None:
    if len(data) > MAX_BYTES:
        return Problem("file_too_large", file, facts={"bytes": len(data), "limit": MAX_BYTES})
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


def _refuse_shape(root: etree._Element, file: str) -> list[Problem]:
    count = 0
    seen: dict[str, int | None] = {}
    problems: list[Problem] = []
    stack: list[tuple[etree._Element, int]] = [(root, 1)]
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > MAX_ELEMENTS:
            return [Problem("too_many_elements", file, facts={"limit": MAX_ELEMENTS})]
        if depth > MAX_DEPTH:
            return [Problem("xml_too_deep", file, line=line_of(node), facts={"limit": MAX_DEPTH})]
        if node.text and len(node.text) > MAX_TEXT:
            return [Problem("text_too_long", file, line=line_of(node), facts={"limit": MAX_TEXT})]
        identity = node.get("id")
        if identity is not None and node is not root:
            facts: dict[str, object] = {"id": identity[:200]}
            if not _ID.fullmatch(identity) or len(identity) > 200:
                problems.append(Problem("bad_id", file, identity[:200], line=line_of(node), facts=facts))
            elif identity in seen:
                facts["first_line"] = seen[identity]
                problems.append(Problem("duplicate_id", file, identity, line=line_of(node), facts=facts))
            seen.setdefault(identity, line_of(node))
        stack.extend((child, depth + 1) for child in node.iterchildren(reversed=True))
    return problems
