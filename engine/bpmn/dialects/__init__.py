"""Diagrams drawn for other engines, rewritten into the native dialect, with a report of what became of everything.

camunda, operaton, flowable, activiti, spiffworkflow, Camunda 8's own extras and vendor-free BPMN. What cannot be
rewritten stays visible as a to-do; no file crashes the import.
"""

from __future__ import annotations

from lxml import etree

from engine.bpmn.dialects.forms import drop_empty_holders
from engine.bpmn.dialects.report import ReportLine, Sheet, Translation
from engine.bpmn.dialects.tidy import (
    as_utf8,
    drop_declarations,
    drop_strangers,
    give_ids,
    make_executable,
    native_root,
    repair_ids,
)
from engine.bpmn.dialects.vendor import translate_tree
from engine.bpmn.limits import DEFAULTS, Limits
from engine.bpmn.lint import lint
from engine.bpmn.lint_report import NOTHING_KNOWN, Resources
from engine.bpmn.parser import parse
from engine.bpmn.reader import read_xml
from engine.errors import DeploymentRejected, Problem
from engine.feel import STANDARD, Library

__all__ = ["ReportLine", "Translation", "translate"]


def translate(
    data: bytes,
    file: str,
    known: Resources = NOTHING_KNOWN,
    *,
    library: Library = STANDARD,
    limits: Limits = DEFAULTS,
) -> Translation:
    """A BPMN file of any origin in the native dialect.

    A diagram that cannot run yet is no error but a draft: ``todo`` says what is missing (against ``known``).

    Raises:
        DeploymentRejected: this is no BPMN file, broken, hostile or beyond the limits.
    """
    sheet = Sheet()
    root, problems = read_xml(repair_ids(as_utf8(data), sheet), file, limits)
    if root is None:
        raise DeploymentRejected(problems)
    give_ids(root)
    make_executable(root, sheet)
    translate_tree(root, sheet)
    drop_declarations(root, sheet)
    drop_strangers(root, sheet)
    drop_empty_holders(root)
    xml: bytes = etree.tostring(native_root(root), xml_declaration=True, encoding="UTF-8", pretty_print=False)
    return Translation(xml, sheet.forms, sheet.lines, _todo(xml, file, known, library, limits))


def _todo(xml: bytes, file: str, known: Resources, library: Library, limits: Limits) -> list[Problem]:
    root, problems = read_xml(xml, file, limits)
    if root is None:
        raise DeploymentRejected(problems)
    definitions = parse(root, file)
    return [*definitions.problems, *lint(definitions, known, library=library, limits=limits)]
