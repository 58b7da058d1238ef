"""Expressions and unary tests, compiled once and kept: ``compile_expression`` and ``compile_unary_tests``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from engine.feel import compiler, compiler_calls, compiler_logic, compiler_loops
from engine.feel.budget import LIMITS, Host, Limits, Reason, Run
from engine.feel.compiler_scope import Code, Names, compile_node
from engine.feel.compiler_tests import Test, compile_tests
from engine.feel.errors import BudgetExceeded, Undefined
from engine.feel.inference import type_given
from engine.feel.library import Library, invoke
from engine.feel.names import KnownNames, candidates
from engine.feel.nodes import Node, Tests
from engine.feel.parser import Parser
from engine.feel.reading import free_names
from engine.feel.standard import STANDARD
from engine.feel.types import FeelType
from engine.feel.values import Context, FunctionValue, to_feel

# Each registers the compilers of its kinds of nodes.
_COMPILERS = (compiler, compiler_logic, compiler_loops, compiler_calls)
CACHE_SIZE = 10_000
_NO_NAMES: frozenset[str] = frozenset()


class _Text:
    """What expressions and unary tests have in common."""

    __slots__ = ("_candidates", "_code", "known", "library", "limits", "names", "text")

    def __init__(self, text: str, library: Library, limits: Limits, known: frozenset[str]) -> None:
        self.text, self.library, self.limits, self.known = text, library, limits, known
        try:
            parser = self._parser()
            tree = self._parse(parser)
            self._code = self._compile(tree)
        except RecursionError:
            raise BudgetExceeded("nested_too_deeply", limit=limits.nesting) from None
        self.names = free_names(tree, library)
        self._candidates = tuple(name for name in candidates(text, parser.tokens) if name not in known)

    def _parser(self) -> Parser:
        return Parser(self.text, self.limits, KnownNames(self.known, self.library.known), self.known)

    def _parse(self, parser: Parser) -> Node:
        raise NotImplementedError

    def _compile(self, tree: Any) -> Any:
        raise NotImplementedError

    @property
    def tree(self) -> Node:
        """The parsed expression, to be walked (see ``nodes``); parsed anew, as only the compiled form is kept."""
        try:
            return self._parse(self._parser())
        except RecursionError:
            raise BudgetExceeded("nested_too_deeply", limit=self.limits.nesting) from None

    def type(self, names: Mapping[str, FeelType] | None = None) -> FeelType:
        """The type of the value, as far as the text and the types of the names tell; null may always come instead."""
        return type_given(self.tree, self.library, names or {})

    def _odd_names(self, context: Mapping[str, Any]) -> frozenset[str]:
        """Names like ``first-name`` that the data really has, where the text would be an operation without them."""
        found = [name for name in self._candidates if name in context]
        return self.known.union(found) if found else _NO_NAMES


class Expression(_Text):
    """A compiled expression; may be shared by threads. ``names`` are the free names it reads."""

    __slots__ = ()
    _code: Code

    def _parse(self, parser: Parser) -> Node:
        return parser.parse_expression_only()

    def _compile(self, tree: Any) -> Code:
        return compile_node(tree, Names(self.library))

    def evaluate(self, context: Mapping[str, Any], host: Host | None = None) -> Any:
        """The FEEL value in ``context`` (plain or FEEL values by name); null where the specification says so.

        Raises:
            BudgetExceeded: it wants more than its limits allow.
            FeelError: ``context`` holds something that is no FEEL value, or a domain function failed.
        """
        if self._candidates:
            names = self._odd_names(context)
            if names:
                return _expression(self.text, self.library, self.limits, names).evaluate(context, host)
        return _run(self._code, Run(context, host, self.limits))

    def evaluate_explained(self, context: Mapping[str, Any], host: Host | None = None) -> tuple[Any, list[Reason]]:
        """Like ``evaluate``, with the reasons for every null on the way, in the order they were met."""
        names = self._odd_names(context)
        if names:
            return _expression(self.text, self.library, self.limits, names).evaluate_explained(context, host)
        run = Run(context, host, self.limits)
        return _run(self._code, run), run.reasons


class UnaryTests(_Text):
    """Compiled unary tests (a decision table's cell, allowed values)."""

    __slots__ = ()
    _code: Test

    def _parse(self, parser: Parser) -> Node:
        return parser.parse_unary_tests()

    def _compile(self, tree: Any) -> Test:
        assert isinstance(tree, Tests)
        return compile_tests(tree, Names(self.library))

    def test(self, value: Any, context: Mapping[str, Any], host: Host | None = None) -> bool | None:
        """Whether ``value`` passes; None when it cannot be told. Raises like ``Expression.evaluate``."""
        return self._test(value, context, host)[0]

    def test_explained(
        self, value: Any, context: Mapping[str, Any], host: Host | None = None
    ) -> tuple[bool | None, list[Reason]]:
        """Like ``test``, with the reasons for nulls on the way."""
        passed, run = self._test(value, context, host)
        return passed, run.reasons

    def _test(self, value: Any, context: Mapping[str, Any], host: Host | None) -> tuple[bool | None, Run]:
        if self._candidates:
            names = self._odd_names(context)
            if names:
                return _tests(self.text, self.library, self.limits, names)._test(value, context, host)
        run = Run(context, host, self.limits)
        try:
            return self._code(run, to_feel(value)), run
        except RecursionError:
            raise BudgetExceeded("too_many_calls", limit=self.limits.calls) from None


def _run(code: Code, run: Run) -> Any:
    try:
        value = code(run)
    except RecursionError:
        raise BudgetExceeded("too_many_calls", limit=run.limits.calls) from None
    kind = type(value)
    if kind is str and len(value) > run.limits.string:
        raise BudgetExceeded("string_too_long", limit=run.limits.string)
    if kind is tuple or kind is Context:
        _check_size(value, run.limits)
    return value


def _check_size(value: Any, limits: Limits) -> None:
    count, level, depth = 0, [value], 0
    while level:
        depth += 1
        count += len(level)
        if count > limits.result_nodes:
            raise BudgetExceeded("result_too_large", limit=limits.result_nodes)
        if depth > limits.result_depth + 1:
            raise BudgetExceeded("result_too_deep", limit=limits.result_depth)
        below: list[Any] = []
        for item in level:
            if type(item) is tuple:
                below.extend(item)
            elif type(item) is Context:
                below.extend(item.values())
            if len(below) > limits.result_nodes:
                break
        level = below


def call_function(
    function: FunctionValue, arguments: Mapping[str, Any], host: Host | None = None, *, limits: Limits = LIMITS
) -> Any:
    """What a function value answers to arguments by name; null when they do not fit. Raises like ``evaluate``."""
    run = Run({}, host, limits)
    values = [to_feel(value) for value in arguments.values()]

    def code(scope: Any) -> Any:
        try:
            return invoke(run, function, values, list(arguments))
        except Undefined as error:
            run.note_undefined(error)
            return None

    return _run(code, run)


@lru_cache(CACHE_SIZE)
def _expression(text: str, library: Library, limits: Limits, names: frozenset[str]) -> Expression:
    return Expression(text, library, limits, names)


@lru_cache(CACHE_SIZE)
def _tests(text: str, library: Library, limits: Limits, names: frozenset[str]) -> UnaryTests:
    return UnaryTests(text, library, limits, names)


def compile_expression(
    text: str, *, library: Library = STANDARD, names: Collection[str] = _NO_NAMES, limits: Limits = LIMITS
) -> Expression:
    """The compiled expression, from the cache when it was compiled before.

    ``names`` in scope need only be given when they hold ``+ - * / . '`` or keywords and the data will not have them.

    Raises:
        FeelSyntaxError: the text is not FEEL.
        BudgetExceeded: it is too long, nested too deeply, or has too many parts.
    """
    return _expression(text, library, limits, frozenset(names))


def compile_unary_tests(
    text: str, *, library: Library = STANDARD, names: Collection[str] = _NO_NAMES, limits: Limits = LIMITS
) -> UnaryTests:
    """The compiled unary tests; raises like ``compile_expression``."""
    return _tests(text, library, limits, frozenset(names))
