"""Functions on lists; positions count from 1, negative ones from the end."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from engine.feel.arithmetic import operate
from engine.feel.budget import Run
from engine.feel.compare import ordered, same
from engine.feel.errors import BudgetExceeded, Undefined
from engine.feel.functions_base import Theme, whole
from engine.feel.library import invoke
from engine.feel.values import NUMBERS, ONE, ZERO, FunctionValue, kind_of

define = Theme("lists")
Items = tuple[Any, ...]


@define("list contains", "list: list, element: Any", "boolean", "列表是否含有某值", "whether the list has the element")
def list_contains(run: Run, items: Items, element: Any) -> bool:
    return any(same(run, item, element) for item in items)


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


def _index(items: Items, position: Decimal, room: int = 0) -> int:
    number = whole(position, "position")
    if number == 0 or abs(number) > len(items) + room:
        raise Undefined("bad_argument", parameter="position")
    return number - 1 if number > 0 else len(items) + number


@define(
    "sublist",
    "list: list, start position: number, length?: number",
    "list",
    "从某项起的一段列表",
    "the items from a position on",
)
def sublist(run: Run, items: Items, start: Decimal, length: Decimal | None = None) -> Items:
    first = _index(items, start)
    if length is None:
        return items[first:]
    wanted = whole(length, "length")
    if wanted < 1 or first + wanted > len(items):
        raise Undefined("bad_argument", parameter="length")
    return items[first : first + wanted]


@define("append", "list: list, items*: Any", "list", "在末尾加上若干项", "the list with the items at its end")
def append(run: Run, items: Items, added: Items) -> Items:
    run.items(len(items) + len(added))
    return items + added


@define("concatenate", "lists*: list", "list", "连接几个列表", "the lists one after the other")
def concatenate(run: Run, lists: Items) -> Items:
    run.items(sum(map(len, lists)))
    return tuple([item for part in lists for item in part])


@define(
    "insert before",
    "list: list, position: number, newItem: Any",
    "list",
    "在某项之前插入",
    "with the item before a position",
)
def insert_before(run: Run, items: Items, position: Decimal, item: Any) -> Items:
    index = _index(items, position)
    run.items(len(items) + 1)
    return (*items[:index], item, *items[index:])


@define("remove", "list: list, position: number", "list", "去掉某一项", "without the item at a position")
def remove(run: Run, items: Items, position: Decimal) -> Items:
    index = _index(items, position)
    run.items(len(items))
    return items[:index] + items[index + 1 :]


@define(
    "list replace",
    "list: list, position: number, newItem: Any",
    "list",
    "换掉某一项",
    "with the item at a position replaced",
)
def list_replace(run: Run, items: Items, position: Decimal, item: Any) -> Items:
    index = _index(items, position)
    run.items(len(items))
    return (*items[:index], item, *items[index + 1 :])


@define(
    "list replace",
    "list: list, match: function, newItem: Any",
    "list",
    "换掉符合条件的各项；条件是 function(item, newItem)",
    "with the items replaced for which function(item, newItem) is true",
)
def list_replace_matching(run: Run, items: Items, match: FunctionValue, item: Any) -> Items:
    run.items(len(items))
    made = []
    for old in items:
        verdict = invoke(run, match, [old, item])
        if type(verdict) is not bool:
            raise Undefined("wrong_type", wanted="boolean", found=kind_of(verdict))
        made.append(item if verdict else old)
    return tuple(made)


@define("reverse", "list: list", "list", "倒序", "in reverse order")
def reverse(run: Run, items: Items) -> Items:
    run.items(len(items))
    return items[::-1]


@define(
    "index of",
    "list: list, match: Any",
    "list<number>",
    "等于某值的各项的位置",
    "the positions of items equal to the match",
)
def index_of(run: Run, items: Items, match: Any) -> Items:
    return tuple([Decimal(number) for number, item in enumerate(items, 1) if same(run, item, match)])


@define("union", "lists*: list", "list", "合并列表并去重", "the lists one after the other, without duplicates")
def union(run: Run, lists: Items) -> Items:
    return distinct_values(run, concatenate(run, lists))


@define("distinct values", "list: list", "list", "去重", "without duplicates")
def distinct_values(run: Run, items: Items) -> Items:
    kept: list[Any] = []
    atoms: set[tuple[type, Any]] = set()
    for item in items:
        if type(item) in (str, Decimal, bool, type(None)):
            if (type(item), item) not in atoms:
                atoms.add((type(item), item))
                kept.append(item)
        else:
            run.charge(len(kept) // 4 + 1)
            if not any(same(run, item, other) for other in kept):
                kept.append(item)
    return tuple(kept)


@define("flatten", "list: list", "list", "展开嵌套的列表", "all items of nested lists in one list")
def flatten(run: Run, items: Items) -> Items:
    flat: list[Any] = []
    _flatten(run, items, flat, 0)
    return tuple(flat)


def _flatten(run: Run, items: Items, flat: list[Any], depth: int) -> None:
    if depth > 100:
        raise BudgetExceeded("result_too_deep", limit=100)
    run.charge(len(items) // 4 + 1)
    for item in items:
        if type(item) is tuple:
            _flatten(run, item, flat, depth + 1)
        else:
            flat.append(item)
    run.items(len(flat))


@define(
    "sort",
    "list: list, precedes?: function",
    "list",
    "按 function(x, y) 排序，x 在前则为真；省略则从小到大",
    "sorted; function(x, y) says whether x comes first, without it from small to large",
)
def sort(run: Run, items: Items, precedes: FunctionValue | None = None) -> Items:
    def order(a: Any, b: Any) -> int:
        run.charge(1)
        return -1 if first(a, b) else 1 if first(b, a) else 0

    def first(a: Any, b: Any) -> bool:
        verdict = ordered(run, "<", a, b) if precedes is None else invoke(run, precedes, [a, b])
        if type(verdict) is not bool:
            raise Undefined("wrong_type", wanted="boolean", found=kind_of(verdict))
        return verdict

    run.items(len(items))
    return tuple(sorted(items, key=cmp_to_key(order)))


FUNCTIONS = tuple(define.functions)
