"""Which type an expression gives, as far as its text and the types of the names tell; for the workbench."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.feel.library import Library, parse_type
from engine.feel.nodes import (
    Arithmetic,
    Between,
    Call,
    Comparison,
    ContextLiteral,
    Filter,
    For,
    FunctionLiteral,
    If,
    In,
    InstanceOf,
    Iteration,
    Junction,
    ListLiteral,
    Literal,
    Name,
    Negation,
    Node,
    Path,
    Quantified,
    RangeLiteral,
    Tests,
    UnaryComparison,
)
from engine.feel.properties import property_types
from engine.feel.types import ANY, FeelType, type_of

Types = Mapping[str, FeelType]
_BOOLEAN, _NUMBER = FeelType("boolean"), FeelType("number")
_DAYS, _MONTHS = "days and time duration", "years and months duration"
_MOMENTS = ("date", "time", "date and time")
_TRUTHS = (Comparison, Between, In, Junction, InstanceOf, Quantified, Tests)


def type_given(node: Node, library: Library, names: Types) -> FeelType:
    """The type of the node's value; ``Any`` where it cannot be told. Null may always come instead."""
    if isinstance(node, _TRUTHS):
        return _BOOLEAN
    rule = _RULES.get(type(node))
    return rule(node, library, names) if rule is not None else ANY


def join(types: Iterable[FeelType]) -> FeelType:
    """The type that all of ``types`` are of; null takes no part."""
    found = {kind for kind in types if kind.kind != "Null"}
    if len(found) == 1:
        return found.pop()
    kinds = {kind.kind for kind in found}
    return FeelType(kinds.pop()) if len(kinds) == 1 else ANY


def _arithmetic(node: Arithmetic, library: Library, names: Types) -> FeelType:
    made = type_given(node.first, library, names)
    for op, _, operand in node.rest:
        made = _operation(op, made.kind, type_given(operand, library, names).kind)
    return made


def _operation(op: str, left: str, right: str) -> FeelType:
    if left == right == "number" or (op == "/" and left == right and left in (_DAYS, _MONTHS)):
        return _NUMBER
    if left == right == "string" and op == "+":
        return FeelType("string")
    if left == right and left in (_DAYS, _MONTHS) and op in "+-":
        return FeelType(left)
    if left in _MOMENTS and right in (_DAYS, _MONTHS):
        return FeelType(left)
    if left in _MOMENTS and right in _MOMENTS and op == "-":
        return FeelType(_DAYS)
    if {left, right} & {_DAYS, _MONTHS} and "number" in (left, right):
        return FeelType(right if left == "number" else left)
    return FeelType(right) if right in _MOMENTS and left in (_DAYS, _MONTHS) else ANY


def _if(node: If, library: Library, names: Types) -> FeelType:
    answers = [then for _, then in node.branches] + [node.otherwise]
    return join(type_given(answer, library, names) for answer in answers)


def _for(node: For, library: Library, names: Types) -> FeelType:
    return FeelType("list", (type_given(node.body, library, _with_iterators(node.iterators, library, names)),))


def _with_iterators(iterators: Iterable[Iteration], library: Library, names: Types) -> Types:
    inner = dict(names)
    for iterator in iterators:
        source = type_given(iterator.source, library, inner)
        inner[iterator.name] = source if iterator.end is not None else _item(source)
    return inner


def _item(kind: FeelType) -> FeelType:
    if kind.kind in ("list", "range"):
        return kind.parts[0] if kind.parts else ANY
    return kind


def _list(node: ListLiteral, library: Library, names: Types) -> FeelType:
    item = join(type_given(item, library, names) for item in node.items)
    return FeelType("list", (item,)) if item.kind != "Any" else FeelType("list")


def _context(node: ContextLiteral, library: Library, names: Types) -> FeelType:
    inner, members = dict(names), []
    for entry in node.entries:
        inner[entry.key] = type_given(entry.value, library, inner)
        members.append((entry.key, inner[entry.key]))
    return FeelType("context", members=tuple(members))


def _function(node: FunctionLiteral, library: Library, names: Types) -> FeelType:
    result = ANY if node.external else type_given(node.body, library, {**names, **dict(node.parameters)})
    return FeelType("function", tuple(kind for _, kind in node.parameters), result=result)


def _call(node: Call, library: Library, names: Types) -> FeelType:
    function = node.function
    if isinstance(function, Name) and function.name not in names:
        overloads = [f for f in library.find(function.name) if f.accepts(len(node.arguments), node.names)]
        return join(parse_type(overload.result) for overload in overloads) if overloads else ANY
    return type_given(function, library, names).result or ANY


def _path(node: Path, library: Library, names: Types) -> FeelType:
    source = type_given(node.source, library, names)
    if source.kind == "list" and source.parts:
        return FeelType("list", (_member(source.parts[0], node.name),))
    return _member(source, node.name)


def _member(source: FeelType, name: str) -> FeelType:
    if source.kind == "context":
        return dict(source.members).get(name, ANY)
    if source.kind == "range" and name in ("start", "end") and source.parts:
        return source.parts[0]
    return FeelType(property_types(source.kind).get(name, "Any"))


def _filter(node: Filter, library: Library, names: Types) -> FeelType:
    source = type_given(node.source, library, names)
    item = _item(source)
    inner = {**names, **dict(item.members), "item": item}
    if type_given(node.condition, library, inner).kind == "number":
        return item
    return source if source.kind == "list" else FeelType("list", (item,))


_RULES: dict[type[Node], Callable[[Any, Library, Types], FeelType]] = {
    Literal: lambda node, library, names: type_of(node.value),
    Name: lambda node, library, names: names.get(node.name, ANY),
    Negation: lambda node, library, names: type_given(node.operand, library, names),
    Arithmetic: _arithmetic,
    If: _if,
    For: _for,
    ListLiteral: _list,
    ContextLiteral: _context,
    RangeLiteral: lambda node, library, names: FeelType(
        "range", (join((type_given(node.start, library, names), type_given(node.end, library, names))),)
    ),
    UnaryComparison: lambda node, library, names: FeelType("range", (type_given(node.operand, library, names),)),
    FunctionLiteral: _function,
    Call: _call,
    Path: _path,
    Filter: _filter,
}
