"""Item definitions at work: which FEEL type a reference means, is a value of it (DMN 1.5, 7.3.3, 10.3.2.9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.decisions.model import ItemDefinition
from engine.errors import ExecutionFailed
from engine.feel import (
    ANY,
    SCRIPT_LIMITS,
    FeelError,
    FeelType,
    Host,
    Library,
    UnaryTests,
    Undefined,
    compile_unary_tests,
    feel_text,
)
from engine.feel.types import ALIASES, NAMES, fit
from engine.feel.values import Context

Resolve = Callable[[str], ItemDefinition | None]
_MAX_DEPTH = 20
_MAX_PARTS = 5_000


@dataclass(frozen=True, slots=True)
class Constraint:
    """A type as FEEL knows it and what it demands besides: allowed values, of the value or of parts of it."""

    type: FeelType
    allowed: UnaryTests | None = None
    whole: UnaryTests | None = None
    item: Constraint | None = None
    members: tuple[tuple[str, Constraint], ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the FEEL type says it all."""
        return not (self.allowed or self.whole or self.item or self.members)

    def coerce(self, value: Any, host: Host | None) -> Any:
        """``value`` as this type; null stays null.

        Raises:
            Undefined: it is not of the type, or not among the allowed values.
        """
        if value is None:
            return None
        value = fit(value, self.type)
        if not self.plain:
            self._check(value, host)
        return value

    def _check(self, value: Any, host: Host | None) -> None:
        if value is None:
            return
        if self.item is not None:
            for part in value:
                self.item._check(part, host)
        if type(value) is Context:
            for name, member in self.members:
                member._check(value.get(name), host)
        for tests in (self.allowed, self.whole):
            if tests is not None and tests.test(value, {}, host) is not True:
                raise Undefined("wrong_type", wanted=tests.text, found=feel_text(value))


NO_CONSTRAINT = Constraint(ANY)


class Types:
    """The types one file sees: its own item definitions and, with their import's name, those of imported files."""

    def __init__(self, resolve: Resolve, library: Library) -> None:
        self._resolve = resolve
        self._library = library
        self._known: dict[str, Constraint] = {}
        self._parts = 0

    def constraint(self, reference: str) -> Constraint:
        """What the type reference demands; an unknown one demands nothing (``problems`` tells of it).

        Raises:
            ExecutionFailed: its allowed values are no FEEL, or the types are built of too many parts.
        """
        if reference not in self._known:
            self._known[reference] = self._of_reference(reference, ())
        return self._known[reference]

    def _of_reference(self, reference: str, above: tuple[str, ...]) -> Constraint:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise ExecutionFailed("types of too many parts", kind="decision_types", limit=_MAX_PARTS)
        kind = ALIASES.get(reference, reference)
        if not kind or kind == "Any" or reference in above or len(above) > _MAX_DEPTH:
            return NO_CONSTRAINT
        if kind in NAMES:
            return Constraint(FeelType(kind))
        found = self._resolve(reference)
        if found is None:
            return NO_CONSTRAINT
        prefix, dot, _ = reference.rpartition(".")
        return self._of_item(found, prefix + dot, (*above, reference))

    def _of_item(self, item: ItemDefinition, prefix: str, above: tuple[str, ...]) -> Constraint:
        base = self._base(item, prefix, above)
        allowed = self._tests(item.allowed)
        if allowed is not None:
            base = Constraint(base.type, allowed, base.allowed, base.item, base.members)
        if item.is_collection:
            base = Constraint(FeelType("list", (base.type,)), item=None if base.plain else base)
        whole = self._tests(item.constraint)
        if whole is not None:
            base = Constraint(base.type, base.allowed, whole, base.item, base.members)
        return base

    def _base(self, item: ItemDefinition, prefix: str, above: tuple[str, ...]) -> Constraint:
        if item.function is not None:
            parameters, result = item.function
            parts = tuple(self._inner(p.type_ref, prefix, above).type for p in parameters)
            return Constraint(FeelType("function", parts, result=self._inner(result, prefix, above).type))
        if item.components:
            made = [(c.name, self._of_item(c, prefix, above)) for c in item.components]
            kind = FeelType("context", members=tuple((name, part.type) for name, part in made))
            return Constraint(kind, members=tuple((name, part) for name, part in made if not part.plain))
        return self._inner(item.type_ref, prefix, above)

    def _inner(self, reference: str, prefix: str, above: tuple[str, ...]) -> Constraint:
        if reference and ALIASES.get(reference, reference) not in NAMES:
            reference = prefix + reference
        return self._of_reference(reference, above)

    def _tests(self, text: str) -> UnaryTests | None:
        try:
            return compile_unary_tests(text, library=self._library, limits=SCRIPT_LIMITS) if text else None
        except FeelError as error:
            raise ExecutionFailed(error.text("en"), kind="feel", expression=text, code=error.code) from error

    def knows(self, reference: str) -> bool:
        """Whether the reference means something."""
        return not reference or ALIASES.get(reference, reference) in NAMES or self._resolve(reference) is not None

    def feel_types(self, names: Mapping[str, ItemDefinition]) -> dict[str, FeelType]:
        """The named types for ``instance of`` and typed parameters."""
        return {name: self.constraint(name).type for name in names}
