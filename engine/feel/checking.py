"""The strict mode for publishing and for editors: what is wrong with an expression before it ever runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from engine.feel.budget import LIMITS, Limits
from engine.feel.errors import FeelError
from engine.feel.expression import compile_expression, compile_unary_tests
from engine.feel.library import Library
from engine.feel.nodes import Call, FunctionLiteral, InstanceOf, Name, Node, walk
from engine.feel.reading import free_reads
from engine.feel.standard import STANDARD
from engine.feel.types import SIMPLE, FeelType
from engine.feel.wording import words


@dataclass(frozen=True)
class FeelProblem:
    """One thing wrong with an expression, at ``position`` (offset in the source)."""

    code: str
    position: int
    facts: Mapping[str, Any]

    def text(self, language: str = "en") -> str:
        """The problem in ``zh`` or ``en``."""
        return words(self.code, self.facts, language)

    def __str__(self) -> str:
        return self.text()


def check_expression(
    text: str,
    *,
    library: Library = STANDARD,
    names: Collection[str] | None = None,
    unary: bool = False,
    limits: Limits = LIMITS,
) -> list[FeelProblem]:
    """Everything wrong with an expression (or unary tests), in the order of the source.

    ``names`` are all the names it may read; None leaves unknown names alone and looks at functions and types only.
    """
    known = frozenset(names or ())
    try:
        if unary:
            tree = compile_unary_tests(text, library=library, names=known, limits=limits).tree
        else:
            tree = compile_expression(text, library=library, names=known, limits=limits).tree
    except FeelError as error:
        return [FeelProblem(error.code, error.position or 0, error.facts)]
    problems = [
        *_names(tree, library, None if names is None else known),
        *_calls(tree, library),
        *_types(tree, library),
    ]
    return sorted(problems, key=lambda problem: problem.position)


def _names(tree: Node, library: Library, known: frozenset[str] | None) -> Iterator[FeelProblem]:
    for read in free_reads(tree, library):
        name = read.node.name
        if read.called and name not in (known or ()):
            if known is None and read.maybe:
                continue
            yield _unknown("unknown_function", read.node, [*library.names, *(known or ())])
        elif not read.called and not read.maybe and known is not None and name not in known and not library.find(name):
            yield _unknown("unknown_variable", read.node, known)


def _unknown(code: str, node: Name, choices: Collection[str]) -> FeelProblem:
    return FeelProblem(code, node.position, {"name": node.name, "suggestion": suggestion(node.name, choices)})


def suggestion(name: str, choices: Collection[str]) -> str:
    """The name that was probably meant, or nothing."""
    plain = {"".join(choice.lower().split()): choice for choice in choices}
    wanted = "".join(name.lower().replace("_", "").replace("-", "").split())
    if wanted in plain:
        return plain[wanted]
    close = get_close_matches(wanted, plain, 1, 0.6)
    return plain[close[0]] if close else ""


def _calls(tree: Node, library: Library) -> Iterator[FeelProblem]:
    for node in walk(tree):
        if isinstance(node, Call) and isinstance(node.function, Name):
            overloads = library.find(node.function.name)
            if overloads and not any(function.accepts(len(node.arguments), node.names) for function in overloads):
                facts = {"name": node.function.name, "signatures": [function.signature for function in overloads]}
                yield FeelProblem("wrong_arguments", node.function.position, facts)


def _types(tree: Node, library: Library) -> Iterator[FeelProblem]:
    for node in walk(tree):
        wanted: list[FeelType] = []
        if isinstance(node, InstanceOf):
            wanted = [node.type]
        elif isinstance(node, FunctionLiteral):
            wanted = [kind for _, kind in node.parameters]
        while wanted:
            current = wanted.pop()
            wanted += [*current.parts, *(kind for _, kind in current.members)]
            if current.kind not in SIMPLE and current.kind not in ("Any", "Null") and current.kind not in library.types:
                facts = {"name": current.kind, "suggestion": suggestion(current.kind, [*SIMPLE, *library.types])}
                yield FeelProblem("unknown_type", node.position, facts)
