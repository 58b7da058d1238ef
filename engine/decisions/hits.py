"""What becomes of several hits: their order by output values, and COLLECT's aggregation."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.decisions.model import DecisionTable
from engine.decisions.regions import Region, Undecidable, region_kind, region_of
from engine.decisions.session import Session
from engine.feel import SCRIPT_LIMITS, FeelError, Library, compile_expression, compile_unary_tests
from engine.feel import nodes as n

_AGGREGATES = {name: compile_expression(f"{name.lower()}(hits)") for name in ("SUM", "MIN", "MAX")}
Rank = Callable[[Sequence[Any]], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A rule that fired: its index, and its output values in the order of the columns."""

    rule: int
    values: list[Any]


def aggregate(kind: str, hits: tuple[Any, ...], session: Session, element_id: str) -> Any:
    """COLLECT with ``kind``; COUNT counts the hits, equal ones too (DMN 1.5, 8.2.10)."""
    if kind == "COUNT":
        return Decimal(len(hits))
    return session.evaluate(_AGGREGATES[kind], {"hits": hits}, element_id)


def compile_ranks(table: DecisionTable, allowed: Sequence[str], library: Library) -> Rank:
    """The sort key of output values: the place of each in its column's allowed values, first column first."""
    if table.hit_policy not in {"PRIORITY", "OUTPUT ORDER"}:
        return lambda values: ()
    orders = [_regions(text, library) for text in allowed]

    def rank(values: Sequence[Any]) -> tuple[int, ...]:
        return tuple(_place(order, value) for order, value in zip(orders, values, strict=True) if order)

    return rank


def _regions(text: str, library: Library) -> list[Region]:
    """The allowed values one by one, in their order."""
    if not text:
        return []
    try:
        tree = compile_unary_tests(text, library=library, limits=SCRIPT_LIMITS).tree
    except FeelError:
        return []
    assert isinstance(tree, n.Tests)
    bounds = [test.position for test in tree.tests] + [len(text)]
    found = []
    for start, end in itertools.pairwise(bounds):
        try:
            found.append(region_of(text[start:end].rstrip().rstrip(","), library))
        except Undecidable:
            continue
    return found


def _place(order: list[Region], value: Any) -> int:
    for place, region in enumerate(order):
        if region.kind in (region_kind(value), "Any", "null") and region.contains(value):
            return place
    return len(order)
