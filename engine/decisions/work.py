"""Making decisions: scopes from requirements, knowledge models and services as functions, each decision once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.decisions.boxed import Code, Compiler, function_value
from engine.decisions.model import (
    Decision,
    DecisionService,
    DecisionTable,
    KnowledgeModel,
    Literal,
)
from engine.decisions.rooms import Element, Room, variable_of
from engine.decisions.session import Names, Session, coerced, jsonable
from engine.errors import ExecutionFailed
from engine.feel import (
    SCRIPT_LIMITS,
    Context,
    FeelError,
    FunctionValue,
    compile_expression,
)


def _seen(logic: Literal, names: Names) -> dict[str, Any]:
    """The simple values a literal expression read; whole contexts (such as the case) are kept elsewhere."""
    try:
        read = compile_expression(logic.text, limits=SCRIPT_LIMITS).names
    except FeelError:
        return {}
    found = {name: names[name] for name in sorted(read) if name in names}
    return {name: jsonable(v) for name, v in found.items() if not isinstance(v, (Context, tuple, FunctionValue))}


class Work:
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
            inner = Work(self.session, {}, self.made)
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
            inner = Work(self.session, dict(given))
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
