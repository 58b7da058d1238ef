"""Functions on ranges and points (DMN 1.5, 10.3.4.7), and ``range(…)`` that reads one from text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.feel.budget import LIMITS, Run
from engine.feel.compare import ordered
from engine.feel.errors import FeelError, Undefined
from engine.feel.functions_base import Theme
from engine.feel.lexer import tokenize
from engine.feel.names import KnownNames
from engine.feel.nodes import Call, Literal, Name, Node
from engine.feel.temporal_text import parse_date, parse_date_time, parse_duration, parse_time
from engine.feel.values import Range, kind_of

define = Theme("ranges")


def _order(run: Run, a: Any, b: Any) -> int:
    """-1, 0 or 1; ends that are open are told apart by ``_start`` and ``_end``."""
    if isinstance(a, int) and not isinstance(a, bool):
        return 0 if a == b else a
    if isinstance(b, int) and not isinstance(b, bool):
        return -b
    less = ordered(run, "<", a, b)
    if less is None:
        raise Undefined("no_order", op="<", left=kind_of(a), right=kind_of(b))
    return -1 if less else int(bool(ordered(run, ">", a, b)))


def _start(span: Range) -> Any:
    return -1 if span.start is None else span.start


def _end(span: Range) -> Any:
    return 1 if span.end is None else span.end


def _starts_no_later(run: Run, a: Range, b: Range) -> bool:
    order = _order(run, _start(a), _start(b))
    return order < 0 or (order == 0 and (a.start_included or not b.start_included))


def _ends_no_earlier(run: Run, a: Range, b: Range) -> bool:
    order = _order(run, _end(a), _end(b))
    return order > 0 or (order == 0 and (a.end_included or not b.end_included))


def _reaches(run: Run, a: Range, b: Range) -> bool:
    """Whether ``a`` goes on at least to where ``b`` starts."""
    order = _order(run, _end(a), _start(b))
    return order > 0 or (order == 0 and a.end_included and b.start_included)


def _same_start(run: Run, a: Range, b: Range) -> bool:
    return a.start_included == b.start_included and _order(run, _start(a), _start(b)) == 0


def _same_end(run: Run, a: Range, b: Range) -> bool:
    return a.end_included == b.end_included and _order(run, _end(a), _end(b)) == 0


def _is_before(run: Run, a: Any, b: Any) -> bool:
    end, closed = (_end(a), a.end_included) if isinstance(a, Range) else (a, True)
    start, opened = (_start(b), b.start_included) if isinstance(b, Range) else (b, True)
    order = _order(run, end, start)
    if not isinstance(a, Range) and not isinstance(b, Range):
        return order < 0
    return order < 0 or (order == 0 and not (closed and opened))


def _includes(run: Run, span: Range, other: Any) -> bool:
    if isinstance(other, Range):
        return _starts_no_later(run, span, other) and _ends_no_earlier(run, span, other)
    low, high = _order(run, _start(span), other), _order(run, _end(span), other)
    return (low < 0 or (low == 0 and span.start_included)) and (high > 0 or (high == 0 and span.end_included))


def _overlaps(run: Run, a: Range, b: Range) -> bool:
    return _reaches(run, a, b) and _reaches(run, b, a)


def _overlaps_before(run: Run, a: Range, b: Range) -> bool:
    earlier = not _starts_no_later(run, b, a)
    return earlier and _reaches(run, a, b) and _ends_no_earlier(run, b, a)


def _meets(run: Run, a: Range, b: Range) -> bool:
    return a.end_included and b.start_included and _order(run, _end(a), _start(b)) == 0


def _finishes(run: Run, a: Any, b: Range) -> bool:
    if isinstance(a, Range):
        return _same_end(run, a, b) and _starts_no_later(run, b, a)
    return b.end_included and _order(run, _end(b), a) == 0


def _starts(run: Run, a: Any, b: Range) -> bool:
    if isinstance(a, Range):
        return _same_start(run, a, b) and _ends_no_earlier(run, b, a)
    return b.start_included and _order(run, _start(b), a) == 0


def _coincides(run: Run, a: Any, b: Any) -> bool:
    if isinstance(a, Range):
        return _same_start(run, a, b) and _same_end(run, a, b)
    return _order(run, a, b) == 0


_POINT = "number|string|date|time|date and time|days and time duration|years and months duration"
_POINTS, _POINT_RANGE = f"point1: {_POINT}, point2: {_POINT}", f"point: {_POINT}, range: range"
_RANGE_POINT, _RANGES = f"range: range, point: {_POINT}", "range1: range, range2: range"
_OPENING, _CLOSING = ("(", "[", "]"), (")", "]", "[")
_Relation = Callable[[Run, Any, Any], bool]


def _relation(
    name: str, signatures: tuple[str, ...], relation: _Relation, zh: str, en: str, *, swap: bool = False
) -> None:
    def call(run: Run, a: Any, b: Any) -> bool:
        return relation(run, b, a) if swap else relation(run, a, b)

    for signature in signatures:
        define(name, signature, "boolean", zh, en)(call)


_ALL = (_POINTS, _POINT_RANGE, _RANGE_POINT, _RANGES)
_relation("before", _ALL, _is_before, "前者在后者之前", "the first lies wholly before the second")
_relation("after", _ALL, _is_before, "前者在后者之后", "the first lies wholly after the second", swap=True)
_relation("meets", (_RANGES,), _meets, "前者的末端就是后者的起点", "the first ends where the second starts")
_relation("met by", (_RANGES,), _meets, "前者的起点就是后者的末端", "the first starts where the second ends", swap=True)
_relation("overlaps", (_RANGES,), _overlaps, "两个范围有共同部分", "the ranges have a part in common")
_relation(
    "overlaps before", (_RANGES,), _overlaps_before, "前者先开始并伸入后者", "the first starts earlier and reaches in"
)
_relation(
    "overlaps after",
    (_RANGES,),
    _overlaps_before,
    "前者自后者中间开始",
    "the first starts inside, ends no earlier",
    swap=True,
)
_relation("finishes", (_POINT_RANGE, _RANGES), _finishes, "前者与后者同时结束", "the first ends with the second")
_relation(
    "finished by", (_RANGE_POINT, _RANGES), _finishes, "后者与前者同时结束", "the second ends with the first", swap=True
)
_relation("includes", (_RANGE_POINT, _RANGES), _includes, "前者包含后者", "the second lies inside the first")
_relation("during", (_POINT_RANGE, _RANGES), _includes, "前者在后者之内", "the first lies inside the second", swap=True)
_relation("starts", (_POINT_RANGE, _RANGES), _starts, "前者与后者同时开始", "the first starts with the second")
_relation(
    "started by", (_RANGE_POINT, _RANGES), _starts, "后者与前者同时开始", "the second starts with the first", swap=True
)
_relation("coincides", (_POINTS, _RANGES), _coincides, "两者完全重合", "the two are the same")

_READERS: dict[str, Callable[[str], Any]] = {
    "date": parse_date,
    "time": parse_time,
    "date and time": parse_date_time,
    "duration": parse_duration,
}


@define(
    "range", "from: string", "range", '由文本如 "[1..5]" 得到范围', 'the range a text like "[1..5]" or "(..5]" says'
)
def range_(run: Run, text: str) -> Range:
    text = text.strip()
    try:
        tokens = tokenize(text, LIMITS)[:-1]
        dots = [token for token in tokens if token.kind == "op" and token.text == ".."]
        if len(dots) != 1 or tokens[0].text not in _OPENING or tokens[-1].text not in _CLOSING:
            raise Undefined("bad_argument", parameter="from")
        start, end = _end_of(text[1 : dots[0].start]), _end_of(text[dots[0].end : -1])
    except FeelError:
        raise Undefined("bad_argument", parameter="from") from None
    start_included, end_included = tokens[0].text == "[", tokens[-1].text == "]"
    if start is None or end is None:
        if start is end or (start is None and start_included) or (end is None and end_included):
            raise Undefined("bad_argument", parameter="from")
        op = ("<=" if end_included else "<") if start is None else (">=" if start_included else ">")
        return Range(start, end, start_included=start_included, end_included=end_included, op=op)
    if type(start) is not type(end) or isinstance(start, bool) or _order(run, start, end) > 0:
        raise Undefined("bad_argument", parameter="from")
    return Range(start, end, start_included=start_included, end_included=end_included)


def _end_of(text: str) -> Any:
    """The value of an end; None when nothing is written."""
    from engine.feel.parser import parse  # the parser's grammar needs the values made here

    return _constant(parse(text, LIMITS, KnownNames(_READERS))) if text.strip() else None


def _constant(node: Node) -> Any:
    """The value of an end that is written out: a literal or ``date("…")``."""
    value = None
    if isinstance(node, Literal):
        value = node.value
    elif isinstance(node, Call) and isinstance(node.function, Name) and len(node.arguments) == 1:
        argument, reader = node.arguments[0], _READERS.get(node.function.name)
        if reader is not None and isinstance(argument, Literal) and isinstance(argument.value, str):
            value = reader(argument.value)
    if value is None:
        raise Undefined("bad_argument", parameter="from")
    return value


FUNCTIONS = tuple(define.functions)
