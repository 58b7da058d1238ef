"""``DecisionSet``: the decisions of several files together, asked by id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.decisions.analysis import Analysis, analyse
from engine.decisions.model import (
    Decision,
    DecisionService,
    DecisionTable,
    DmnFile,
    ItemDefinition,
)
from engine.decisions.rooms import Room
from engine.decisions.session import Decided, Session
from engine.decisions.types import Types
from engine.decisions.work import Work
from engine.errors import ExecutionFailed, Problem
from engine.feel import (
    STANDARD,
    FeelError,
    Host,
    Library,
    from_feel,
    to_feel,
)


class DecisionSet:
    """Decisions that may call each other. Built once, shared, asked often; nothing in it changes when asked."""

    def __init__(self, files: Iterable[DmnFile], library: Library = STANDARD) -> None:
        self.files = tuple(files)
        self.library = library
        by_namespace: dict[str, Room] = {}
        self.rooms = [self._room(file, by_namespace) for file in self.files]
        for room in self.rooms:
            by_namespace.setdefault(room.file.namespace, room)
        for room in self.rooms:
            self._give_types(room)
        self._decisions: dict[str, tuple[Room, Decision | DecisionService]] = {}
        for room in self.rooms:
            for decision in room.file.decisions.values():
                self._decisions.setdefault(decision.id, (room, decision))
            for service in room.file.services.values():
                self._decisions.setdefault(service.id, (room, service))

    def _room(self, file: DmnFile, rooms: Mapping[str, Room]) -> Room:
        def resolve(reference: str) -> ItemDefinition | None:
            if reference in file.types:
                return file.types[reference]
            for entry in file.imports:
                if entry.name and reference.startswith(f"{entry.name}."):
                    other = rooms.get(entry.namespace)
                    return other.file.types.get(reference[len(entry.name) + 1 :]) if other else None
            return None

        return Room(file, Types(resolve, self.library), self.library, rooms)

    def _give_types(self, room: Room) -> None:
        named = dict(room.file.types)
        for entry in room.file.imports:
            other = room.rooms.get(entry.namespace)
            named.update({f"{entry.name}.{name}": item for name, item in (other.file.types if other else {}).items()})
        if named:
            try:
                room.library = self.library.with_types(room.types.feel_types(named))
            except ExecutionFailed:
                return  # a constraint that is no FEEL; ``problems`` says which, and its use fails

    # -- asking -------------------------------------------------------------------------------------------------
    def decide(self, decision_id: str, variables: Mapping[str, Any], host: Host | None = None) -> Decided:
        """Decide with plain or FEEL variables; the answer is plain, its trace JSON-able.

        Raises:
            ExecutionFailed: there is no such decision, an expression is broken or over its budget, an input or
                output is outside its allowed values, or several rules of a UNIQUE table fit.
        """
        found = self._decisions.get(decision_id)
        if found is None:
            raise ExecutionFailed("no such decision", kind="decision_missing", decision_id=decision_id)
        room, element = found
        session = Session(host)
        try:
            given = {name: to_feel(value) for name, value in variables.items()}
        except FeelError as error:
            raise ExecutionFailed(error.text("en"), kind="feel", element_id=decision_id, code=error.code) from error
        work = Work(session, given)
        if isinstance(element, DecisionService):
            value = work.service(room, element)(given)
        else:
            value = work.decision(room, element)
        return Decided(from_feel(value), session.trace["required"][-1] if session.trace.get("required") else {})

    def input_names(self, decision_id: str) -> frozenset[str]:
        """The variables a decision and what it requires read; properties of ``case`` count as ``case``."""
        from engine.decisions.describing import input_names

        if decision_id not in self._decisions:
            raise ExecutionFailed("no such decision", kind="decision_missing", decision_id=decision_id)
        return input_names(*self._decisions[decision_id])

    def analyse(self, decision_id: str) -> Analysis:
        """Gaps, overlaps, dead rules and bad outputs of a decision that is a table.

        Raises:
            ExecutionFailed: there is no such table.
        """
        room, element = self._decisions.get(decision_id, (None, None))
        if room is None or not isinstance(element, Decision) or not isinstance(element.logic, DecisionTable):
            raise ExecutionFailed("no such decision table", kind="decision_missing", decision_id=decision_id)
        return analyse(element.logic, room.types, room.library)

    def problems(self) -> list[Problem]:
        """Everything wrong with the decisions that the files alone do not show: expressions, names, types, overlaps."""
        from engine.decisions.checks import problems

        return problems(self.rooms)
