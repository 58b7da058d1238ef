"""The parser's boxed parts: brackets, contexts, loops, functions and calls."""

from __future__ import annotations

from engine.feel.lexer import Token, unquote
from engine.feel.names import SPECIAL
from engine.feel.nodes import (
    Call,
    ContextLiteral,
    Entry,
    For,
    FunctionLiteral,
    Iteration,
    ListLiteral,
    Node,
    Quantified,
    RangeLiteral,
)
from engine.feel.parser_types import TypeParts
from engine.feel.types import ANY, FeelType

_ENDS_RANGE = frozenset((")", "]", "}", ",", ":", "=", "!=", "<", "<=", ">", ">=", "+", "*", "/", "**", "", "..", "."))
_ENDS_RANGE_WORDS = frozenset(["and", "or", "then", "else", "return", "satisfies", "in", "between", "instance"])


class Parts(TypeParts):
    """Parses everything that has brackets or keywords around it."""

    def closes_range(self) -> bool:
        """Whether the ``[`` here ends an open range (``]1..5[``) and begins no filter."""
        after = self.ahead(1)
        if after.kind == "name":
            return after.text in _ENDS_RANGE_WORDS
        return after.kind == "end" or (after.kind == "op" and after.text in _ENDS_RANGE)

    def bracketed(self) -> Node:
        """``(…)``, ``[…]``, or a range with any brackets."""
        opening = self.advance()
        if opening.text == "[" and self.take("]"):
            return ListLiteral(opening.start, ())
        first = self.expression() if opening.text != "]" else self.additive()
        if self.take(".."):
            return self._range(opening, first)
        if opening.text == "(":
            self.expect(")")
            return first
        if opening.text == "]":
            raise self.unexpected(("..",))
        items = [first]
        while self.take(","):
            items.append(self.expression())
        self.expect("]")
        return ListLiteral(opening.start, tuple(items))

    def _range(self, opening: Token, start: Node) -> Node:
        end = self.additive()
        if self.token.kind != "op" or self.token.text not in (")", "]", "["):
            raise self.unexpected((")", "]", "["))
        closing = self.advance().text
        return RangeLiteral(opening.start, start, end, opening.text == "[", closing == "]")

    def context(self) -> Node:
        """``{key: value, …}``; each value sees the entries before it, a function also itself."""
        position = self.advance().start
        entries: list[Entry] = []
        while not self.at("}"):
            at = self.token.start
            key = unquote(self.advance().text) if self.token.kind == "string" else self.new_name((":",))
            self.expect(":")
            self.known.add(key)
            self.members.add(key)
            entries.append(Entry(at, key, self.expression()))
            if not self.take(","):
                break
            if self.at("}"):
                raise self.unexpected(("name",))
        self.expect("}")
        for entry in entries:
            self.known.remove(entry.key)
        return ContextLiteral(position, tuple(entries))

    def loop(self) -> Node:
        """``for … return …``"""
        position = self.advance().start
        iterators = self._iterators()
        self.expect_word("return")
        self.known.add("partial")
        body = self.expression()
        self.known.remove("partial")
        self._forget(iterators)
        return For(position, iterators, body)

    def quantified(self) -> Node:
        """``some … satisfies …`` and ``every``."""
        word = self.advance()
        iterators = self._iterators()
        self.expect_word("satisfies")
        body = self.expression()
        self._forget(iterators)
        return Quantified(word.start, word.text, iterators, body)

    def _iterators(self) -> tuple[Iteration, ...]:
        iterators: list[Iteration] = []
        while True:
            position = self.token.start
            name = self.new_name(("in",))
            self.expect_word("in")
            source = self.expression()
            end = self.additive() if self.take("..") else None
            iterators.append(Iteration(position, name, source, end))
            self.known.add(name)
            if not self.take(","):
                return tuple(iterators)

    def _forget(self, iterators: tuple[Iteration, ...]) -> None:
        for iterator in iterators:
            self.known.remove(iterator.name)

    def function(self) -> Node:
        """``function(a: type, b) body``"""
        position = self.advance(2).start
        parameters: list[tuple[str, FeelType]] = []
        while not self.at(")"):
            name = self.new_name((":", ",", ")"))
            parameters.append((name, self.type() if self.take(":") else ANY))
            if not self.take(","):
                break
        self.expect(")")
        external = self.take_word("external")
        body = self.inner_expression([name for name, _ in parameters])
        return FunctionLiteral(position, tuple(parameters), body, external)

    def call(self, function: Node) -> Node:
        """``(a, b)`` or ``(x: a, y: b)`` after a function."""
        position = self.advance().start
        names: list[str] = []
        arguments: list[Node] = []
        while not self.at(")"):
            if (not arguments or names) and self._is_named():
                names.append(self.new_name((":",)))
                self.expect(":")
            elif names:
                raise self.unexpected(("name",))
            arguments.append(self.expression())
            if not self.take(","):
                break
            if self.at(")"):
                raise self.unexpected(("expression",))
        self.expect(")")
        return Call(position, function, tuple(arguments), tuple(names) if names else None)

    def _is_named(self) -> bool:
        if self.token.kind != "name":
            return False
        for token in self.tokens[self.index + 1 :]:
            if token.kind == "op" and token.text == ":":
                return True
            if token.kind not in ("name", "number") and token.text not in SPECIAL:
                return False
        return False
