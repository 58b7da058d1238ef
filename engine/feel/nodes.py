"""The tree of a parsed expression; every node knows its ``position`` in the source, and ``walk`` visits them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from engine.feel.types import FeelType


@dataclass(frozen=True, slots=True)
class Node:
    """Some part of an expression."""

    position: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A constant: number, string, true, false, null, ``@"…"``."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A name that is read; ``?`` is the tested value."""

    name: str


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """``- operand``."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """``first + a - b …``: operators of one rank from left to right, as (operator, its position, operand)."""

    first: Node
    rest: tuple[tuple[str, int, Node], ...]


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """``left op right`` with one of ``= != < <= > >=``."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    """``value between low and high``."""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """``value in test`` or ``value in (test, …)``."""

    value: Node
    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Junction(Node):
    """``a and b …`` or ``a or b …``."""

    op: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    """``value instance of type``."""

    value: Node
    type: FeelType


@dataclass(frozen=True, slots=True)
class If(Node):
    """``if … then … else if … then … else …``."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Iteration(Node):
    """``name in source`` or ``name in source..end``."""

    name: str
    source: Node
    end: Node | None


@dataclass(frozen=True, slots=True)
class For(Node):
    """``for … in …, … return body``."""

    iterators: tuple[Iteration, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """``some/every … in … satisfies body``."""

    kind: str
    iterators: tuple[Iteration, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """``[a, b]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry(Node):
    """``key: value`` in a context."""

    key: str
    value: Node


@dataclass(frozen=True, slots=True)
class ContextLiteral(Node):
    """``{a: 1, "b c": 2}``."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class RangeLiteral(Node):
    """``[start..end)``."""

    start: Node
    end: Node
    start_included: bool
    end_included: bool


@dataclass(frozen=True, slots=True)
class UnaryComparison(Node):
    """``< 5`` on its own: a test, or as a value the range of everything below 5."""

    op: str
    operand: Node


@dataclass(frozen=True, slots=True)
class FunctionLiteral(Node):
    """``function(a: type, b) body``; ``external`` ones are never run."""

    parameters: tuple[tuple[str, FeelType], ...]
    body: Node
    external: bool


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``function(a, b)`` or, with ``names``, ``function(x: a, y: b)``."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Path(Node):
    """``source.name``."""

    source: Node
    name: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """``source[condition]``."""

    source: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Tests(Node):
    """Unary tests: one of ``tests`` holds, or with ``negated`` none; without tests (``-``) everything passes."""

    tests: tuple[Node, ...]
    negated: bool


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below ``node``, in the order of the source."""
    for field in fields(node):
        yield from _nodes_in(getattr(node, field.name))


def _nodes_in(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes_in(item)


def walk(node: Node) -> Iterator[Node]:
    """``node`` and everything below it, parents first."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(list(children(current))))


def size(node: Node) -> int:
    """How many nodes the tree has."""
    return sum(1 for _ in walk(node))


def reads(node: Node, name: str) -> bool:
    """Whether ``name`` is read anywhere in the tree."""
    return any(isinstance(part, Name) and part.name == name for part in walk(node))
