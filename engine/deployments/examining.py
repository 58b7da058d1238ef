"""Everything that is wrong with a bundle, at once: diagrams, decisions, forms, and what they say of each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import forms
from engine.bpmn.compile import ProcessInfo, compile_processes
from engine.bpmn.lint import Resources
from engine.decisions import DecisionSet, DmnFile, read_dmn
from engine.deployments.reading import KINDS
from engine.domain_functions import LIBRARY
from engine.errors import Problem
from engine.instances.limits import limits
from engine.reference import data
from engine.storage import (
    DecisionDefinition,
    DefinitionState,
    DeploymentFile,
    FormDefinition,
    ProcessDefinition,
    Role,
)


@dataclass
class Findings:
    """What was read of a bundle, and everything wrong with it."""

    processes: dict[str, ProcessInfo] = field(default_factory=dict)
    dmn: dict[str, DmnFile] = field(default_factory=dict)
    forms: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        """The problems that block."""
        return [problem for problem in self.problems if problem.severity == "error"]


def examine(session: Session, files: Mapping[str, bytes]) -> list[Problem]:
    """Every problem of a bundle, judged against itself and what is published already."""
    return look_into(session, files).problems


def look_into(session: Session, files: Mapping[str, bytes]) -> Findings:
    """Read and judge a bundle."""
    found = Findings()
    for path in files:
        if not path.endswith(tuple(KINDS)):
            found.problems.append(Problem("unknown_file_kind", path))
    _read_forms(files, found)
    _read_decisions(session, files, found)
    known = Resources(
        forms=frozenset(found.forms) | _published(session, FormDefinition),
        decisions=_decision_ids(found.dmn.values()) | _published(session, DecisionDefinition),
        processes=_published(session, ProcessDefinition),
        roles=frozenset(session.scalars(select(Role.code))),
        connectors=frozenset(data("connectors.yaml")["connectors"]),
        evidence_slots=frozenset(data("evidence_slots.yaml")),
        form_fields={key: _top_names(schema) for key, (_, schema) in found.forms.items()},
    )
    diagrams = {path: content for path, content in files.items() if path.endswith(".bpmn")}
    found.processes, problems = compile_processes(diagrams, known, library=LIBRARY, limits=limits())
    found.problems += problems
    _refuse_twins(found)
    return found


def _top_names(schema: Mapping[str, Any]) -> frozenset[str]:
    """The variables a form fills."""
    return frozenset(field.path.partition(".")[0].removesuffix("[]") for field in forms.fields(schema))


def _published(session: Session, table: Any) -> frozenset[str]:
    return frozenset(session.scalars(select(table.key).where(table.state == DefinitionState.PUBLISHED)))


def _decision_ids(files: Iterable[DmnFile]) -> frozenset[str]:
    return frozenset(name for file in files for name in file.decisions)


def _read_forms(files: Mapping[str, bytes], found: Findings) -> None:
    for path, content in files.items():
        if not path.endswith(".form"):
            continue
        try:
            schema = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            found.problems.append(Problem("not_json", path, line=error.lineno, facts={"reason": error.msg}))
            continue
        if not isinstance(schema, dict) or not isinstance(schema.get("id"), str) or not schema["id"]:
            found.problems.append(Problem("form_without_id", path))
            continue
        if schema["id"] in found.forms:
            found.problems.append(_twin(path, schema["id"], found.forms[schema["id"]][0]))
            continue
        found.forms[schema["id"]] = (path, schema)
        found.problems += [_in_file(problem, path) for problem in forms.problems(schema, library=LIBRARY)]


def _read_decisions(session: Session, files: Mapping[str, bytes], found: Findings) -> None:
    for path, content in files.items():
        if path.endswith(".dmn"):
            found.dmn[path] = read_dmn(content, path)
            found.problems += found.dmn[path].problems
    if found.dmn and not found.errors:
        together = {**_imported(session, found.dmn), **{path: files[path] for path in found.dmn}}
        problems = _decision_problems(tuple(sorted(together.items())))
        found.problems += [problem for problem in problems if problem.file in found.dmn]


@lru_cache(maxsize=32)
def _decision_problems(files: tuple[tuple[str, bytes], ...]) -> tuple[Problem, ...]:
    """Gaps, overlaps and names of all tables take a second for a whole city: the same bytes are judged once."""
    return tuple(DecisionSet([read_dmn(content, path) for path, content in files], library=LIBRARY).problems())


def _imported(session: Session, own: Mapping[str, DmnFile]) -> dict[str, bytes]:
    """The published files that the bundle's decisions import, and theirs, by path."""
    have = {file.namespace for file in own.values()}
    wanted = {namespace for file in own.values() for namespace in imports_of(file)} - have
    found: dict[str, bytes] = {}
    while wanted:
        rows = session.execute(
            select(DeploymentFile.path, DeploymentFile.content, DecisionDefinition.namespace)
            .join(DecisionDefinition, DecisionDefinition.file_id == DeploymentFile.id)
            .where(DecisionDefinition.namespace.in_(wanted), DecisionDefinition.state == DefinitionState.PUBLISHED)
            .order_by(DecisionDefinition.version)
        ).all()
        fresh = dict({namespace: (path, content) for path, content, namespace in rows}.values())
        have |= wanted
        found |= fresh
        wanted = {each for path, content in fresh.items() for each in imports_of(read_dmn(content, path))} - have
    return found


def imports_of(file: DmnFile) -> list[str]:
    """The namespaces a DMN file imports."""
    return [entry.namespace for entry in file.imports]


def _refuse_twins(found: Findings) -> None:
    seen: dict[str, str] = {}
    for path, file in found.dmn.items():
        for name in file.decisions:
            if name in seen:
                found.problems.append(_twin(path, name, seen[name]))
            seen.setdefault(name, path)


def _twin(path: str, key: str, first: str) -> Problem:
    return Problem("duplicate_key", path, key, facts={"key": key, "first_file": first})


def _in_file(problem: Problem, path: str) -> Problem:
    from dataclasses import replace

    return problem if problem.file else replace(problem, file=path)
