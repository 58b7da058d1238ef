"""What a cell lets through, as a set: intervals of ordered values, or some values and "all others".

A cell is decidable when everything it compares with is constant. ``analysis`` and the index of ``tables`` build on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.feel import LIMITS, SCRIPT_LIMITS, STANDARD, FeelError, Library, Range, compile_unary_tests, kind_of
from engine.feel import nodes as n
from engine.feel.budget import Run
from engine.feel.compiler import compile_node
from engine.feel.compiler_scope import Names
from engine.feel.temporal import Date, DateTime, DayTimeDuration, Time, YearMonthDuration

ORDERED: tuple[type, ...] = (Decimal, Date, DateTime, Time, DayTimeDuration, YearMonthDuration)
_CONSTRUCTORS = frozenset({"date", "time", "date and time", "duration", "number", "string", "range"})
_NOT = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_TURNED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}

# A cut lies just before (0) or just after (1) a value; None is the end of the axis on that side.
Cut = tuple[Any, int] | None


@dataclass(frozen=True)
class Region:
    """A set of values of one FEEL kind, and whether null belongs to it.

    Ordered kinds: disjoint, rising ``spans`` of (low cut, high cut). Others: ``values``, or all
    but them if ``negated``.
    Kind ``Any`` with ``negated`` and no values is everything, also null.
    """

    kind: str
    spans: tuple[tuple[Cut, Cut], ...] = ()
    values: frozenset[Any] = frozenset()
    negated: bool = False
    null: bool = False

    @property
    def everything(self) -> bool:
        return self.kind == "Any"

    def contains(self, value: Any) -> bool:
        """Whether the value (of this kind, or null) belongs to the set."""
        if self.everything:
            return True
        if value is None:
            return self.null
        if self.spans or kind_of(value) in _ORDERED_KINDS:
            return any(_after(value, low) and _before(value, high) for low, high in self.spans)
        return (value in self.values) != self.negated


_DURATIONS = frozenset({"days and time duration", "years and months duration"})
# A moment without an offset has no order with one that has, so they are kinds of their own here.
ZONED = " (zoned)"
_MOMENTS = frozenset({"time", "date and time"})
_ORDERED_KINDS = _DURATIONS | {"number", "date"} | _MOMENTS | {kind + ZONED for kind in _MOMENTS}


def region_kind(value: Any) -> str:
    """The kind of a value as regions tell them apart."""
    kind = kind_of(value)
    return kind + ZONED if kind in _MOMENTS and not value.is_local else kind


EVERYTHING = Region("Any", negated=True, null=True)
NOTHING = Region("none")


class Undecidable(Exception):
    """The cell cannot be reckoned with; ``reason`` is names, kinds, expression or broken."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _after(value: Any, cut: Cut) -> bool:
    return cut is None or (value > cut[0] if cut[1] else value >= cut[0])


def _before(value: Any, cut: Cut) -> bool:
    return cut is None or (value <= cut[0] if cut[1] else value < cut[0])


def ordered_kind(kind: str) -> bool:
    """Whether values of that kind lie on an axis."""
    return kind in _ORDERED_KINDS


# -- algebra ----------------------------------------------------------------------------------------------------
def union(regions: Iterable[Region]) -> Region:
    """Everything in any of them."""
    parts = [region for region in regions if region is not NOTHING]
    if any(region.everything for region in parts):
        return EVERYTHING
    if not parts:
        return NOTHING
    kind = _one_kind(parts)
    null = any(region.null for region in parts)
    if ordered_kind(kind):
        return Region(kind, _merge([span for region in parts for span in region.spans]), null=null)
    listed = frozenset().union(*(r.values for r in parts if not r.negated))
    negated = [r.values for r in parts if r.negated]
    if not negated:
        return Region(kind, values=listed, null=null)
    return Region(kind, values=frozenset.intersection(*negated) - listed, negated=True, null=null)


def complement(region: Region) -> Region:
    """Everything else; null belongs to exactly one of the two."""
    if region.everything:
        return NOTHING
    if region is NOTHING:
        return EVERYTHING
    if ordered_kind(region.kind):
        return Region(region.kind, _gaps(region.spans), null=not region.null)
    return Region(region.kind, values=region.values, negated=not region.negated, null=not region.null)


def intersection(first: Region, second: Region) -> Region:
    """What is in both."""
    if first.everything:
        return second
    if second.everything:
        return first
    return complement(union((complement(first), complement(second))))


def _one_kind(parts: list[Region]) -> str:
    kinds = {region.kind for region in parts} - {"null"}
    if len(kinds) > 1:
        raise Undecidable("kinds")
    return kinds.pop() if kinds else "null"


def _merge(spans: list[tuple[Cut, Cut]]) -> tuple[tuple[Cut, Cut], ...]:
    merged: list[tuple[Cut, Cut]] = []
    unbounded = [span for span in spans if span[0] is None]
    bounded = sorted((s for s in spans if s[0] is not None), key=lambda s: (s[0][0], s[0][1]))  # type: ignore[index]
    for low, high in unbounded + bounded:
        if merged and (merged[-1][1] is None or low is None or low <= merged[-1][1]):
            last = merged[-1][1]
            if last is not None and (high is None or high > last):
                merged[-1] = (merged[-1][0], high)
        else:
            merged.append((low, high))
    return tuple(merged)


def _gaps(spans: tuple[tuple[Cut, Cut], ...]) -> tuple[tuple[Cut, Cut], ...]:
    found: list[tuple[Cut, Cut]] = []
    position: Cut = None
    for low, high in spans:
        if low is not None:
            found.append((position, low))
        if high is None:
            return tuple(found)
        position = high
    found.append((position, None))
    return tuple(found)


# -- reading cells ----------------------------------------------------------------------------------------------
def region_of(text: str, library: Library = STANDARD) -> Region:
    """The set a cell (unary tests) lets through.

    Raises:
        Undecidable: it compares with something that is not constant, or mixes kinds.
    """
    if text.strip() in {"", "-"}:
        return EVERYTHING
    try:
        tree = compile_unary_tests(text, library=library, limits=SCRIPT_LIMITS).tree
        return _tests(tree, library)
    except FeelError as error:
        raise Undecidable("broken") from error


def _tests(node: n.Node, library: Library) -> Region:
    if not isinstance(node, n.Tests):
        return _test(node, library)
    if not node.tests:
        return EVERYTHING
    made = union(_test(test, library) for test in node.tests)
    return complement(made) if node.negated else made


def _test(node: n.Node, library: Library) -> Region:
    if isinstance(node, n.Literal):
        return _point(node.value)
    if isinstance(node, n.UnaryComparison):
        return compared(node.op, constant(node.operand, library))
    if isinstance(node, n.ListLiteral):
        return union(_test(item, library) for item in node.items)
    if isinstance(node, n.Call) and isinstance(node.function, n.Name) and node.function.name == "not":
        return complement(union(_test(argument, library) for argument in node.arguments))
    asked = _asked(node, library)
    if asked is not None:
        return asked
    value = constant(node, library)
    if isinstance(value, bool):
        raise Undecidable("expression")
    return _point(value)


def _asked(node: n.Node, library: Library) -> Region | None:
    """A test that names the tested value: ``? > 5``, ``? in (…)``, ``? between …``, and junctions of such."""
    if isinstance(node, n.Comparison):
        if _is_tested(node.left):
            return compared(node.op, constant(node.right, library))
        if _is_tested(node.right):
            return compared(_TURNED[node.op], constant(node.left, library))
    if isinstance(node, n.Between) and _is_tested(node.value):
        low, high = constant(node.low, library), constant(node.high, library)
        return intersection(compared(">=", low), compared("<=", high))
    if isinstance(node, n.In) and _is_tested(node.value):
        return union(_test(test, library) for test in node.tests)
    if isinstance(node, n.Junction) and n.reads(node, "?"):
        parts = [_test(operand, library) for operand in node.operands]
        if node.op == "or":
            return union(parts)
        made = parts[0]
        for part in parts[1:]:
            made = intersection(made, part)
        return made
    return None


def _is_tested(node: n.Node) -> bool:
    return isinstance(node, n.Name) and node.name == "?"


def constant(node: n.Node, library: Library = STANDARD) -> Any:
    """The value of an expression that reads no names and calls only constructors.

    Raises:
        Undecidable: it does more.
    """
    callees = {id(part.function) for part in n.walk(node) if isinstance(part, n.Call)}
    for part in n.walk(node):
        if isinstance(part, n.Name) and (id(part) not in callees or part.name not in _CONSTRUCTORS):
            raise Undecidable("names")
        if isinstance(part, (n.FunctionLiteral, n.For, n.Quantified, n.Filter)):
            raise Undecidable("expression")
    return compile_node(node, Names(library))(Run({}, None, LIMITS))


def compared(op: str, value: Any) -> Region:
    """Everything ``x`` for which ``x op value``."""
    if op in {"=", "!="}:
        made = _point(value)
        return made if op == "=" else _without_null(complement(made), value)
    kind = region_kind(value)
    if not ordered_kind(kind):
        raise Undecidable("kinds")
    spans: dict[str, tuple[Cut, Cut]] = {
        "<": (None, (value, 0)),
        "<=": (None, (value, 1)),
        ">": ((value, 1), None),
        ">=": ((value, 0), None),
    }
    return Region(kind, (spans[op],))


def _without_null(region: Region, value: Any) -> Region:
    """``!= 5`` lets null through as FEEL does; ``!= null`` everything but null."""
    if value is None:
        raise Undecidable("kinds")
    return region


def _point(value: Any) -> Region:
    if value is None:
        return Region("null", null=True)
    if isinstance(value, tuple):
        return union(_point(item) for item in value)
    if isinstance(value, Range):
        return _of_range(value)
    kind = region_kind(value)
    if ordered_kind(kind):
        return Region(kind, (((value, 0), (value, 1)),))
    if kind not in {"string", "boolean"}:
        raise Undecidable("kinds")
    return Region(kind, values=frozenset({value}))


def _of_range(value: Range) -> Region:
    ends = [end for end in (value.start, value.end) if end is not None]
    if not ends or (not value.op and len(ends) < 2):
        return NOTHING
    kind = region_kind(ends[0])
    if not ordered_kind(kind) or any(region_kind(end) != kind for end in ends):
        raise Undecidable("kinds")
    low: Cut = None if value.start is None else (value.start, 0 if value.start_included else 1)
    high: Cut = None if value.end is None else (value.end, 1 if value.end_included else 0)
    if low is not None and high is not None and low >= high:
        return NOTHING
    return Region(kind, ((low, high),))
