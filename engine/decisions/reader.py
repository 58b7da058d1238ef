"""The root of a DMN file, of any version that can be read."""

from __future__ import annotations

from lxml import etree

from engine.errors import Problem
from engine.safe_xml import XmlLimits, line_of, read_tree

VERSIONS = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
LIMITS = XmlLimits(file_bytes=4_000_000, elements=100_000, xml_depth=64, text_length=10_000)


def read_xml(data: bytes, file: str) -> tuple[etree._Element | None, list[Problem]]:
    """The root of a DMN 1.1–1.5 file, or None and the reasons why it is none."""
    root, problems = read_tree(data, file, LIMITS)
    if root is None:
        return None, problems
    name = etree.QName(root)
    if name.localname != "definitions" or (name.namespace or "") not in VERSIONS:
        return None, [Problem("not_dmn", file, line=line_of(root), facts={"found": str(root.tag)[:200]})]
    return root, problems
