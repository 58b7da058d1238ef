"""Names that only all files together can judge: variables, fields of the case, inputs of connectors, service types."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.lint_expressions import texts_of
from engine.bpmn.lint_variables import GIVEN
from engine.bpmn.model import Drawing, Element
from engine.decisions import read_dmn
from engine.domain_functions import LIBRARY
from engine.drafts.files import published_files
from engine.drafts.policies import drawings_of
from engine.errors import Problem
from engine.feel import SCRIPT_LIMITS, FeelError, compile_expression
from engine.reference import data
from engine.storage import ServiceType

_CLOSE = 0.85
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_CASE = re.compile(r"(?<![\w.])case\.(\w+)(?:\.(\w+))?")


def name_problems(session: Session, files: Mapping[str, bytes]) -> list[Problem]:
    """What ``files`` name that neither they nor anything published has, with the name that was perhaps meant."""
    everything = {**{path: file.content for path, file in published_files(session).items()}, **files}
    written = GIVEN | {name for path, content in everything.items() for name in _written(path, content)}
    for connector in data("connectors.yaml")["connectors"].values():
        written |= {row["name"] for row in connector.get("outputs") or ()}
    services = frozenset(session.scalars(select(ServiceType.code)))
    found: list[Problem] = []
    for drawing in drawings_of(files):
        found += _service(drawing, services)
        for element in drawing.elements.values():
            found += _inputs(element, drawing.file)
            for where, text in _expressions(element):
                found += _case_fields(element, drawing.file, where, text)
                found += _variables(element, drawing.file, where, text, written)
    return found


def _problem(code: str, file: str, element: Element, severity: str = "error", **facts: Any) -> Problem:
    return Problem(code, file, element.id, element.name, element.line, facts, severity)


def _meant(name: str, known: Iterable[str]) -> str:
    return next(iter(get_close_matches(name, sorted(known), 1, _CLOSE)), "")


def _service(drawing: Drawing, known: frozenset[str]) -> Iterator[Problem]:
    """A service process may bring a service type along; whoever misspelt one is told."""
    name = drawing.process.properties.get("serviceType", "")
    if not name or name in known:
        return
    facts = {"name": name, "similar": _meant(name, known)}
    if drawing.process.properties.get("kind", "service") == "service":
        yield _problem("service_type_is_new", drawing.file, drawing.process, "warning", **facts)
    else:
        yield _problem("unknown_service_type", drawing.file, drawing.process, **facts)


def _inputs(element: Element, file: str) -> Iterator[Problem]:
    for name, times in Counter(mapping.target for mapping in element.inputs).items():
        if times > 1:
            yield _problem("input_twice", file, element, name=name)
    connector = data("connectors.yaml")["connectors"].get(element.task_type)
    if connector is None:
        return
    known = {row["name"] for row in connector.get("inputs") or ()}
    for mapping in element.inputs:
        name = mapping.target.partition(".")[0]
        similar = _meant(name, known)
        if name not in known and similar:
            yield _problem("input_perhaps_misspelt", file, element, "warning", name=name, similar=similar)


def _expressions(element: Element) -> Iterator[tuple[str, str]]:
    for where, text, always in texts_of(element):
        if always or text.strip().startswith("="):
            yield where, text.strip().removeprefix("=").strip()
    for flow in element.outgoing:
        if flow.condition and flow.condition.startswith("="):
            yield f"condition {flow.id}", flow.condition[1:].strip()


def _case_fields(element: Element, file: str, where: str, text: str) -> Iterator[Problem]:
    words = data("case_words.yaml")
    for name, inner in _CASE.findall(_STRINGS.sub('""', text)):
        if name not in words["case"]:
            similar = _meant(name, words["case"])
            yield _problem("unknown_case_field", file, element, name=f"case.{name}", similar=similar, where=where)
        elif inner and name in words and inner not in words[name]:
            similar = _meant(inner, words[name])
            yield _problem("unknown_case_field", file, element, name=f"{name}.{inner}", similar=similar, where=where)


def _variables(element: Element, file: str, where: str, text: str, written: frozenset[str]) -> Iterator[Problem]:
    for name in sorted(_reads(text)):
        if name in written:
            continue
        # `paused_at` beside `paused` is a family of names, not a slip.
        others = {other for other in written if not (other.startswith(name) or name.startswith(other))}
        if similar := _meant(name, others):
            yield _problem("name_set_nowhere", file, element, "warning", name=name, similar=similar, where=where)


@lru_cache(maxsize=4000)
def _reads(text: str) -> frozenset[str]:
    try:
        return compile_expression(text, library=LIBRARY, limits=SCRIPT_LIMITS).names
    except FeelError:
        return frozenset()  # The check of the drawing tells that.


@lru_cache(maxsize=600)
def _written(path: str, content: bytes) -> frozenset[str]:
    """Every variable a file gives a value to."""
    if path.endswith(".form"):
        return frozenset(_keys(content))
    if path.endswith(".dmn"):
        file = read_dmn(content, path)
        return frozenset(name for decision in file.decisions for name in (decision, *_output_names(file, decision)))
    names: set[str] = set()
    for drawing in drawings_of({path: content}):
        for element in drawing.elements.values():
            names.update(m.target.partition(".")[0] for m in (*element.inputs, *element.outputs))
            names.add((element.result_variable or "").partition(".")[0])
            names.add(element.id)
            if element.loop is not None:
                names.update(filter(None, (element.loop.input_element, element.loop.output_collection)))
    return frozenset(names - {""})


def _output_names(file: Any, decision: str) -> list[str]:
    table = getattr(file.decisions[decision], "logic", None)
    return [output.name for output in getattr(table, "outputs", ())]


def _keys(content: bytes) -> Iterator[str]:
    try:
        waiting = list(json.loads(content).get("components") or ())
    except (ValueError, AttributeError):
        return
    while waiting:
        component = waiting.pop()
        waiting += component.get("components") or ()
        for name in ("key", "path"):
            if component.get(name):
                yield str(component[name]).partition(".")[0]
