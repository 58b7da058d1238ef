"""What a decision is called, what goes in and what comes out: for lists, the workbench, and checks of names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from engine.decisions.model import (
    EMPTY,
    ContextLogic,
    Decision,
    DecisionService,
    DecisionTable,
    DmnFile,
    Expression,
    FilterLogic,
    FunctionLogic,
    IterationLogic,
    Literal,
)
from engine.feel import SCRIPT_LIMITS, FeelError, Library, compile_expression, compile_unary_tests

if TYPE_CHECKING:
    from engine.decisions.rooms import Room


def texts(logic: Expression) -> Iterator[tuple[str, str, bool, frozenset[str], int | None]]:
    """Every FEEL text of an expression: (element id, text, unary?, names the model itself brings in, line)."""
    yield from _texts(logic, frozenset())


def _texts(logic: Expression, local: frozenset[str]) -> Iterator[tuple[str, str, bool, frozenset[str], int | None]]:
    if isinstance(logic, Literal):
        yield logic.id, logic.text, False, local, logic.line
    elif isinstance(logic, DecisionTable):
        yield from _table_texts(logic, local)
    elif isinstance(logic, ContextLogic):
        for entry in logic.entries:
            yield from _texts(entry.value, local)
            local = local | {entry.name}
    elif isinstance(logic, FunctionLogic):
        if logic.body is not None:
            yield from _texts(logic.body, local | {p.name for p in logic.parameters})
    elif isinstance(logic, FilterLogic):
        yield from _texts(logic.source, local)
        yield from _texts(logic.match, local | {"item", "*"})
    elif isinstance(logic, IterationLogic):
        yield from _texts(logic.source, local)
        yield from _texts(logic.body, local | {logic.variable, "partial"})
    else:
        for part in _parts(logic):
            yield from _texts(part, local)


def _parts(logic: Any) -> Iterable[Expression]:
    found: list[Expression] = []
    for name in ("called", "condition", "then", "otherwise"):
        if hasattr(logic, name):
            found.append(getattr(logic, name))
    found += [value for _, value in getattr(logic, "bindings", ())]
    found += getattr(logic, "items", ())
    found += [cell for row in getattr(logic, "rows", ()) for cell in row]
    return found


def _table_texts(
    table: DecisionTable, local: frozenset[str]
) -> Iterator[tuple[str, str, bool, frozenset[str], int | None]]:
    for clause in table.inputs:
        yield clause.id, clause.expression, False, local, clause.line
        yield clause.id, clause.allowed, True, local, clause.line
    for output in table.outputs:
        yield output.id, output.allowed, True, local, output.line
        yield output.id, output.default, False, local, output.line
    for rule in table.rules:
        for cell in rule.inputs:
            yield cell.id, cell.text, True, local, cell.line
        for cell in rule.outputs:
            yield cell.id, "" if cell.text == "-" else cell.text, False, local, cell.line


def reads(logic: Expression, library: Library, known: Iterable[str] = ()) -> frozenset[str]:
    """The names an expression reads that it does not bring in itself."""
    names = frozenset(known)
    found: set[str] = set()
    for _, text, unary, local, _ in texts(logic):
        if text.strip() in EMPTY:
            continue
        try:
            compile_ = compile_unary_tests if unary else compile_expression
            found |= compile_(text, library=library, limits=SCRIPT_LIMITS, names=names).names - local
        except FeelError:
            continue
    return frozenset(found - {"?"})


def input_names(room: Room, element: Decision | DecisionService) -> frozenset[str]:
    """The variables that must be there for a decision, through everything it requires."""
    return frozenset(_inputs(room, element, set()))


def _inputs(room: Room, element: Any, seen: set[str]) -> set[str]:
    if element.id in seen:
        return set()
    seen.add(element.id)
    if isinstance(element, DecisionService):
        hrefs = (*element.input_data, *element.input_decisions)
        return set(room.names_of(hrefs))
    logic = getattr(element, "logic", None)
    hrefs = (*getattr(element, "required_decisions", ()), *getattr(element, "required_inputs", ()))
    knowledge = getattr(element, "required_knowledge", ())
    given = set(room.names_of((*getattr(element, "required_decisions", ()), *knowledge)))
    found = set(reads(logic, room.library, room.names_of((*hrefs, *knowledge)))) - given if logic else set()
    found |= set(room.names_of(getattr(element, "required_inputs", ())))
    for href in getattr(element, "required_decisions", ()):
        target = room.find(href)
        if target is not None:
            found |= _inputs(*target, seen)
    return found


def describe(file: DmnFile) -> list[dict[str, Any]]:
    """The file's decisions, JSON-able: id, name, kind of logic, inputs and outputs with types and allowed values."""
    return [_describe(file, decision) for decision in file.decisions.values()]


def _describe(file: DmnFile, decision: Decision) -> dict[str, Any]:
    logic = decision.logic
    made: dict[str, Any] = {
        "id": decision.id,
        "name": decision.name,
        "file": file.file,
        "kind": _kind(logic),
        "type": decision.type_ref,
        "description": decision.description,
        "requires": [*decision.required_decisions, *decision.required_knowledge],
        "inputs": [],
        "outputs": [],
    }
    for href in decision.required_inputs:
        if href in file.inputs:
            made["inputs"].append({"name": file.inputs[href].name, "type": file.inputs[href].type_ref})
    if isinstance(logic, DecisionTable):
        made["hit_policy"], made["aggregation"] = logic.hit_policy, logic.aggregation
        made["rules"] = [rule.id for rule in logic.rules]
        made["annotations"] = list(logic.annotations)
        made["columns"] = [
            {"id": c.id, "expression": c.expression, "label": c.label, "type": c.type_ref, "allowed": c.allowed}
            for c in logic.inputs
        ]
        made["outputs"] = [
            {
                "id": c.id,
                "name": c.name,
                "label": c.label,
                "type": c.type_ref,
                "allowed": c.allowed,
                "default": c.default,
            }
            for c in logic.outputs
        ]
    else:
        made["outputs"] = [{"name": decision.variable, "type": decision.type_ref}]
    return made


def _kind(logic: Expression | None) -> str:
    if logic is None:
        return ""
    if isinstance(logic, IterationLogic):
        return logic.kind
    return {"DecisionTable": "table"}.get(type(logic).__name__, type(logic).__name__.removesuffix("Logic").lower())
