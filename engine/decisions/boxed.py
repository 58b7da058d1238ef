"""Boxed expressions to closures ``(names, session) → FEEL value``; decision tables are in ``tables``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.decisions.model import (
    ConditionalLogic,
    ContextLogic,
    DecisionTable,
    Expression,
    FilterLogic,
    FunctionLogic,
    InvocationLogic,
    IterationLogic,
    ListLogic,
    Literal,
    Parameter,
    RelationLogic,
)
from engine.decisions.session import Names, Session, coerced
from engine.decisions.tables import compile_table
from engine.decisions.types import Constraint, Types
from engine.errors import ExecutionFailed
from engine.feel import (
    SCRIPT_LIMITS,
    Context,
    FeelError,
    FunctionValue,
    Library,
    Undefined,
    compile_expression,
    kind_of,
    to_feel,
)
from engine.feel import Parameter as FeelParameter
from engine.feel.library import invoke

Code = Callable[[Names, Session], Any]
_PLAIN_NAME = re.compile(r"[^\W\d]\w*")
_ITEMS = compile_expression("for each in given return each")
_TRUTH = {"some": compile_expression("any(given)"), "every": compile_expression("all(given)")}


class Compiler:
    """Compiles the expressions of one file. ``known`` are names in scope that FEEL could not tell from operations."""

    def __init__(self, types: Types, library: Library, known: Iterable[str] = ()) -> None:
        self.types, self.library = types, library
        self.known = frozenset(name for name in known if not _PLAIN_NAME.fullmatch(name))

    def compile(self, logic: Expression) -> Code:
        """The expression as a closure that also holds its value to its type."""
        code: Code = _COMPILERS[type(logic)](self, logic)
        return self.typed(code, logic.type_ref, logic.id)

    def typed(self, code: Code, type_ref: str, element_id: str) -> Code:
        """``code``, whose value is null unless it is of the type."""
        wanted = self.types.constraint(type_ref)
        if wanted.plain and wanted.type.kind == "Any":
            return code
        return lambda names, session: coerced(code(names, session), wanted, session, element_id)

    def feel(self, text: str, element_id: str) -> Code:
        """A FEEL text; one that is none fails when it is reached (``problems`` tells of it before)."""
        if not text.strip():
            return lambda names, session: None
        try:
            expression = compile_expression(text, library=self.library, limits=SCRIPT_LIMITS, names=self.known)
        except FeelError as error:
            return _broken(error, text, element_id)
        return lambda names, session: session.evaluate(expression, names, element_id)

    # -- kinds --------------------------------------------------------------------------------------------------
    def literal(self, logic: Literal) -> Code:
        return self.feel(logic.text, logic.id)

    def table(self, logic: DecisionTable) -> Code:
        return compile_table(logic, self.types, self.library, self.known)

    def context(self, logic: ContextLogic) -> Code:
        entries = [
            (entry.name, self.typed(self.compile(entry.value), entry.type_ref, entry.value.id))
            for entry in logic.entries
        ]

        def make(names: Names, session: Session) -> Any:
            made, inner = Context(), dict(names)
            for name, code in entries:
                value = code(inner, session)
                if not name:
                    return value
                made[name] = inner[name] = value
            return made

        return make

    def relation(self, logic: RelationLogic) -> Code:
        rows = [
            [
                (name, self.typed(self.compile(cell), type_ref, cell.id))
                for (name, type_ref), cell in zip(logic.columns, row, strict=False)
            ]
            for row in logic.rows
        ]
        return lambda names, session: tuple(Context((name, code(names, session)) for name, code in row) for row in rows)

    def list_of(self, logic: ListLogic) -> Code:
        items = [self.compile(item) for item in logic.items]
        return lambda names, session: tuple([code(names, session) for code in items])

    def function(self, logic: FunctionLogic) -> Code:
        return self.function_maker(logic.id, "", logic.parameters, logic.body)

    def function_maker(
        self, element_id: str, name: str, parameters: Iterable[Parameter], body: Expression | None
    ) -> Callable[[Names, Session], FunctionValue]:
        """A closure that makes the function value in a scope."""
        if body is None:
            raise ExecutionFailed("only FEEL functions run", kind="function_kind", element_id=element_id)
        wanted = [(p.name, self.types.constraint(p.type_ref)) for p in parameters]
        code = self.compile(body)
        result = self.types.constraint(body.type_ref).type

        def make(names: Names, session: Session) -> FunctionValue:
            return function_value(
                element_id, wanted, lambda given: code({**names, **given}, session), session, name=name, result=result
            )

        return make

    def invocation(self, logic: InvocationLogic) -> Code:
        called = self.compile(logic.called)
        bindings = [(name, self.compile(value)) for name, value in logic.bindings]

        def call(names: Names, session: Session) -> Any:
            function = called(names, session)
            given = [code(names, session) for _, code in bindings]
            return call_function(function, given, [name for name, _ in bindings], names, session, logic.id)

        return call

    def conditional(self, logic: ConditionalLogic) -> Code:
        condition, then, otherwise = (self.compile(e) for e in (logic.condition, logic.then, logic.otherwise))
        return lambda names, session: (then if condition(names, session) is True else otherwise)(names, session)

    def filter(self, logic: FilterLogic) -> Code:
        source, match = self.compile(logic.source), self.compile(logic.match)
        position = compile_expression("given[at]")

        def select(names: Names, session: Session) -> Any:
            items = source(names, session)
            if items is None:
                return None
            kept = []
            for item in items if type(items) is tuple else (items,):
                inner = {**names, **item, "item": item} if type(item) is Context else {**names, "item": item}
                passed = match(inner, session)
                if not isinstance(passed, bool) and passed is not None:
                    return session.evaluate(position, {"given": items, "at": passed}, logic.id)
                if passed:
                    kept.append(item)
            return tuple(kept)

        return select

    def iteration(self, logic: IterationLogic) -> Code:
        source, body = self.compile(logic.source), self.compile(logic.body)
        truth = _TRUTH.get(logic.kind)

        def repeat(names: Names, session: Session) -> Any:
            items = session.evaluate(_ITEMS, {"given": source(names, session)}, logic.id)
            if items is None:
                return None
            found: list[Any] = []
            for item in items:
                inner = {**names, logic.variable: item}
                if truth is None:
                    inner["partial"] = tuple(found)
                found.append(body(inner, session))
            made = tuple(found)
            return made if truth is None else session.evaluate(truth, {"given": made}, logic.id)

        return repeat


_COMPILERS: dict[type, Callable[[Compiler, Any], Code]] = {
    Literal: Compiler.literal,
    DecisionTable: Compiler.table,
    ContextLogic: Compiler.context,
    RelationLogic: Compiler.relation,
    ListLogic: Compiler.list_of,
    FunctionLogic: Compiler.function,
    InvocationLogic: Compiler.invocation,
    ConditionalLogic: Compiler.conditional,
    FilterLogic: Compiler.filter,
    IterationLogic: Compiler.iteration,
}


def _broken(error: FeelError, text: str, element_id: str) -> Code:
    def fail(names: Names, session: Session) -> Any:
        raise ExecutionFailed(
            error.text("en"), kind="feel", element_id=element_id, expression=text, code=error.code
        ) from error

    return fail


def function_value(
    element_id: str,
    parameters: Iterable[tuple[str, Constraint]],
    body: Callable[[Mapping[str, Any]], Any],
    session: Session,
    *,
    name: str = "",
    result: Any = None,
) -> FunctionValue:
    """A FEEL function whose body is decided by this package."""
    wanted = tuple(parameters)

    def call(run: Any, arguments: list[Any]) -> Any:
        if len(arguments) != len(wanted):
            raise Undefined("wrong_arguments", name=name)
        given = {
            parameter: constraint.coerce(to_feel(value), session.host)
            for (parameter, constraint), value in zip(wanted, arguments, strict=True)
        }
        session.enter(element_id)
        try:
            return body(given)
        finally:
            session.leave()

    made = tuple(FeelParameter(parameter, constraint.type) for parameter, constraint in wanted)
    return FunctionValue(made, call, result=result)


def call_function(
    function: Any, arguments: list[Any], bound: list[str], names: Names, session: Session, element_id: str
) -> Any:
    """Call a function value with named arguments; null with a reason when they do not fit."""
    try:
        if not isinstance(function, FunctionValue):
            raise Undefined("wrong_type", wanted="function", found=kind_of(function))
        return invoke(session.run(names), function, arguments, bound)
    except Undefined as error:
        session.undefined(error, element_id)
        return None
    except FeelError as error:
        raise ExecutionFailed(error.text("en"), kind="feel", element_id=element_id, code=error.code) from error
