"""What a variable may be. Values from outside are checked and copied here, once, at the door of an execution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.errors import ExecutionFailed
from engine.feel import YearsMonths

MAX_DEPTH = 60
MAX_BITS = 4_000
_SCALARS = (Decimal, datetime, date, time, timedelta, YearsMonths)


def taken(variables: Mapping[str, Any] | None) -> dict[str, Any]:
    """A checked deep copy: nobody outside can change a running process through a value it handed over.

    Raises:
        ExecutionFailed: a value is of a kind that FEEL does not know, no number, or nested too deeply.
    """
    return {_name(name): _copy(value, str(name), MAX_DEPTH) for name, value in (variables or {}).items()}


def _copy(value: Any, path: str, depth: int) -> Any:
    kind = type(value)
    if value is None or kind in (bool, str):
        return value
    if kind is int:
        return _bounded(value, path)
    if depth == 0:
        raise ExecutionFailed("a value is nested too deeply", kind="bad_value", variable=path[:200])
    if isinstance(value, Mapping):
        return {_name(name): _copy(item, f"{path}.{name}", depth - 1) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item, path, depth - 1) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ExecutionFailed("a number is not finite", kind="bad_value", variable=path[:200])
        return int(value) if value.is_integer() else Decimal(repr(value))
    if isinstance(value, Decimal) and not value.is_finite():
        raise ExecutionFailed("a number is not finite", kind="bad_value", variable=path[:200])
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, bool | int | str):
        return str(value) if isinstance(value, str) else _bounded(int(value), path)
    raise ExecutionFailed(
        "a value is of a kind that no expression knows", kind="bad_value", variable=path[:200], type=kind.__name__
    )


def _bounded(value: int, path: str) -> int:
    if value.bit_length() > MAX_BITS:
        raise ExecutionFailed("a number has too many digits", kind="bad_value", variable=path[:200])
    return value


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise ExecutionFailed("a name is no text", kind="bad_value", variable=repr(name)[:200])
    return str(name)
