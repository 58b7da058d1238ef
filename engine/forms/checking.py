"""What is wrong with a form before anybody fills it: components we do not run, keys that clash, broken expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeGuard

from engine.errors import Problem
from engine.feel import STANDARD, Library, check_expression
from engine.forms.components import (
    CHOICE_TYPES,
    CONTAINER_TYPES,
    IGNORED_TYPES,
    INPUT_TYPES,
    SEVERAL_TYPES,
    STATIC_TYPES,
    Component,
    components_of,
    level,
    walk,
)
from engine.forms.filling import known_code_table
from engine.forms.patterns import compiled
from engine.forms.places import TEXTS, expressions, is_whole

REFUSED_TYPES = frozenset({"html", "iframe", "expression", "script", "image", "table", "documentPreview"})
MAX_COMPONENTS, MAX_DEPTH = 500, 10
_RULES_WITH_NUMBERS = ("minLength", "maxLength", "min", "max")


def problems(schema: Mapping[str, Any], *, library: Library = STANDARD) -> list[Problem]:
    """Every reason why the form cannot be published; ``element_id`` is the component's id or key."""
    if not isinstance(schema.get("components"), list):
        return [Problem("form_without_components")]
    if _depth(schema) > MAX_DEPTH:
        return [Problem("form_too_deep", facts={"limit": MAX_DEPTH})]
    everything = list(walk(components_of(schema)))
    if len(everything) > MAX_COMPONENTS:
        return [Problem("form_too_large", facts={"count": len(everything), "limit": MAX_COMPONENTS})]
    found = [*_twins(schema, ""), *_same_ids(everything)]
    for component in everything:
        found += _component(component, library)
    return found


def _depth(holder: Mapping[str, Any], depth: int = 0) -> int:
    if depth > MAX_DEPTH:
        return depth
    return max((_depth(inner, depth + 1) for inner in components_of(holder)), default=depth)


def _component(component: Component, library: Library) -> Iterator[Problem]:
    kind = component.get("type")
    if kind in REFUSED_TYPES:
        yield _problem("component_refused", component, type=kind)
        return
    if kind in IGNORED_TYPES:
        yield _problem("component_ignored", component, "warning", type=kind)
        return
    if kind not in INPUT_TYPES | STATIC_TYPES | CONTAINER_TYPES:
        yield _problem("component_unknown", component, type=str(kind)[:80])
        return
    if not isinstance(component.get("validate") or {}, Mapping) or not isinstance(
        component.get("conditional") or {}, Mapping
    ):
        yield _problem("component_broken", component)
        return
    yield from _key(component)
    yield from _expressions(component, library)
    yield from _places(component)
    if kind in INPUT_TYPES:
        yield from _rules(component)
    if kind in CHOICE_TYPES | SEVERAL_TYPES:
        yield from _values(component)
    if kind == "codeTable":
        table = str((component.get("properties") or {}).get("table") or "")
        if not known_code_table(table):
            yield _problem("unknown_code_table", component, table=table)


def _key(component: Component) -> Iterator[Problem]:
    kind = component.get("type")
    if kind in STATIC_TYPES or (kind == "group" and not component.get("path")):
        return
    name = component.get("path" if kind in CONTAINER_TYPES else "key")
    if not isinstance(name, str) or not name:
        yield _problem("field_without_key", component)
    elif not all(part.isidentifier() for part in name.split(".")) or len(name) > 80:
        yield _problem("bad_field_key", component, key=name[:80])
    elif not (component.get("label") or component.get("dateLabel")) and kind != "group":
        yield _problem("field_without_label", component, "warning", key=name)


def _expressions(component: Component, library: Library) -> Iterator[Problem]:
    for name, text in _feel_texts(component):
        source = text.strip().removeprefix("=").strip()
        for fault in check_expression(source, library=library, names=None):
            yield _problem(
                "form_expression", component, setting=name, expression=source,
                zh=fault.text("zh"), en=fault.text("en"),
            )  # fmt: skip


def _feel_texts(component: Component) -> Iterator[tuple[str, str]]:
    hide = (component.get("conditional") or {}).get("hide")
    if isinstance(hide, str) and hide.strip():
        yield "conditional.hide", hide
    values = component.get("valuesExpression")
    if isinstance(values, str) and values.strip():
        yield "valuesExpression", values
    simple = {
        name: component.get(name)
        for name in ("disabled", "readonly", "decimalDigits", "disallowPassedDates", "text", "description")
    }
    rules = component.get("validate") or {}
    simple |= {f"validate.{name}": rules.get(name) for name in ("required", *_RULES_WITH_NUMBERS)}
    simulate = (component.get("properties") or {}).get("simulate")
    simple["properties.simulate"] = simulate
    for name, value in simple.items():
        if _is_feel(value):
            yield name, value
        elif name in TEXTS and isinstance(value, str):
            yield from ((name, source) for source in expressions(value))


def _places(component: Component) -> Iterator[Problem]:
    """Places nobody fills: half a bracket, or in a setting that is shown as it stands."""
    for name in TEXTS:
        text = component.get(name)
        if isinstance(text, str) and not _is_feel(text) and not is_whole(text):
            yield _problem("form_place_broken", component, setting=name, text=text[:200])
    for name in ("label", "dateLabel", "timeLabel"):
        if "{{" in str(component.get(name) or ""):
            yield _problem("form_place_unfilled", component, setting=name, text=str(component[name])[:200])


def _is_feel(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and value.lstrip().startswith("=")


def _rules(component: Component) -> Iterator[Problem]:
    rules = component.get("validate") or {}
    pattern = rules.get("pattern")
    if pattern and (not isinstance(pattern, str) or compiled(pattern) is None):
        yield _problem("bad_pattern", component, pattern=str(pattern)[:200])
    for name in _RULES_WITH_NUMBERS:
        value = rules.get(name)
        if value in (None, "") or _is_feel(value):
            continue
        try:
            float(value)
        except (TypeError, ValueError):
            yield _problem("bad_limit", component, rule=name, value=str(value)[:40])
    for least, most in (("minLength", "maxLength"), ("min", "max")):
        low, high = rules.get(least), rules.get(most)
        if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
            yield _problem("limits_crossed", component, least=low, most=high)


def _values(component: Component) -> Iterator[Problem]:
    if component.get("valuesKey") or component.get("valuesExpression"):
        return
    values = component.get("values")
    if not isinstance(values, list) or not values:
        yield _problem("field_without_options", component)
        return
    seen: set[str] = set()
    for row in values:
        value = str(row.get("value", "")) if isinstance(row, Mapping) else str(row)
        if not value:
            yield _problem("option_without_value", component)
        elif value in seen:
            yield _problem("option_twice", component, value=value[:80])
        seen.add(value)


def _twins(holder: Mapping[str, Any], prefix: str) -> Iterator[Problem]:
    """Keys used twice at one level of the data, or one key lying inside another's value."""
    seen: dict[str, Component] = {}
    for entry in level(components_of(holder)):
        clash = next((name for name in seen if _clashes(name, entry.name)), None)
        if clash is not None:
            yield _problem("field_twice", entry.component, key=f"{prefix}{entry.name}", other=f"{prefix}{clash}")
        seen[entry.name] = entry.component
        if entry.component.get("type") in CONTAINER_TYPES:
            yield from _twins(entry.component, f"{prefix}{entry.name}.")


def _same_ids(everything: Iterable[Component]) -> Iterator[Problem]:
    """Ids used twice: the form's editor could not show it again."""
    seen: set[str] = set()
    for component in everything:
        identity = component.get("id")
        if isinstance(identity, str) and identity in seen:
            yield _problem("component_id_twice", component, id=identity[:80])
        elif isinstance(identity, str):
            seen.add(identity)


def _clashes(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _problem(code: str, component: Component, severity: str = "error", **facts: Any) -> Problem:
    name = component.get("id") or component.get("key") or component.get("path") or ""
    label = component.get("label") or component.get("dateLabel") or ""
    return Problem(code, element_id=str(name), element_name=str(label), facts=facts, severity=severity)
