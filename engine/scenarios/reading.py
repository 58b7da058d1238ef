"""Scenario files: YAML a designer writes beside a diagram, read strictly, every mistake named with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from engine.errors import FieldProblem, InvalidInput

START = {"at", "as", "process", "report", "form", "case", "earlier"}
STEPS = {
    "complete": {"as", "form", "expect", "times"},
    "advance": {"expect"},
    "to": {"expect"},
    "message": {"key", "payload", "expect"},
    "signal": {"payload", "areas", "expect"},
    "action": {"as", "form", "expect"},
    "fail": {"code", "message", "expect"},
    "run": {"expect"},
}
EXPECT = {
    "tasks", "groups", "stage", "route", "row", "deadline", "limit", "responsible", "status", "end", "passed",
    "not_passed", "incidents", "evidence", "facts", "children", "returned", "reworked",
}  # fmt: skip
TOP = {"name", "description", "start", "steps", "expect", "context", "expected", "tests"}
MOST_STEPS = 300


@dataclass(frozen=True)
class Step:
    """One thing that happens: ``kind`` is a key of ``STEPS``, ``what`` its value, ``options`` the rest."""

    kind: str
    what: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """A designer's test of a process."""

    path: str
    name: str
    start: Mapping[str, Any]
    steps: tuple[Step, ...] = ()
    expect: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)
    tests: tuple[str, ...] = ()
    description: str = ""


class _Loader(yaml.SafeLoader):
    """Plain YAML whose times stay text: a scenario's times are read by the one clock, with the city's zone."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_scenarios(path: str, content: bytes) -> list[Scenario]:
    """All scenarios of one file (YAML documents separated by ``---``).

    Raises:
        InvalidInput: no YAML, or something in it that is not understood; nothing is ever passed over.
    """
    try:
        documents = list(yaml.load_all(content.decode("utf-8"), Loader=_Loader))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        raise _refuse(path, "", "scenario_not_yaml", reason=str(error).splitlines()[0], line=line) from error
    return [_scenario(path, number, document) for number, document in enumerate(documents, 1) if document is not None]


def _scenario(path: str, number: int, data: Any) -> Scenario:
    place = f"{number}"
    _require_keys(path, place, data, TOP)
    start = data.get("start")
    if not isinstance(data.get("name"), str) or not data["name"].strip():
        raise _refuse(path, f"{place}.name", "required")
    _require_keys(path, f"{place}.start", start, START)
    earlier = start.get("earlier") or []
    if not isinstance(earlier, list) or not all(isinstance(report, dict) for report in earlier):
        raise _refuse(path, f"{place}.start.earlier", "wrong_type", wanted="list")
    steps = data.get("steps") or []
    if not isinstance(steps, list) or len(steps) > MOST_STEPS:
        raise _refuse(path, f"{place}.steps", "scenario_steps", limit=MOST_STEPS)
    return Scenario(
        path=path,
        name=data["name"].strip(),
        start=start,
        steps=tuple(_step(path, f"{place}.steps.{index}", step) for index, step in enumerate(steps, 1)),
        expect=_expectation(path, f"{place}.expect", data.get("expect")),
        context=_mapping(path, f"{place}.context", data.get("context")),
        expected=_mapping(path, f"{place}.expected", data.get("expected")),
        tests=tuple(str(word) for word in data.get("tests") or ()),
        description=str(data.get("description") or ""),
    )


def _step(path: str, place: str, data: Any) -> Step:
    if not isinstance(data, dict):
        raise _refuse(path, place, "scenario_step", known=sorted(STEPS))
    kinds = [kind for kind in STEPS if kind in data]
    if len(kinds) != 1:
        raise _refuse(path, place, "scenario_step", known=sorted(STEPS), found=sorted(map(str, data)))
    kind = kinds[0]
    _require_keys(path, place, data, STEPS[kind] | {kind})
    options = {name: value for name, value in data.items() if name not in {kind, "expect"}}
    return Step(kind, data[kind], options, _expectation(path, f"{place}.expect", data.get("expect")))


def _expectation(path: str, place: str, data: Any) -> Mapping[str, Any]:
    if data is None:
        return {}
    _require_keys(path, place, data, EXPECT)
    found: Mapping[str, Any] = data
    return found


def _mapping(path: str, place: str, data: Any) -> Mapping[str, Any]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise _refuse(path, place, "wrong_type", wanted="mapping")
    return data


def _require_keys(path: str, place: str, data: Any, known: set[str]) -> None:
    if not isinstance(data, dict):
        raise _refuse(path, place, "wrong_type", wanted="mapping")
    unknown = sorted(str(name) for name in data if name not in known)
    if unknown:
        raise _refuse(path, f"{place}.{unknown[0]}", "unknown_key", known=sorted(known))


def _refuse(path: str, place: str, code: str, **facts: Any) -> InvalidInput:
    where = f"{path}: {place}" if place else path
    return InvalidInput("the scenario cannot be read", [FieldProblem(where, code, facts)])
