"""``DecisionSet``: the decisions of several files together, asked by id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.decisions.analysis import Analysis, analyse
from engine.decisions.boxed import Code, Compiler, function_value
from engine.decisions.model import (
    Decision,
    DecisionService,
    DecisionTable,
    DmnFile,
    InputData,
    ItemDefinition,
    KnowledgeModel,
    Literal,
)
from engine.decisions.session import Decided, Names, Session, coerced, jsonable
from engine.decisions.types import Types
from engine.errors import ExecutionFailed, Problem
from engine.feel import (
    SCRIPT_LIMITS,
    STANDARD,
    Context,
    FeelError,
    FunctionValue,
    Host,
    Library,
    compile_expression,
    from_feel,
    to_feel,
)

Element = Decision | KnowledgeModel | DecisionService | InputData


@dataclass
class Room:
    """A file among the others: how its hrefs and types are found, and what was compiled of it."""

    file: DmnFile
    types: Types
    library: Library
    rooms: Mapping[str, Room]
    compiled: dict[str, Code] = field(default_factory=dict)
    makers: dict[str, Callable[[Names, Session], FunctionValue]] = field(default_factory=dict)

    def find(self, href: str) -> tuple[Room, Element] | None:
        """The element an href means, and the file it is in."""
        namespace, _, local = href.rpartition("#")
        room = self.rooms.get(namespace) if namespace else self
        if room is None:
            return None
        file = room.file
        for elements in (file.decisions, file.knowledge, file.services, file.inputs):
            if local in elements:
                return room, elements[local]
        return None

    def prefix(self, href: str) -> str:
        """The name under which an imported element is seen, or nothing."""
        namespace = href.rpartition("#")[0]
        return next((entry.name for entry in self.file.imports if entry.namespace == namespace), "")

    def names_of(self, hrefs: Iterable[str]) -> list[str]:
        """The names that requirements bring into scope."""
        found = []
        for href in hrefs:
            target = self.find(href)
            prefix = self.prefix(href)
            if target is not None:
                found.append(prefix or variable_of(target[1]))
        return found


def variable_of(element: Element) -> str:
    """The name an element has in expressions."""
    return element.name if isinstance(element, InputData) else element.variable


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
            except FeelError:
                return  # a constraint that is no FEEL; ``problems`` says which

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
        work = _Work(session, given)
        if isinstance(element, DecisionService):
            value = work.service(room, element)(given)
        else:
            value = work.decision(room, element)
        return Decided(from_feel(value), session.trace["required"][-1] if session.trace.get("required") else {})

    def decision_ids(self) -> list[str]:
        """The ids that ``decide`` knows."""
        return list(self._decisions)

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


def _seen(logic: Literal, names: Names) -> dict[str, Any]:
    """The simple values a literal expression read; whole contexts (such as the case) are kept elsewhere."""
    try:
        read = compile_expression(logic.text, limits=SCRIPT_LIMITS).names
    except FeelError:
        return {}
    found = {name: names[name] for name in sorted(read) if name in names}
    return {name: jsonable(v) for name, v in found.items() if not isinstance(v, (Context, tuple, FunctionValue))}


class _Work:
    """Makes the decisions of one session; each once."""

    def __init__(self, session: Session, given: dict[str, Any], made: dict[tuple[int, str], Any] | None = None) -> None:
        self.session, self.given = session, given
        self.made = made if made is not None else {}
        self.making: set[tuple[int, str]] = set()

    def decision(self, room: Room, decision: Decision) -> Any:
        """The decision's value, typed as its variable."""
        key = (id(room), decision.id)
        if key in self.made:
            return self.made[key]
        if key in self.making:
            raise ExecutionFailed("decisions require each other", kind="decision_cycle", element_id=decision.id)
        if decision.logic is None:
            raise ExecutionFailed("a decision has no logic", kind="decision_empty", element_id=decision.id)
        self.making.add(key)
        outer, trace = self.session.trace, {"decision": decision.id, "name": decision.name}
        self.session.trace = trace
        try:
            names = self._scope(
                room, (*decision.required_decisions, *decision.required_inputs, *decision.required_knowledge)
            )
            code = self._code(room, decision)
            value = coerced(
                code(names, self.session), room.types.constraint(decision.type_ref), self.session, decision.id
            )
            self._finish(trace, decision, names, value)
        finally:
            self.session.trace = outer
            self.making.discard(key)
        outer.setdefault("required", []).append(trace)
        self.made[key] = value
        return value

    def _finish(self, trace: dict[str, Any], decision: Decision, names: Names, value: Any) -> None:
        if isinstance(decision.logic, DecisionTable):
            for entry in trace.pop("tables", [])[-1:]:
                trace.update(entry)
        elif isinstance(decision.logic, Literal):
            trace["expression"] = decision.logic.text
            trace["inputs"] = _seen(decision.logic, names)
        trace["value"] = jsonable(value)

    def _code(self, room: Room, decision: Decision) -> Code:
        code = room.compiled.get(decision.id)
        if code is None:
            assert decision.logic is not None
            known = room.names_of(
                (*decision.required_decisions, *decision.required_inputs, *decision.required_knowledge)
            )
            code = Compiler(room.types, room.library, known).compile(decision.logic)
            room.compiled[decision.id] = code
        return code

    def _scope(self, room: Room, hrefs: Iterable[str]) -> dict[str, Any]:
        names = dict(self.given)
        for href in hrefs:
            found = room.find(href)
            if found is None:
                raise ExecutionFailed("a required element is missing", kind="decision_requirement", href=href)
            target, element = found
            value = self._value(target, element)
            prefix, name = room.prefix(href), variable_of(element)
            if prefix:
                names[prefix] = Context(
                    {**(names[prefix] if isinstance(names.get(prefix), Context) else {}), name: value}
                )
            else:
                names[name] = value
        return names

    def _value(self, room: Room, element: Element) -> Any:
        if isinstance(element, Decision):
            return self.decision(room, element)
        if isinstance(element, KnowledgeModel):
            return self.knowledge(room, element)
        if isinstance(element, DecisionService):
            return self.service_function(room, element)
        value = self.given.get(element.name)
        return coerced(value, room.types.constraint(element.type_ref), self.session, element.id)

    def knowledge(self, room: Room, model: KnowledgeModel) -> FunctionValue:
        """The business knowledge model as a function value. What it requires is made when it is called."""
        if model.logic is None or model.logic.body is None:
            raise ExecutionFailed("only FEEL functions run", kind="function_kind", element_id=model.id)
        code = room.compiled.get(model.id)
        if code is None:
            names = [*room.names_of(model.required_knowledge), *(p.name for p in model.logic.parameters)]
            code = Compiler(room.types, room.library, names).compile(model.logic.body)
            room.compiled[model.id] = code
        run, result = code, room.types.constraint(self._result_type(model))

        def body(given: Mapping[str, Any]) -> Any:
            inner = _Work(self.session, {}, self.made)
            names = {**inner._scope(room, model.required_knowledge), **given}
            return coerced(run(names, self.session), result, self.session, model.id)

        wanted = [(p.name, room.types.constraint(p.type_ref)) for p in model.logic.parameters]
        return function_value(model.id, wanted, body, self.session, result=result.type)

    @staticmethod
    def _result_type(model: KnowledgeModel) -> str:
        return model.logic.type_ref if model.logic and model.logic.type_ref else ""

    def service(self, room: Room, service: DecisionService) -> Callable[[Mapping[str, Any]], Any]:
        """The service as a Python function of its parameters by name."""

        def body(given: Mapping[str, Any]) -> Any:
            outer, trace = self.session.trace, {"decision": service.id, "name": service.name}
            self.session.trace = trace
            inner = _Work(self.session, dict(given))
            try:
                for href in service.input_decisions:
                    target, decision = self._needed(room, href)
                    inner.made[(id(target), decision.id)] = given.get(variable_of(decision))
                values = Context()
                for href in service.outputs:
                    target, decision = self._needed(room, href)
                    values[variable_of(decision)] = inner._value(target, decision)
                made = next(iter(values.values())) if len(service.outputs) == 1 else values
                wanted = self._service_result(room, service)
                made = coerced(made, wanted, self.session, service.id)
                trace["value"] = jsonable(made)
            finally:
                self.session.trace = outer
            outer.setdefault("required", []).append(trace)
            return made

        return body

    @staticmethod
    def _service_result(room: Room, service: DecisionService) -> Any:
        item = room.file.types.get(service.type_ref)
        if item is not None and item.function is not None:
            return room.types.constraint(item.function[1])
        return room.types.constraint(service.type_ref)

    def service_function(self, room: Room, service: DecisionService) -> FunctionValue:
        """The service as a FEEL function: input data first, then input decisions (DMN 1.5, 10.4)."""
        wanted = []
        for href in (*service.input_data, *service.input_decisions):
            target, element = self._needed(room, href)
            wanted.append((variable_of(element), target.types.constraint(getattr(element, "type_ref", ""))))
        return function_value(service.id, wanted, self.service(room, service), self.session)

    @staticmethod
    def _needed(room: Room, href: str) -> tuple[Room, Element]:
        found = room.find(href)
        if found is None:
            raise ExecutionFailed("a required element is missing", kind="decision_requirement", href=href)
        return found
