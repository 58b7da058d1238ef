"""Raw answers into values a process may hold: every problem at once, hidden fields and unknown keys left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError

from engine.errors import FieldProblem, InvalidInput
from engine.feel import STANDARD, Host, Library
from engine.forms.answers import Fault, load
from engine.forms.components import components_of
from engine.forms.filling import Filling, typed


def clean(
    schema: Mapping[str, Any],
    raw: Mapping[str, Any],
    *,
    variables: Mapping[str, Any] | None = None,
    host: Host | None = None,
    library: Library = STANDARD,
    today: date | None = None,
) -> dict[str, Any]:
    """The values of a filled form, by field, nested as the form's paths say; an empty optional field is None.

    Texts, ints, Decimals, bools, dates, times and aware datetimes (the city's zone where none was given), lists of file
    ids, ``{longitude, latitude}``. What is hidden now is left out; a read-only field keeps the process's value.

    Raises:
        InvalidInput: one ``FieldProblem`` per thing wrong. ExecutionFailed: an expression of the form is broken.
    """
    if not isinstance(raw, Mapping):
        raise InvalidInput("no form was sent", [FieldProblem("", "wrong_type")])
    components = components_of(schema)
    filling = Filling(variables or {}, host, library, today, values=typed(components, raw))
    try:
        return load(components, raw, filling)
    except ValidationError as error:
        raise InvalidInput("the form cannot be taken", list(_problems(error.messages, ""))) from error


def _problems(messages: Any, path: str) -> Iterator[FieldProblem]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _problems(inner, f"{path}.{name}" if path else str(name))
        return
    for fault in messages if isinstance(messages, list) else [messages]:
        if isinstance(fault, Fault):
            yield FieldProblem(path, str(fault), fault.facts)
        else:
            yield FieldProblem(path, "wrong_type", {"reason": str(fault)})
