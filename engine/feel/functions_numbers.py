"""Functions on numbers: rounding to a scale, roots, logarithms."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

from engine.feel.budget import Run
from engine.feel.errors import Undefined
from engine.feel.functions_base import Theme, whole
from engine.feel.temporal import DayTimeDuration, YearMonthDuration
from engine.feel.values import NUMBERS, ZERO

define = Theme("numbers")
_MIN_SCALE, _MAX_SCALE = -6_111, 6_176


def _rounded(number: Decimal, scale: Decimal | None, rounding: str) -> Decimal:
    digits = 0 if scale is None else int(scale.to_integral_value(decimal.ROUND_DOWN))
    if not _MIN_SCALE <= digits <= _MAX_SCALE:
        raise Undefined("bad_argument", parameter="scale")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= digits:
        return number
    return number.quantize(Decimal((0, (1,), -digits)), rounding=rounding, context=NUMBERS)


@define(
    "decimal", "n: number, scale: number", "number", "四舍六入五成双到若干位小数", "rounded to a scale, half to even"
)
def decimal_(run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _rounded(n, scale, decimal.ROUND_HALF_EVEN)


@define("floor", "n: number, scale?: number", "number", "向下取整", "rounded down to a scale")
def floor(run: Run, n: Decimal, scale: Decimal | None = None) -> Decimal:
    return _rounded(n, scale, decimal.ROUND_FLOOR)


@define("ceiling", "n: number, scale?: number", "number", "向上取整", "rounded up to a scale")
def ceiling(run: Run, n: Decimal, scale: Decimal | None = None) -> Decimal:
    return _rounded(n, scale, decimal.ROUND_CEILING)


@define("round up", "n: number, scale: number", "number", "远离零取整", "rounded away from zero")
def round_up(run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _rounded(n, scale, decimal.ROUND_UP)


@define("round down", "n: number, scale: number", "number", "向零取整", "rounded towards zero")
def round_down(run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _rounded(n, scale, decimal.ROUND_DOWN)


@define(
    "round half up", "n: number, scale: number", "number", "四舍五入", "rounded to the nearest, half away from zero"
)
def round_half_up(run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _rounded(n, scale, decimal.ROUND_HALF_UP)


@define(
    "round half down", "n: number, scale: number", "number", "五舍六入", "rounded to the nearest, half towards zero"
)
def round_half_down(run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _rounded(n, scale, decimal.ROUND_HALF_DOWN)


@define(
    "abs",
    "n: number|days and time duration|years and months duration",
    "number",
    "绝对值（数字或时长）",
    "the absolute value of a number or duration",
)
def abs_(run: Run, n: Any) -> Any:
    if isinstance(n, YearMonthDuration):
        return YearMonthDuration(abs(n.months))
    if isinstance(n, DayTimeDuration):
        return DayTimeDuration(abs(n.nanos))
    return NUMBERS.abs(n)


@define(
    "modulo",
    "dividend: number, divisor: number",
    "number",
    "余数，符号随除数",
    "the remainder, with the divisor's sign",
)
def modulo(run: Run, dividend: Decimal, divisor: Decimal) -> Decimal:
    if not divisor:
        raise Undefined("division_by_zero")
    if dividend.adjusted() - divisor.adjusted() > 6_000:
        raise Undefined("out_of_range", op="modulo")
    # remainder of exact integers, for a quotient of any size; then moved to the divisor's side
    with decimal.localcontext(decimal.Context(prec=6_200, Emax=12_000, Emin=-12_000)):
        rest = dividend % divisor
        if rest and (rest < 0) is not (divisor < 0):
            rest += divisor
    return NUMBERS.plus(rest)


@define("sqrt", "number: number", "number", "平方根", "the square root")
def sqrt(run: Run, number: Decimal) -> Decimal:
    if number < ZERO:
        raise Undefined("no_root", base=str(number), exponent="1/2")
    return NUMBERS.sqrt(number)


@define("log", "number: number", "number", "自然对数", "the natural logarithm")
def log(run: Run, number: Decimal) -> Decimal:
    if number <= ZERO:
        raise Undefined("bad_argument", parameter="number")
    return NUMBERS.ln(number)


@define("exp", "number: number", "number", "e 的若干次方", "e to the power of the number")
def exp(run: Run, number: Decimal) -> Decimal:
    return NUMBERS.exp(number)


@define("odd", "number: number", "boolean", "是否奇数", "whether the number is odd")
def odd(run: Run, number: Decimal) -> bool:
    return whole(number, "number") % 2 == 1


@define("even", "number: number", "boolean", "是否偶数", "whether the number is even")
def even(run: Run, number: Decimal) -> bool:
    return whole(number, "number") % 2 == 0


FUNCTIONS = tuple(define.functions)
