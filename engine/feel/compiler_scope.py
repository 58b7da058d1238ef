"""What the compiler knows about scopes: which inner names there are, and how far out each is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from engine.feel.budget import Scope
from engine.feel.nodes import Node

if TYPE_CHECKING:
    from engine.feel.library import Library

Code = Callable[[Scope], Any]
_Compiler = Callable[[Any, "Names"], Code]
_COMPILERS: dict[type[Node], _Compiler] = {}
_C = TypeVar("_C", bound=_Compiler)


class Names:
    """A chain of static scopes, as ``Env`` will be at run time; in ``dynamic`` ones an item's entries count too."""

    __slots__ = ("dynamic", "library", "names", "up")

    def __init__(
        self, library: Library, names: Iterable[str] = (), up: Names | None = None, *, dynamic: bool = False
    ) -> None:
        self.library, self.names, self.up, self.dynamic = library, frozenset(names), up, dynamic

    def push(self, names: Iterable[str], *, dynamic: bool = False) -> Names:
        """An inner scope."""
        return Names(self.library, names, self, dynamic=dynamic)

    def plan(self, name: str) -> tuple[tuple[bool, ...], bool]:
        """The scopes to pass up to the one that has ``name`` (true: look into the item too), and whether one has it."""
        plan: list[bool] = []
        scope: Names | None = self
        while scope is not None and scope.up is not None:
            plan.append(scope.dynamic)
            if name in scope.names:
                return tuple(plan), True
            scope = scope.up
        return (tuple(plan), False) if any(plan) else ((), False)

    def has(self, name: str) -> bool:
        """Whether an inner scope certainly has the name."""
        return self.plan(name)[1]

    @property
    def is_dynamic(self) -> bool:
        """Whether any name here may be an entry of some list's item."""
        return self.dynamic or (self.up is not None and self.up.is_dynamic)


def compiles(kind: type[Node]) -> Callable[[_C], _C]:
    """Registers the compiler of one kind of node."""

    def register(compiler: _C) -> _C:
        _COMPILERS[kind] = compiler
        return compiler

    return register


def compile_node(node: Node, names: Names) -> Code:
    """The closure that gives the node's value in a scope."""
    return _COMPILERS[type(node)](node, names)
