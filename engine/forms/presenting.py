"""A form as plain facts for a page: what is visible now, with values, options, rules and problems in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from engine.errors import FieldProblem
from engine.feel import STANDARD, Host, Library
from engine.forms.components import (
    CHOICE_TYPES,
    FILE_TYPES,
    INPUT_TYPES,
    SEVERAL_TYPES,
    STATIC_TYPES,
    Component,
    components_of,
    hide_of,
    label_of,
    level,
    time_subtype,
    value_at,
)
from engine.forms.filling import Filling, Option, typed
from engine.forms.places import filled


@dataclass
class Node:
    """One thing to show. ``name`` is the input's name (``group.key``, ``list.0.key``), ``value`` what stands in it."""

    type: str
    name: str = ""
    label: str = ""
    description: str = ""
    text: str = ""
    value: Any = None
    required: bool = False
    fixed: bool = False
    subtype: str = ""
    slot: str = ""
    options: list[Option] = field(default_factory=list)
    rules: dict[str, Any] = field(default_factory=dict)
    problems: list[FieldProblem] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    rows: list[list[Node]] = field(default_factory=list)
    properties: Mapping[str, Any] = field(default_factory=dict)


def present(
    schema: Mapping[str, Any],
    raw: Mapping[str, Any] | None = None,
    *,
    variables: Mapping[str, Any] | None = None,
    problems: Sequence[FieldProblem] = (),
    host: Host | None = None,
    library: Library = STANDARD,
    today: date | None = None,
    worded: Callable[[Any], str] = str,
) -> list[Node]:
    """The nodes to show. ``raw`` is what was typed so far; without it, what the process holds and the defaults.

    ``worded`` says a value for people, where a text has a place for one.

    Raises:
        ExecutionFailed: an expression of the form is broken.
    """
    components = components_of(schema)
    known = variables or {}
    first = raw is None
    given = initial(components, known) if raw is None else raw
    filling = Filling(known, host, library, today, values=typed(components, given))
    by_path: dict[str, list[FieldProblem]] = {}
    for problem in problems:
        by_path.setdefault(problem.path, []).append(problem)
    return list(_Presenter(by_path, first, worded).nodes(components, given, filling, ""))


def initial(components: Sequence[Component], variables: Any) -> dict[str, Any]:
    """What stands in the fields before anybody typed: the process's values, else the defaults.

    A picture, a file or a signature is given anew each time: what an earlier round showed proves nothing for this one.
    """
    values: dict[str, Any] = {}
    for entry in level(components):
        component, known = entry.component, value_at(variables, entry.name)
        if component["type"] == "group":
            values[entry.name] = initial(components_of(component), known)
        elif component["type"] == "dynamiclist":
            rows = known if isinstance(known, list) else [{}] * _default_rows(component)
            values[entry.name] = [initial(components_of(component), row) for row in rows]
        elif component["type"] in FILE_TYPES:
            values[entry.name] = None
        else:
            values[entry.name] = component.get("defaultValue") if known is None else known
    return values


def _default_rows(component: Component) -> int:
    count = component.get("defaultRepetitions", 1)
    return count if isinstance(count, int) and 0 <= count <= 20 else 1


@dataclass
class _Presenter:
    problems: Mapping[str, list[FieldProblem]]
    first: bool
    worded: Callable[[Any], str]

    def nodes(self, components: Sequence[Component], given: Any, filling: Filling, prefix: str) -> Iterator[Node]:
        hidden = filling.hidden(list(level(components)))
        for component in components:
            kind = component.get("type")
            if kind in STATIC_TYPES or (kind == "group" and not component.get("path")):
                if not self._hides(component, filling):
                    yield from self._plain(component, given, filling, prefix)
            elif kind in ("group", "dynamiclist"):
                if str(component["path"]) not in hidden:
                    yield self._container(component, given, filling, prefix)
            elif kind in INPUT_TYPES and component.get("key") and str(component["key"]) not in hidden:
                yield self._input(component, given, filling, prefix)

    def _hides(self, component: Component, filling: Filling) -> bool:
        hide = hide_of(component)
        return bool(hide) and filling.evaluate(hide, component) is True

    def _plain(self, component: Component, given: Any, filling: Filling, prefix: str) -> Iterator[Node]:
        if component.get("type") == "group":
            children = list(self.nodes(components_of(component), given, filling, prefix))
            yield Node("group", label=label_of(component), children=children)
            return
        yield Node(str(component["type"]), text=self._words(component, "text", filling))

    def _words(self, component: Component, name: str, filling: Filling) -> str:
        given = component.get(name)
        text = filling.setting(given, component)
        if text is not given:
            return "" if text is None else str(text)
        return filled(str(given or ""), lambda source: filling.evaluate(source, component), self.worded)

    def _container(self, component: Component, given: Any, filling: Filling, prefix: str) -> Node:
        path = str(component["path"])
        name = f"{prefix}{path}"
        inner, typed_inner = value_at(given, path), value_at(filling.values, path)
        node = Node(
            str(component["type"]), name, label_of(component), self._words(component, "description", filling),
            problems=self.problems.get(name, []),
        )  # fmt: skip
        children = components_of(component)
        if component["type"] == "group":
            node.children = list(self.nodes(children, inner or {}, filling.inside(typed_inner or {}), f"{name}."))
            return node
        rows = inner if isinstance(inner, list) else []
        for index, row in enumerate(rows):
            around = filling.inside(typed_inner[index] if typed_inner and index < len(typed_inner) else {}, index)
            node.rows.append(list(self.nodes(children, row, around, f"{name}.{index}.")))
        return node

    def _input(self, component: Component, given: Any, filling: Filling, prefix: str) -> Node:
        kind, key = str(component["type"]), str(component["key"])
        fixed = filling.fixed(component)
        value = value_at(filling.variables, key) if fixed else value_at(given, key)
        rules = {
            name: found
            for name in ("minLength", "maxLength", "min", "max")
            if (found := filling.number(component, name)) is not None
        }
        digits = component.get("decimalDigits")
        if isinstance(digits, int):
            rules["decimals"] = digits
        options = filling.options(component) if kind in CHOICE_TYPES | SEVERAL_TYPES | {"codeTable"} else []
        return Node(
            kind,
            f"{prefix}{key}",
            label_of(component),
            self._words(component, "description", filling),
            value=value,
            required=filling.required(component) and not fixed,
            fixed=fixed,
            subtype=time_subtype(component) if kind in ("date", "time", "datetime") else "",
            slot=str((component.get("properties") or {}).get("slot") or ""),
            options=options,
            rules=rules,
            problems=self.problems.get(f"{prefix}{key}", []),
            properties={**(component.get("properties") or {}), **_wanted(component)},
        )


def _wanted(component: Component) -> dict[str, Any]:
    return {
        name: component[name] for name in ("accept", "multiple", "suffixAdorner", "prefixAdorner") if name in component
    } | {name: value for name, value in (component.get("appearance") or {}).items() if isinstance(value, str)}
