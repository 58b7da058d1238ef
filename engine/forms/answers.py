"""Marshmallow fields and schemas built from form-js components; what depends on the moment is asked of the filling."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import date, datetime, time
from decimal import Decimal
from threading import Lock
from typing import Any

import re2
from marshmallow import EXCLUDE, Schema, ValidationError
from marshmallow.fields import Field
from marshmallow.utils import missing

from engine import clock
from engine.forms.components import (
    CHOICE_TYPES,
    FILE_TYPES,
    MAX_FILES,
    MAX_ROWS,
    SEVERAL_TYPES,
    TEXT_TYPES,
    TIME_TYPES,
    Component,
    Entry,
    components_of,
    level,
    value_at,
)
from engine.forms.filling import Filling, option_text
from engine.forms.patterns import matches
from engine.forms.reading import Unreadable, read_value

_filling: ContextVar[Filling] = ContextVar("cityloop_filling")

_EMAIL = re2.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PHONE = re2.compile(r"\+?[0-9][0-9 ()-]{4,19}")
_KEPT_SCHEMAS = 500


class Fault(str):
    """A problem code that carries its facts through marshmallow."""

    facts: dict[str, Any]

    def __new__(cls, code: str, **facts: Any) -> Fault:
        fault = super().__new__(cls, code)
        fault.facts = facts
        return fault


def refuse(code: str, **facts: Any) -> ValidationError:
    """The error for one field."""
    return ValidationError([Fault(code, **facts)])


def load(components: Sequence[Component], raw: Any, filling: Filling) -> dict[str, Any]:
    """The clean values of one level; ``filling.values`` are the typed values of that level.

    Raises:
        ValidationError: with ``Fault`` lists by field name, nested as the data is.
    """
    built, entries = _built(components)
    hidden = filling.hidden(entries)
    given = {e.name: value_at(raw, e.name) for e in entries if e.name not in hidden}
    token = _filling.set(filling)
    try:
        values: dict[str, Any] = built.load(given, partial=tuple(hidden))
    finally:
        _filling.reset(token)
    return values


class Answer(Field[Any]):
    """One input component."""

    def __init__(self, component: Component) -> None:
        super().__init__(required=True, allow_none=True)
        self.component = component

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """The clean value; ``missing`` for a field that only shows what the process says and has nothing to show."""
        filling = _filling.get()
        if filling.fixed(self.component):
            kept = value_at(filling.variables, attr or "")
            return missing if kept is None else kept
        try:
            found = read_value(self.component, value)
        except Unreadable as error:
            raise refuse(error.code, **error.facts) from None
        if _is_empty(found, self.component):
            if filling.required(self.component):
                raise refuse("must_be_checked" if self.component["type"] == "checkbox" else "required")
            return found
        return self.checked(found, filling)

    def checked(self, value: Any, filling: Filling) -> Any:
        """The value within the component's bounds."""
        kind = self.component["type"]
        if kind in TEXT_TYPES:
            return _check_text(self.component, value, filling)
        if kind == "number":
            return _check_number(self.component, value, filling)
        if kind in CHOICE_TYPES or kind == "codeTable":
            return _chosen(self.component, [value], filling)[0]
        if kind in SEVERAL_TYPES:
            return _chosen(self.component, value, filling)
        if kind in TIME_TYPES:
            return _check_time(self.component, value, filling)
        if kind in FILE_TYPES:
            return _check_files(self.component, value)
        return value


class Nested(Field[Any]):
    """A group with a path of its own."""

    def __init__(self, component: Component) -> None:
        super().__init__(required=True, allow_none=True)
        self.component = component

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """The clean values of the group."""
        filling = _filling.get()
        if value is not None and not isinstance(value, Mapping):
            raise refuse("wrong_type")
        inner = filling.inside(value_at(filling.values, attr or "") or {})
        return load(components_of(self.component), value or {}, inner)


class Rows(Field[Any]):
    """A dynamic list: the same group, many times."""

    def __init__(self, component: Component) -> None:
        super().__init__(required=True, allow_none=True)
        self.component = component

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """The clean rows; problems are told per row."""
        filling = _filling.get()
        if value in (None, ""):
            value = []
        if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
            raise refuse("wrong_type")
        if len(value) > MAX_ROWS:
            raise refuse("too_many", limit=MAX_ROWS)
        known = value_at(filling.values, attr or "") or []
        rows, problems = [], {}
        for index, row in enumerate(value):
            inner = filling.inside(known[index] if index < len(known) else {}, index)
            try:
                rows.append(load(components_of(self.component), row, inner))
            except ValidationError as error:
                problems[index] = error.messages
        if problems:
            raise ValidationError(problems)
        return rows


def _is_empty(value: Any, component: Component) -> bool:
    if component["type"] == "checkbox":
        return value is False
    return value is None or value == []


def _check_text(component: Component, value: str, filling: Filling) -> str:
    text = value.strip() if component["type"] == "textfield" else value.rstrip()
    faults = []
    least, most = filling.number(component, "minLength"), filling.number(component, "maxLength")
    if least is not None and len(text) < least:
        faults.append(Fault("too_short", minimum=least, length=len(text)))
    if most is not None and len(text) > most:
        faults.append(Fault("too_long", limit=most, length=len(text)))
    rules = component.get("validate") or {}
    pattern = rules.get("pattern")
    if pattern and not matches(str(pattern), text):
        faults.append(Fault("wrong_pattern", hint=str(rules.get("patternErrorMessage") or "")))
    kind = rules.get("validationType")
    if kind == "email" and not _EMAIL.fullmatch(text):
        faults.append(Fault("not_an_email"))
    if kind == "phone" and not _PHONE.fullmatch(text):
        faults.append(Fault("not_a_phone"))
    if faults:
        raise ValidationError(faults)
    return text


def _check_number(component: Component, value: int | Decimal, filling: Filling) -> int | Decimal | str:
    faults = []
    least, most = filling.number(component, "min"), filling.number(component, "max")
    if least is not None and value < least:
        faults.append(Fault("too_small", minimum=least))
    if most is not None and value > most:
        faults.append(Fault("too_large", maximum=most))
    digits = filling.setting(component.get("decimalDigits"), component)
    if isinstance(digits, int) and not isinstance(digits, bool):
        exponent = Decimal(value).as_tuple().exponent
        if isinstance(exponent, int) and -exponent > digits:
            faults.append(Fault("too_many_decimals", digits=digits))
    if faults:
        raise ValidationError(faults)
    return str(value) if component.get("serializeToString") is True else value


def _chosen(component: Component, values: Sequence[Any], filling: Filling) -> list[Any]:
    """The options themselves: a browser sends ``3`` for the number 3."""
    allowed = {option.text: option.value for option in filling.options(component)}
    chosen = []
    for value in values:
        text = option_text(value)
        if text not in allowed:
            raise refuse("not_an_option", value=text[:40])
        if allowed[text] not in chosen:
            chosen.append(allowed[text])
    return chosen


def _check_time(component: Component, value: date | time | datetime, filling: Filling) -> date | time | datetime:
    if filling.setting(component.get("disallowPassedDates"), component) is True and not isinstance(value, time):
        day = clock.city_time(value).date() if isinstance(value, datetime) else value
        if filling.today is not None and day < filling.today:
            raise refuse("in_the_past")
    return value


def _check_files(component: Component, value: list[str]) -> list[str]:
    kind = component["type"]
    alone = kind == "signature" or (kind == "filepicker" and component.get("multiple") is not True)
    limit = 1 if alone else MAX_FILES
    if len(value) > limit:
        raise refuse("too_many", limit=limit)
    return value


class _Kept:
    """Schemas are built once per form: a schema's components are shared and never changed while it is published."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: OrderedDict[int, tuple[Sequence[Component], Schema, list[Entry]]] = OrderedDict()

    def get(self, components: Sequence[Component]) -> tuple[Schema, list[Entry]]:
        with self._lock:
            kept = self._found.get(id(components))
            # The kept entry holds its components, so that their address cannot become another's while it is kept.
            if kept is not None and kept[0] is components:
                self._found.move_to_end(id(components))
                return kept[1], kept[2]
        entries = list(level(components))
        built = Schema.from_dict({entry.name: _field(entry.component) for entry in entries})(unknown=EXCLUDE)
        with self._lock:
            self._found[id(components)] = (components, built, entries)
            while len(self._found) > _KEPT_SCHEMAS:
                self._found.popitem(last=False)
        return built, entries


_kept = _Kept()


def _built(components: Sequence[Component]) -> tuple[Schema, list[Entry]]:
    return _kept.get(components)


def _field(component: Component) -> Field[Any]:
    return {"group": Nested, "dynamiclist": Rows}.get(component["type"], Answer)(component)
