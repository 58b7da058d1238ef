"""One form being filled: what its expressions see, what is hidden, which options and limits hold now."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from engine.errors import ExecutionFailed
from engine.feel import STANDARD, FeelError, Host, Library, compile_expression, from_feel
from engine.forms.components import Component, Entry, components_of, level, value_at
from engine.forms.reading import Unreadable, read_value

CATEGORIES = "categories"
AREA_TABLES = ("districts", "streets")
"""Lists that people maintain; only the house has them."""
HIDE_ROUNDS = 10
"""A chain of conditions longer than this would have to be drawn on purpose."""


@dataclass(frozen=True)
class Option:
    """One thing to choose: the value kept and the words shown."""

    value: Any
    label: str

    @property
    def text(self) -> str:
        """The value as a browser sends it."""
        return option_text(self.value)


@dataclass(frozen=True)
class Filling:
    """``variables`` are the process's, ``values`` what was typed at this level, ``around`` the levels outside it."""

    variables: Mapping[str, Any]
    host: Host | None = None
    library: Library = STANDARD
    today: date | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    around: Mapping[str, Any] = field(default_factory=dict)

    def scope(self) -> dict[str, Any]:
        """Everything an expression sees; what is nearer wins."""
        return {**self.variables, **self.around, **self.values}

    def inside(self, values: Mapping[str, Any], row: int | None = None) -> Filling:
        """The same form one level further in; ``row`` counts from 0."""
        around = {**self.around, **self.values, "parent": dict(self.values), "this": dict(values)}
        if row is not None:
            around["i"] = row + 1
        return replace(self, values=values, around=around)

    def evaluate(self, source: str, component: Component) -> Any:
        """The plain value of a FEEL text (a leading ``=`` may stand).

        Raises:
            ExecutionFailed: the expression is broken or over its budget.
        """
        text = source.strip().removeprefix("=").strip()
        try:
            return from_feel(compile_expression(text, library=self.library).evaluate(self.scope(), self.host))
        except FeelError as error:
            name = str(component.get("key") or component.get("path") or component.get("id") or "")
            raise ExecutionFailed(str(error), kind="expression", element_id=name, expression=source) from error

    def setting(self, value: Any, component: Component) -> Any:
        """A setting that is a literal or, with a leading ``=``, FEEL."""
        if isinstance(value, str) and value.lstrip().startswith("="):
            return self.evaluate(value, component)
        return value

    def rule(self, component: Component, name: str) -> Any:
        """One of the component's ``validate`` settings as it holds now."""
        return self.setting((component.get("validate") or {}).get(name), component)

    def number(self, component: Component, name: str) -> Any:
        """A numeric rule; None when there is none or it is no number."""
        value = self.rule(component, name)
        if isinstance(value, bool) or value is None or value == "":
            return None
        try:
            return read_value({"type": "number"}, value)
        except Unreadable:
            return None

    def required(self, component: Component) -> bool:
        """Whether an answer must be given now."""
        return self.rule(component, "required") is True

    def fixed(self, component: Component) -> bool:
        """Whether the field only shows what the process says."""
        return any(self.setting(component.get(name), component) is True for name in ("disabled", "readonly"))

    def hidden(self, entries: Sequence[Entry]) -> frozenset[str]:
        """The names of the hidden entries of this level. A hidden field's value does not count for other conditions."""
        gone: frozenset[str] = frozenset()
        conditional = [entry for entry in entries if entry.hides]
        if not conditional:
            return gone
        everything = dict(self.values)
        for _ in range(HIDE_ROUNDS):
            seen = replace(self, values=_without(everything, gone))
            found = frozenset(
                entry.name
                for entry in conditional
                if any(seen.evaluate(hide, entry.component) is True for hide in entry.hides)
            )
            if found == gone:
                break
            gone = found
        return gone

    def options(self, component: Component) -> list[Option]:
        """What may be chosen now, from ``values``, ``valuesKey`` or ``valuesExpression``, or the code table."""
        if component.get("type") == "codeTable":
            return self._codes(component.get("properties") or {})
        if component.get("valuesExpression"):
            found = self.evaluate(str(component["valuesExpression"]), component)
        elif component.get("valuesKey"):
            found = value_at(self.scope(), str(component["valuesKey"]))
        else:
            found = component.get("values")
        return [_option(row) for row in found] if isinstance(found, (list, tuple)) else []

    def _codes(self, properties: Mapping[str, Any]) -> list[Option]:
        """A code list: as the host keeps it (``code_tables`` of its data), else as shipped."""
        table, service = str(properties.get("table") or ""), str(properties.get("serviceType") or "")
        kept = self.host.data.get("code_tables", {}) if self.host is not None else {}
        if table in kept:
            return [_option(row) for row in kept[table]]
        return list(_categories(service) if table == CATEGORIES else _code_options(table))


def typed(components: Sequence[Component], raw: Any) -> dict[str, Any]:
    """What was typed, as far as it can be read, for conditions to look at; nested as the process will see it."""
    values: dict[str, Any] = {}
    for entry in level(components):
        given, component = value_at(raw, entry.name), entry.component
        value: Any
        if component["type"] == "group":
            value = typed(components_of(component), given)
        elif component["type"] == "dynamiclist":
            value = [typed(components_of(component), row) for row in given] if isinstance(given, list) else []
        else:
            try:
                value = read_value(component, given)
            except Unreadable:
                value = None
        _put(values, entry.name, value)
    return values


def option_text(value: Any) -> str:
    """A choice's value as a browser sends it back."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


@cache
def code_tables() -> Mapping[str, Any]:
    """The code lists by name; rows have code, name_en and, where it differs from the code, name."""
    text = files("engine").joinpath("data", "code_tables.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = yaml.safe_load(text)
    return loaded


@cache
def _code_options(table: str) -> tuple[Option, ...]:
    return tuple(Option(row["code"], row.get("name", row["code"])) for row in code_tables().get(table, ()))


@cache
def _categories(service: str) -> tuple[Option, ...]:
    """The sub-categories a report may have, of one service or of all; the same name once."""
    text = files("engine").joinpath("data", "categories.csv").read_text(encoding="utf-8")
    found: dict[str, Option] = {}
    for row in csv.DictReader(io.StringIO(text)):
        if row["sub_category"] and service in ("", row["service_type"]):
            label = f"{row['category']} · {row['sub_category']}"
            found.setdefault(row["sub_category"], Option(row["sub_category"], label))
    return tuple(found.values())


def known_code_table(table: str) -> bool:
    """Whether a code list of that name is shipped."""
    return table == CATEGORIES or table in AREA_TABLES or table in code_tables()


def _option(row: Any) -> Option:
    if isinstance(row, Mapping):
        value = row.get("value")
        label = row.get("label")
        return Option(value, option_text(value) if label in (None, "") else str(label))
    return Option(row, option_text(row))


def _without(values: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """A copy in which what is hidden is null, so that an expression can still name it."""
    copy = dict(values)
    for name in names:
        _put(copy, name, None)
    return copy


def _put(values: dict[str, Any], path: str, value: Any) -> None:
    *outer, last = path.split(".")
    for name in outer:
        inner = values.get(name)
        values[name] = values = dict(inner) if isinstance(inner, dict) else {}
    values[last] = value
