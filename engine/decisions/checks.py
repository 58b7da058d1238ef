"""What publishing must know of decisions: broken FEEL, unknown names and types, overlaps, gaps, cycles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from engine.decisions.analysis import Analysis, analyse
from engine.decisions.describing import texts
from engine.decisions.model import (
    EMPTY,
    Decision,
    DecisionTable,
    Expression,
    FunctionLogic,
    ItemDefinition,
    KnowledgeModel,
)
from engine.errors import ExecutionFailed, Problem
from engine.feel import SCRIPT_LIMITS, check_expression

if TYPE_CHECKING:
    from engine.decisions.rooms import Room


def problems(rooms: Iterable[Room]) -> list[Problem]:
    """Every problem of the files' decisions together."""
    found: list[Problem] = []
    for room in rooms:
        found += _imports(room)
        found += [problem for item in room.file.types.values() for problem in _item(room, item, item.name)]
        found += _size_of_types(room)
        for decision in room.file.decisions.values():
            found += _requirements(room, decision)
            found += _cycle(room, decision)
            if decision.logic is not None:
                hrefs = (*decision.required_decisions, *decision.required_inputs, *decision.required_knowledge)
                found += _expressions(room, decision, decision.logic, hrefs)
                found += _types(room, decision, decision.type_ref)
            if isinstance(decision.logic, DecisionTable):
                found += _table(room, decision, decision.logic)
        for model in room.file.knowledge.values():
            if isinstance(model.logic, FunctionLogic):
                found += _expressions(room, model, model.logic, model.required_knowledge)
    return found


def _problem(
    room: Room,
    code: str,
    element: Decision | KnowledgeModel,
    facts: dict[str, Any],
    *,
    element_id: str = "",
    line: int | None = None,
    severity: str = "error",
) -> Problem:
    where = element_id or element.id
    return Problem(code, room.file.file, where, element.name, line or element.line, facts, severity)


def _imports(room: Room) -> Iterator[Problem]:
    for entry in room.file.imports:
        if entry.namespace not in room.rooms:
            facts = {"name": entry.name, "namespace": entry.namespace}
            yield Problem("import_missing", room.file.file, facts=facts)


def _requirements(room: Room, decision: Decision) -> Iterator[Problem]:
    for href in (*decision.required_decisions, *decision.required_inputs, *decision.required_knowledge):
        if room.find(href) is None:
            yield _problem(room, "requirement_missing", decision, {"href": href})


def _cycle(room: Room, decision: Decision) -> Iterator[Problem]:
    waiting, seen = [(room, href) for href in decision.required_decisions], set()
    while waiting:
        place, href = waiting.pop()
        target = place.find(href)
        if target is None or not isinstance(target[1], Decision):
            continue
        if target[1] is decision:
            yield _problem(room, "decision_cycle", decision, {})
            return
        if (id(target[0]), target[1].id) not in seen:
            seen.add((id(target[0]), target[1].id))
            waiting += [(target[0], required) for required in target[1].required_decisions]


def _expressions(
    room: Room, element: Decision | KnowledgeModel, logic: Expression, hrefs: Iterable[str]
) -> Iterator[Problem]:
    """FEEL that is none, unknown functions, and, where the model declares what it reads, unknown names."""
    brought = set(room.names_of(hrefs))
    declares = isinstance(element, KnowledgeModel) or bool(getattr(element, "required_inputs", ()))
    for identity, text, unary, local, line in texts(logic):
        if text.strip() in EMPTY:
            continue
        known = brought | local
        names = known if declares and "*" not in local else None
        if names is None:
            # Without declared inputs any variable of the process may be meant; functions are checked all the same.
            listed = check_expression(text, library=room.library, limits=SCRIPT_LIMITS, names=None, unary=unary)
            listed = [p for p in listed if p.code != "unknown_function" or p.facts.get("name") not in known]
        else:
            listed = check_expression(text, library=room.library, limits=SCRIPT_LIMITS, names=names, unary=unary)
        for problem in listed:
            facts = {**problem.facts, "code": problem.code, "text": text, "position": problem.position}
            facts |= {"zh": problem.text("zh"), "en": problem.text("en")}
            yield _problem(room, "feel", element, facts, element_id=identity, line=line)
    for reference, identity in _references(logic):
        yield from _types(room, element, reference, identity)


def _references(logic: Expression) -> Iterator[tuple[str, str]]:
    if isinstance(logic, DecisionTable):
        yield from ((clause.type_ref, clause.id) for clause in logic.inputs)
        yield from ((clause.type_ref, clause.id) for clause in logic.outputs)
    elif isinstance(logic, FunctionLogic):
        for parameter in logic.parameters:
            yield parameter.type_ref, logic.id
    else:
        yield logic.type_ref, logic.id


def _types(room: Room, element: Any, reference: str, identity: str = "") -> Iterator[Problem]:
    if not room.types.knows(reference):
        yield _problem(room, "unknown_type", element, {"type": reference}, element_id=identity)


def _size_of_types(room: Room) -> Iterator[Problem]:
    for item in room.file.types.values():
        try:
            room.types.constraint(item.name)
        except ExecutionFailed as error:
            if error.kind == "decision_types":
                yield Problem("types_too_large", room.file.file, item.name, item.name, item.line, dict(error.facts))
                return


def _item(room: Room, item: ItemDefinition, name: str) -> Iterator[Problem]:
    references = [item.type_ref] if item.type_ref else []
    if item.function is not None:
        references += [*(p.type_ref for p in item.function[0]), item.function[1]]
    for reference in references:
        if not room.types.knows(reference):
            yield Problem("unknown_type", room.file.file, name, name, item.line, {"type": reference})
    for text in (item.allowed, item.constraint):
        for problem in check_expression(text, library=room.library, limits=SCRIPT_LIMITS, unary=True) if text else ():
            facts = {**problem.facts, "text": text, "zh": problem.text("zh"), "en": problem.text("en")}
            yield Problem("feel", room.file.file, name, name, item.line, facts)
    for component in item.components:
        yield from _item(room, component, f"{name}.{component.name}")


# -- tables -----------------------------------------------------------------------------------------------------
def _table(room: Room, decision: Decision, table: DecisionTable) -> Iterator[Problem]:
    broken = any(
        check_expression(text, library=room.library, limits=SCRIPT_LIMITS, unary=unary)
        for _, text, unary, _, _ in texts(table)
        if text.strip() not in EMPTY
    )
    try:
        found = analyse(table, room.types, room.library)
    except ExecutionFailed as error:
        # The type's own allowed values are no FEEL (told at the type), or its parts are too many.
        facts: dict[str, Any] = {"reason": str(error.kind), "count": 1, "text": error.reason}
        yield _problem(room, "table_undecided", decision, facts)
        return
    yield from _overlaps(room, decision, table, found)
    for dead in found.dead_rules:
        facts = {"row": dead.row, "reason": dead.reason}
        yield _problem(room, "rule_never_fires", decision, facts, element_id=dead.rule, severity="warning")
    for bad in found.bad_outputs:
        facts = {"row": bad.row, "column": bad.column, "text": bad.text, "allowed": bad.allowed, "reason": bad.reason}
        yield _problem(room, "output_not_allowed", decision, facts, element_id=bad.rule)
    if found.gaps and not found.has_default and table.hit_policy not in {"COLLECT", "RULE ORDER", "OUTPUT ORDER"}:
        gap = found.gaps[0]
        facts = {
            "inputs": gap.inputs,
            "example": gap.text,
            "any": list(gap.any),
            "count": len(found.gaps),
            "more": "gaps" in found.more,
        }
        yield _problem(room, "table_gap", decision, facts, severity="warning")
    if found.undecided and not broken:
        first = found.undecided[0]
        facts = {"reason": first.reason, "column": first.column, "text": first.text, "row": first.row}
        facts["count"] = len(found.undecided)
        yield _problem(room, "table_undecided", decision, facts, severity="warning")


def _overlaps(room: Room, decision: Decision, table: DecisionTable, found: Analysis) -> Iterator[Problem]:
    if table.hit_policy not in {"UNIQUE", "ANY"}:
        return
    # Columns that hang together may make the example impossible, so it is then only shown.
    unsure = any(item.reason == "dependent" for item in found.undecided)
    for overlap in found.overlaps:
        if table.hit_policy == "ANY" and overlap.agrees:
            continue
        facts: dict[str, Any] = {"rules": list(overlap.rules), "rows": list(overlap.rows), "inputs": overlap.inputs}
        facts |= {"hit_policy": table.hit_policy, "first": overlap.rows[0], "second": overlap.rows[1]}
        facts["example"] = overlap.text
        severity = "warning" if unsure else "error"
        yield _problem(room, "table_overlap", decision, facts, severity=severity)
