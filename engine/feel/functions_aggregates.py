"""Functions that make one value of a list: counts, sums, means, truths."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.arithmetic import operate
from engine.feel.budget import Run
from engine.feel.compare import ordered
from engine.feel.errors import Undefined
from engine.feel.functions_base import Theme
from engine.feel.values import NUMBERS, ONE, ZERO, kind_of

define = Theme("lists")
Items = tuple[Any, ...]


@define("count", "list: list", "number", "列表的项数", "the number of items")
def count(run: Run, items: Items) -> Decimal:
    return Decimal(len(items))


def _over_items(name: str, result: str, zh: str, en: str) -> Callable[[Callable[[Run, Items], Any]], Any]:
    """A function that takes one list or the items one by one."""

    def register(call: Callable[[Run, Items], Any]) -> Any:
        define(name, "list: list", result, zh, en)(call)
        define(name, "item: Any, items*: Any", result, zh, en)(lambda run, item, items: call(run, (item, *items)))
        return call

    return register


def _best(run: Run, items: Items, op: str) -> Any:
    if not items:
        raise Undefined("empty_list")
    best = items[0]
    for item in items:
        better = ordered(run, op, item, best)
        if better is None:
            raise Undefined("no_order", op=op, left=kind_of(item), right=kind_of(best))
        best = item if better else best
    return best


@_over_items("min", "Any", "最小的一项", "the smallest item")
def min_(run: Run, items: Items) -> Any:
    return _best(run, items, "<")


@_over_items("max", "Any", "最大的一项", "the largest item")
def max_(run: Run, items: Items) -> Any:
    return _best(run, items, ">")


def _numbers(items: Items) -> list[Decimal]:
    for item in items:
        if type(item) is not Decimal:
            raise Undefined("wrong_argument", parameter="list", wanted="number", found=kind_of(item))
    if not items:
        raise Undefined("empty_list")
    return list(items)


def _sum(numbers: list[Decimal]) -> Decimal:
    total = ZERO
    for number in numbers:
        total = NUMBERS.add(total, number)
    return total


@_over_items("sum", "number", "总和（数字或时长）", "the sum of numbers or durations")
def sum_(run: Run, items: Items) -> Any:
    if items and type(items[0]) is not Decimal:
        total = items[0]
        for item in items[1:]:
            total = operate(run, "+", total, item)
        if kind_of(total) not in ("days and time duration", "years and months duration"):
            raise Undefined("wrong_argument", parameter="list", wanted="number", found=kind_of(items[0]))
        return total
    return _sum(_numbers(items))


@_over_items("product", "number", "乘积", "the product")
def product(run: Run, items: Items) -> Decimal:
    result = ONE
    for number in _numbers(items):
        result = NUMBERS.multiply(result, number)
    return result


@_over_items("mean", "number", "平均值", "the arithmetic mean")
def mean(run: Run, items: Items) -> Any:
    total = sum_(run, items)
    return operate(run, "/", total, Decimal(len(items)))


@_over_items("median", "number", "中位数", "the middle number")
def median(run: Run, items: Items) -> Decimal:
    numbers = sorted(_numbers(items))
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return NUMBERS.divide(NUMBERS.add(numbers[middle - 1], numbers[middle]), Decimal(2))


@_over_items("stddev", "number", "样本标准差", "the sample standard deviation")
def stddev(run: Run, items: Items) -> Decimal:
    numbers = _numbers(items)
    if len(numbers) < 2:
        raise Undefined("bad_argument", parameter="list")
    middle = NUMBERS.divide(_sum(numbers), Decimal(len(numbers)))
    squares = [NUMBERS.power(NUMBERS.subtract(number, middle), Decimal(2)) for number in numbers]
    return NUMBERS.sqrt(NUMBERS.divide(_sum(squares), Decimal(len(numbers) - 1)))


@_over_items("mode", "list<number>", "出现最多的数字", "the most frequent numbers, smallest first")
def mode(run: Run, items: Items) -> Items:
    if not items:
        return ()
    counts: dict[Decimal, int] = {}
    for number in _numbers(items):
        counts[number] = counts.get(number, 0) + 1
    most = max(counts.values())
    return tuple(sorted(number for number, times in counts.items() if times == most))


def _three_valued(name: str, decisive: bool, zh: str, en: str) -> None:
    def verdict(run: Run, items: Items) -> bool | None:
        result: bool | None = not decisive
        for item in items:
            if item is decisive:
                return decisive
            if type(item) is not bool:
                result = None
        return result

    _over_items(name, "boolean", zh, en)(verdict)


_three_valued("all", False, "是否全部为真", "whether all items are true")
_three_valued("any", True, "是否有一项为真", "whether any item is true")


FUNCTIONS = tuple(define.functions)
