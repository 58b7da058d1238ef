"""Functions on lists; positions count from 1, negative ones from the end."""

from __future__ import annotations

from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from engine.feel.budget import Run
from engine.feel.compare import ordered, same
from engine.feel.errors import BudgetExceeded, Undefined
from engine.feel.functions_base import Theme, whole
from engine.feel.library import invoke
from engine.feel.values import FunctionValue, kind_of

define = Theme("lists")
Items = tuple[Any, ...]


@define("list contains", "list: list, element: Any", "boolean", "列表是否含有某值", "whether the list has the element")
def list_contains(run: Run, items: Items, element: Any) -> bool:
    return any(same(run, item, element) for item in items)


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


@define("append", "list: list, item*: Any", "list", "在末尾加上若干项", "the list with the items at its end")
def append(run: Run, items: Items, added: Items) -> Items:
    run.items(len(items) + len(added))
    return items + added


@define("concatenate", "list*: list", "list", "连接几个列表", "the lists one after the other")
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


@define("union", "list*: list", "list", "合并列表并去重", "the lists one after the other, without duplicates")
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
