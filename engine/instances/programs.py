"""The exact versions an instance runs on, and what is built of them: kept in memory, shared, never changed.

Nothing of a running instance is kept here. What is kept per database is found again by the pool of its engine.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import clock
from engine.bpmn.program import Program, build_program
from engine.decisions import DecisionSet, read_dmn
from engine.domain_functions import LIBRARY
from engine.errors import DeploymentRejected, ExecutionFailed, NotFound
from engine.instances.limits import limits
from engine.storage import (
    Composition,
    DecisionDefinition,
    DefinitionState,
    DeploymentFile,
    FormDefinition,
    ProcessDefinition,
    Setting,
)
from engine.storage.statements import insert_or_ignore

GENERATION = "deployment_generation"
"""The setting whose number grows with every change of what is published."""

PROGRAMS = 128
WRITTEN = "compositions_written"


class Lru:
    """The last ``size`` things made, by key; safe between threads. Two threads may make the same thing twice."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What is kept under ``key``, made when it is not."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        value = make()
        self.put(key, value)
        return value

    def peek(self, key: Hashable) -> Any:
        """What is kept under ``key``, or None."""
        with self._lock:
            return self._kept.get(key)

    def put(self, key: Hashable, value: Any) -> None:
        """Keep ``value``; the one unused for longest goes."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)


@dataclass
class _Kept:
    bundles: Lru = field(default_factory=lambda: Lru(PROGRAMS))
    compositions: Lru = field(default_factory=lambda: Lru(1000))
    schemas: Lru = field(default_factory=lambda: Lru(1000))


_per_database: WeakKeyDictionary[Any, _Kept] = WeakKeyDictionary()
_programs = Lru(PROGRAMS)
_decisions = Lru(PROGRAMS)


def _kept(session: Session) -> _Kept:
    pool = session.get_bind().engine.pool
    kept = _per_database.get(pool)
    if kept is None:
        kept = _per_database.setdefault(pool, _Kept())
    return kept


@dataclass(frozen=True)
class Bundle:
    """What an instance runs on. ``limited``: (process, element) of activities, other than tasks, that have a limit."""

    composition_id: int
    process_key: str
    kind: str
    program: Program
    decisions: DecisionSet
    forms: Mapping[str, int]
    limited: frozenset[tuple[str, str]]


def published_changed(session: Session) -> None:
    """Tell every process that the newest published versions are others now. Deployments queue here."""
    setting = session.get(Setting, GENERATION, with_for_update=True)
    if setting is None:
        session.add(Setting(key=GENERATION, value={"number": 1}, updated_at=clock.now()))
    else:
        setting.value, setting.updated_at = {"number": setting.value["number"] + 1}, clock.now()
    session.flush()


def compose(session: Session, process_key: str) -> tuple[int, int]:
    """The (composition, process definition) a new instance of ``process_key`` runs on: all newest published versions.

    Raises:
        NotFound: there is no published process of that key (``kind`` process_missing).
    """
    generation = session.scalar(select(Setting.value).where(Setting.key == GENERATION)) or {"number": 0}
    kept = _kept(session)
    key = (process_key, generation["number"])
    found: tuple[int, int] | None = kept.compositions.peek(key)
    if found is None:
        found = _compose(session, process_key)
        # What this session wrote itself may still be rolled back, so somebody else has to find it first.
        if found[0] not in session.info.get(WRITTEN, ()):
            kept.compositions.put(key, found)
    return found


def compose_with(session: Session, definition: ProcessDefinition) -> int:
    """The composition in which ``definition`` runs with the newest published versions of everything around it."""
    return _compose(session, definition.key, {definition.key: (definition.id, definition.info)})[0]


def _compose(
    session: Session, process_key: str, instead: Mapping[str, tuple[int, dict[str, Any]]] | None = None
) -> tuple[int, int]:
    processes = {**_newest(session, ProcessDefinition), **(instead or {})}
    if process_key not in processes:
        raise NotFound("no such process is published", kind="process_missing", process=process_key)
    called = _closure(process_key, {key: info.get("calls", ()) for key, (_, info) in processes.items()})
    missing = called - set(processes)
    if missing:
        raise NotFound("a called process is not published", kind="process_missing", process=", ".join(sorted(missing)))
    decisions = _newest(session, DecisionDefinition)
    forms = dict(_newest_forms(session))
    wanted = {name for key in called for name in processes[key][1].get("decisions", ())}
    contents = {
        "processes": {key: processes[key][0] for key in sorted(called)},
        "decisions": {key: decisions[key][0] for key in sorted(_with_imports(wanted, decisions))},
        "forms": {
            name: forms[name]
            for name in sorted({n for key in called for n in processes[key][1].get("forms", ())})
            if name in forms
        },
    }
    return _store(session, contents), processes[process_key][0]


def _newest(session: Session, table: Any) -> dict[str, tuple[int, dict[str, Any]]]:
    statement: Select[Any] = (
        select(table.key, table.id, table.info)
        .where(table.state == DefinitionState.PUBLISHED)
        .order_by(table.key, table.version)
    )
    return {key: (identity, info) for key, identity, info in session.execute(statement)}


def _newest_forms(session: Session) -> Iterable[tuple[str, int]]:
    statement = (
        select(FormDefinition.key, FormDefinition.id)
        .where(FormDefinition.state == DefinitionState.PUBLISHED)
        .order_by(FormDefinition.key, FormDefinition.version)
    )
    return [(key, identity) for key, identity in session.execute(statement)]


def _closure(start: str, calls: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    stack = [start]
    while stack:
        key = stack.pop()
        if key not in found:
            found.add(key)
            stack.extend(calls.get(key, ()))
    return found


def _with_imports(wanted: set[str], decisions: Mapping[str, tuple[int, dict[str, Any]]]) -> set[str]:
    """The decisions called, and one of every file they import (by namespace)."""
    by_namespace = {info.get("namespace", ""): key for key, (_, info) in decisions.items()}
    found: set[str] = set()
    stack = [name for name in wanted if name in decisions]
    while stack:
        key = stack.pop()
        if key not in found:
            found.add(key)
            stack.extend(by_namespace[n] for n in decisions[key][1].get("imports", ()) if n in by_namespace)
    return found


def _store(session: Session, contents: dict[str, Any]) -> int:
    sha256 = hashlib.sha256(orjson.dumps(contents, option=orjson.OPT_SORT_KEYS)).hexdigest()
    statement = select(Composition.id).where(Composition.sha256 == sha256)
    found = session.scalar(statement)
    if found is None:
        insert_or_ignore(session, Composition, {"sha256": sha256, "contents": contents, "created_at": clock.now()})
        found = session.scalars(statement).one()
        session.info.setdefault(WRITTEN, set()).add(found)
    return found


def load_bundle(session: Session, composition_id: int, process_key: str) -> Bundle:
    """What an instance of ``process_key`` on this composition runs on.

    Raises:
        ExecutionFailed: what was published then can no longer be built (kind ``program_broken``).
    """
    bundle: Bundle = _kept(session).bundles.get(
        (composition_id, process_key), lambda: _build(session, composition_id, process_key)
    )
    return bundle


def _build(session: Session, composition_id: int, process_key: str) -> Bundle:
    contents = session.scalars(select(Composition.contents).where(Composition.id == composition_id)).one()
    definitions = session.execute(
        select(ProcessDefinition.key, ProcessDefinition.kind, ProcessDefinition.file_id).where(
            ProcessDefinition.id.in_(contents["processes"].values())
        )
    ).all()
    decision_files = session.scalars(
        select(DecisionDefinition.file_id).where(DecisionDefinition.id.in_(contents["decisions"].values()))
    ).all()
    files = _files(session, {row.file_id for row in definitions})
    program = _program(files, process_key)
    return Bundle(
        composition_id=composition_id,
        process_key=process_key,
        kind=next(row.kind for row in definitions if row.key == process_key),
        program=program,
        decisions=decision_set(_files(session, set(decision_files))),
        forms=contents["forms"],
        limited=_limited(program),
    )


def _files(session: Session, ids: Iterable[int]) -> dict[str, bytes]:
    rows = session.execute(
        select(DeploymentFile.id, DeploymentFile.path, DeploymentFile.content)
        .where(DeploymentFile.id.in_(ids))
        .order_by(DeploymentFile.id.desc())
    )
    files: dict[str, bytes] = {}
    for identity, path, content in rows:
        # A file that lost a process keeps it in its older version; the newer one is read last and wins for the rest.
        files[path if path not in files else f"{identity:012d}/{path}"] = content
    return files


def _fingerprint(files: Mapping[str, bytes]) -> tuple[Any, ...]:
    return tuple((path, hashlib.sha256(files[path]).digest()) for path in sorted(files))


def _program(files: Mapping[str, bytes], main: str) -> Program:
    try:
        program: Program = _programs.get((_fingerprint(files), main), lambda: build_program(files, main, limits()))
    except DeploymentRejected as error:
        raise ExecutionFailed("the process can no longer be built", kind="program_broken", process=main) from error
    return program


def decision_set(files: Mapping[str, bytes]) -> DecisionSet:
    """The decisions of ``files``, with the functions of the house; built once per content."""
    decisions: DecisionSet = _decisions.get(
        _fingerprint(files),
        lambda: DecisionSet([read_dmn(data, path) for path, data in sorted(files.items())], library=LIBRARY),
    )
    return decisions


def _limited(program: Program) -> frozenset[tuple[str, str]]:
    return frozenset(
        (key, element.id)
        for key, process in program.processes.items()
        for element in process.drawing.elements.values()
        if element.type not in {"userTask", "process"} and element.properties.get("limit")
    )


def form_schema(session: Session, form_definition_id: int) -> dict[str, Any]:
    """The form-js schema of one version of a form; shared, so do not change it.

    Raises:
        NotFound: there is no such version.
    """

    def read() -> dict[str, Any]:
        schema = session.scalar(select(FormDefinition.schema).where(FormDefinition.id == form_definition_id))
        if schema is None:
            raise NotFound("no such form", form=form_definition_id)
        return schema

    schema: dict[str, Any] = _kept(session).schemas.get(form_definition_id, read)
    return schema
