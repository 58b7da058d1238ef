"""Functions that make values of others: conversions, contexts, ``not``, ``is``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from engine.feel.budget import Run
from engine.feel.compare import equal
from engine.feel.errors import Undefined
from engine.feel.functions_base import Theme
from engine.feel.plain import write
from engine.feel.temporal import DateTime, Time
from engine.feel.values import NUMBERS, Context

define = Theme("values")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?")


@define("not", "negand: Any", "boolean", "取反；不是真假值则为空", "the opposite; null unless it is a boolean")
def not_(run: Run, negand: Any) -> bool | None:
    return not negand if isinstance(negand, bool) else None


@define(
    "number",
    "from: string|number, grouping separator?: Any, decimal separator?: Any",
    "number",
    "文本转数字，可给出千分位与小数点符号",
    "the number a string says, with the separators it is written with",
)
def number(run: Run, text: Any, grouping: Any = None, point: Any = None) -> Decimal:
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", ".") or (grouping and grouping == point):
        raise Undefined("bad_argument", parameter="grouping separator")
    if isinstance(text, Decimal):
        return text
    if grouping:
        text = text.replace(grouping, "")
    if point and point != ".":
        text = text.replace(".", "?").replace(point, ".")
    if len(text) > 7_000 or not _NUMBER.fullmatch(text):
        raise Undefined("bad_argument", parameter="from")
    return NUMBERS.create_decimal(text)


@define("string", "from: Any", "string", "转为文本", "the text of any value")
def string(run: Run, value: Any) -> str | None:
    return None if value is None else write(value, run)


@define(
    "is",
    "value1: Any, value2: Any",
    "boolean",
    "类型与值是否完全相同",
    "whether two values are the same in kind and value",
)
def is_(run: Run, a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, Time):
        return (a.nanos, a.offset, a.zone) == (b.nanos, b.offset, b.zone)
    if isinstance(a, DateTime):
        return is_(run, a.time, b.time) and a.date == b.date
    return equal(run, a, b) is True


@define("get value", "m: context, key: string", "Any", "上下文中某一项的值", "the value of a context's entry")
def get_value(run: Run, m: Context, key: str) -> Any:
    return m.get(key)


@define(
    "get value",
    "context: context, keys: list<string>",
    "Any",
    "沿一串名称逐层取值",
    "the value at the end of a path of keys",
)
def get_value_at(run: Run, m: Context, keys: tuple[Any, ...]) -> Any:
    value: Any = m
    if not keys:
        return None
    for key in keys:
        if not isinstance(value, Context):
            return None
        value = value.get(key)
    return value


@define(
    "get entries",
    "m: context",
    "list<context>",
    "上下文各项，每项有 key 与 value",
    "the entries, each with key and value",
)
def get_entries(run: Run, m: Context) -> tuple[Context, ...]:
    run.items(len(m))
    return tuple([Context({"key": name, "value": value}) for name, value in m.items()])


@define(
    "context",
    "entries: list<context>",
    "context",
    "由 key 与 value 组成上下文",
    "a context of entries with key and value",
)
def context(run: Run, entries: tuple[Any, ...]) -> Context:
    made = Context()
    run.items(len(entries))
    for entry in entries:
        if not isinstance(entry, Context) or not isinstance(entry.get("key"), str) or "value" not in entry:
            raise Undefined("bad_argument", parameter="entries")
        if entry["key"] in made:
            raise Undefined("key_twice")
        made[entry["key"]] = entry["value"]
    return made


@define("context put", "context: context, key: string, value: Any", "context", "加上或换掉一项", "with one entry set")
def context_put(run: Run, base: Context, key: str, value: Any) -> Context:
    run.items(len(base) + 1)
    return Context({**base, key: value})


@define(
    "context put",
    "context: context, keys: list<string>, value: Any",
    "context",
    "沿一串名称逐层设置一项",
    "with the entry at the end of a path of keys set",
)
def context_put_at(run: Run, base: Context, keys: tuple[Any, ...], value: Any) -> Context:
    if not keys or len(keys) > 60 or not all(isinstance(key, str) for key in keys):
        raise Undefined("bad_argument", parameter="keys")
    run.items(len(base) + 1)
    if len(keys) == 1:
        return Context({**base, keys[0]: value})
    inner = base.get(keys[0], Context())
    if not isinstance(inner, Context):
        raise Undefined("bad_argument", parameter="keys")
    return Context({**base, keys[0]: context_put_at(run, inner, keys[1:], value)})


@define(
    "context merge",
    "contexts: list<context>",
    "context",
    "合并上下文，后面的优先",
    "all entries in one; later ones win",
)
def context_merge(run: Run, contexts: tuple[Any, ...]) -> Context:
    made = Context()
    for item in contexts:
        if not isinstance(item, Context):
            raise Undefined("bad_argument", parameter="contexts")
        run.items(len(item))
        made.update(item)
    run.items(len(made))
    return made


FUNCTIONS = tuple(define.functions)
