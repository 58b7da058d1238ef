"""What a draft no longer brings: which definitions go out of use with it, and who would still need them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sqlalchemy.orm import Session

from engine.bpmn.model import Element
from engine.decisions import read_dmn
from engine.drafts.files import base_files, files_of, kind_of, published_files
from engine.drafts.policies import drawings_of
from engine.errors import Problem
from engine.storage import Draft

Key = tuple[str, str]
"""``("process" | "decision" | "form", key)``."""


def keys_of(files: Mapping[str, bytes]) -> frozenset[Key]:
    """The definitions that ``files`` bring; what cannot be read is the check's to report."""
    found = {("process", drawing.key) for drawing in drawings_of(files)}
    for path, content in files.items():
        if path.endswith(".dmn"):
            found |= {("decision", key) for key in read_dmn(content, path).decisions}
        elif path.endswith(".form"):
            found |= {("form", key) for key in _form_id(content)}
    return frozenset(found)


def _form_id(content: bytes) -> Iterator[str]:
    try:
        schema = json.loads(content)
    except ValueError:
        return
    if isinstance(schema, dict) and schema.get("id"):
        yield str(schema["id"])


def gone(session: Session, draft: Draft) -> frozenset[Key]:
    """The definitions the draft began with and no longer brings: publishing it takes them out of use."""
    return keys_of(base_files(session, draft)) - keys_of(files_of(session, draft))


def taken_out_scenarios(session: Session, draft: Draft) -> set[str]:
    """The scenario files the draft began with and no longer has."""
    return {path for path in set(draft.base) - set(files_of(session, draft)) if kind_of(path) == "scenario"}


def removal_problems(session: Session, draft: Draft) -> list[Problem]:
    """Every place, in the draft or published elsewhere, that would name a definition that is gone."""
    lost = gone(session, draft)
    if not lost:
        return []
    own = files_of(session, draft)
    others = {p: f.content for p, f in published_files(session).items() if p not in own and p not in draft.base}
    problems = []
    for drawing in drawings_of({**others, **own}):
        for element in drawing.elements.values():
            for kind, key in lost & set(names_in(element)):
                facts = {"kind": kind, "name": key, "by": drawing.process.name or drawing.key}
                where = drawing.file if drawing.file in own else next(iter(own), drawing.file)
                problems.append(Problem("still_used", where, element.id, element.name, element.line, facts))
    return problems


def names_in(element: Element) -> Iterator[Key]:
    """The definitions an element names."""
    for kind, key in (
        ("form", element.form_id),
        ("form", element.properties.get("startForm", "")),
        ("decision", element.decision_id),
        ("process", element.called_process),
    ):
        if key and not key.startswith("="):
            yield kind, key
