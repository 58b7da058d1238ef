"""Which names an expression reads from outside, found by walking its tree with the scopes it opens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from engine.feel.library import Library
from engine.feel.nodes import (
    Call,
    ContextLiteral,
    Filter,
    For,
    FunctionLiteral,
    Name,
    Node,
    Quantified,
    Tests,
    children,
)


class Read(NamedTuple):
    """A free name that is read; ``called`` as a function, or ``maybe`` an entry of a filtered list's item."""

    node: Name
    called: bool
    maybe: bool


def free_reads(node: Node, library: Library) -> Iterator[Read]:
    """Every reading of a name that the expression does not declare itself, functions of the library left out."""
    yield from _reads(node, frozenset(), False, library)


def free_names(node: Node, library: Library) -> frozenset[str]:
    """The names an expression may read from its context."""
    return frozenset(read.node.name for read in free_reads(node, library))


def _reads(node: Node, bound: frozenset[str], dynamic: bool, library: Library) -> Iterator[Read]:
    if isinstance(node, Name):
        if node.name not in bound:
            yield Read(node, False, dynamic)
    elif isinstance(node, Call) and isinstance(node.function, Name):
        if node.function.name not in bound and not library.find(node.function.name):
            yield Read(node.function, True, dynamic)
        for argument in node.arguments:
            yield from _reads(argument, bound, dynamic, library)
    elif isinstance(node, (For, Quantified)):
        for iterator in node.iterators:
            yield from _reads(iterator.source, bound, dynamic, library)
            if iterator.end is not None:
                yield from _reads(iterator.end, bound, dynamic, library)
            bound |= {iterator.name}
        yield from _reads(node.body, bound | {"partial"} if isinstance(node, For) else bound, dynamic, library)
    elif isinstance(node, FunctionLiteral):
        yield from _reads(node.body, bound | {name for name, _ in node.parameters}, dynamic, library)
    elif isinstance(node, ContextLiteral):
        for entry in node.entries:
            own = {entry.key} if isinstance(entry.value, FunctionLiteral) else frozenset[str]()
            yield from _reads(entry.value, bound | own, dynamic, library)
            bound |= {entry.key}
    elif isinstance(node, Filter):
        yield from _reads(node.source, bound, dynamic, library)
        yield from _reads(node.condition, bound | {"item"}, True, library)
    else:
        inner = bound | {"?"} if isinstance(node, Tests) else bound
        for child in children(node):
            yield from _reads(child, inner, dynamic, library)
