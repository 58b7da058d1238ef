"""What a form-js schema is made of: the component types we run, and walks over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Component = Mapping[str, Any]

TEXT_TYPES = frozenset({"textfield", "textarea"})
CHOICE_TYPES = frozenset({"select", "radio"})
SEVERAL_TYPES = frozenset({"checklist", "taglist"})
TIME_TYPES = frozenset({"datetime", "date", "time"})
FILE_TYPES = frozenset({"photo", "file", "filepicker", "signature"})
PICKER_TYPES = frozenset({"person", "organisation", "codeTable"})
INPUT_TYPES = (
    TEXT_TYPES | CHOICE_TYPES | SEVERAL_TYPES | TIME_TYPES | FILE_TYPES | PICKER_TYPES | {"number", "checkbox", "point"}
)
STATIC_TYPES = frozenset({"text", "separator", "spacer"})
CONTAINER_TYPES = frozenset({"group", "dynamiclist"})
IGNORED_TYPES = frozenset({"button"})
"""Written by form-js' editor into new forms; the page has its own buttons."""

MAX_ROWS = 100
MAX_FILES = 30


@dataclass(frozen=True)
class Entry:
    """One component that holds a value, at one level of the data; ``hides`` are its own and its groups' conditions."""

    component: Component
    name: str
    hides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """One field of a form, for lists and checks. ``path`` is where its value goes; ``[]`` marks rows of a list."""

    path: str
    key: str
    label: str
    type: str
    required: bool
    slot: str = ""


def components_of(holder: Mapping[str, Any]) -> Sequence[Component]:
    """The components right inside a schema or container; none when there are none."""
    found = holder.get("components")
    if not isinstance(found, list):
        return ()
    # The very list where it can be: what is built from it is kept by its identity.
    return found if all(isinstance(c, Mapping) for c in found) else [c for c in found if isinstance(c, Mapping)]


def label_of(component: Component) -> str:
    """What the field is called on the page."""
    return str(component.get("label") or component.get("dateLabel") or component.get("timeLabel") or "")


def time_subtype(component: Component) -> str:
    """``date``, ``time`` or ``datetime``."""
    kind = component.get("type")
    return str(kind if kind in ("date", "time") else component.get("subtype") or "datetime")


def hide_of(component: Component) -> str:
    """The condition under which the component is hidden; empty for none."""
    conditional = component.get("conditional")
    return str(conditional.get("hide") or "") if isinstance(conditional, Mapping) else ""


def level(components: Sequence[Component], hides: tuple[str, ...] = ()) -> Iterator[Entry]:
    """The values at one level of the data: groups without a path lie flat, others are one entry."""
    for component in components:
        kind = component.get("type")
        own = (*hides, hide) if (hide := hide_of(component)) else hides
        if kind in CONTAINER_TYPES:
            if component.get("path"):
                yield Entry(component, str(component["path"]), own)
            elif kind == "group":
                yield from level(components_of(component), own)
        elif kind in INPUT_TYPES and component.get("key"):
            yield Entry(component, str(component["key"]), own)


def walk(components: Sequence[Component]) -> Iterator[Component]:
    """Every component, containers before what they hold."""
    for component in components:
        yield component
        yield from walk(components_of(component))


def fields(schema: Mapping[str, Any]) -> list[Field]:
    """Every field of a form in its order, groups and lists opened."""
    return list(_fields(components_of(schema), ""))


def _fields(components: Sequence[Component], prefix: str) -> Iterator[Field]:
    for entry in level(components):
        component, path = entry.component, f"{prefix}{entry.name}"
        if component["type"] == "group":
            yield from _fields(components_of(component), f"{path}.")
        elif component["type"] == "dynamiclist":
            yield from _fields(components_of(component), f"{path}[].")
        else:
            rules = component.get("validate") or {}
            slot = str((component.get("properties") or {}).get("slot") or "")
            yield Field(
                path, entry.name, label_of(component), str(component["type"]), bool(rules.get("required")), slot
            )


def value_at(values: Any, path: str) -> Any:
    """What lies at ``a.b`` in nested mappings, or flat under that very name; None when nothing does."""
    if not isinstance(values, Mapping):
        return None
    if path in values:
        return values[path]
    for name in path.split("."):
        if not isinstance(values, Mapping) or name not in values:
            return None
        values = values[name]
    return values
