"""How the modules of built-in functions are written: a ``Theme`` collects what its decorator is put on."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.errors import Undefined
from engine.feel.library import Function

Call = Callable[..., Any]


class Theme:
    """The functions of one group, in the order they are written."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.functions: list[Function] = []

    def __call__(self, name: str, parameters: str, result: str, zh: str, en: str) -> Callable[[Call], Call]:
        """Register a signature; the function gets the run and the fitted arguments."""

        def register(call: Call) -> Call:
            self.functions.append(Function(name, parameters, call, zh, en, result=result, group=self.group, inner=True))
            return call

        return register


def whole(value: Decimal, parameter: str) -> int:
    """A whole number of reasonable size.

    Raises:
        Undefined: it is not.
    """
    if value != value.to_integral_value() or value.adjusted() > 15:
        raise Undefined("bad_argument", parameter=parameter)
    return int(value)
