"""The parser's cursor and its boxed parts: names, brackets, contexts, loops, functions, calls, types."""

from __future__ import annotations

from collections.abc import Collection

from engine.feel.budget import Limits
from engine.feel.errors import FeelSyntaxError
from engine.feel.lexer import Token, tokenize, unquote
from engine.feel.names import RESERVED, SPECIAL, KnownNames, spelled
from engine.feel.nodes import (
    Call,
    ContextLiteral,
    Entry,
    For,
    FunctionLiteral,
    Iterator_,
    ListLiteral,
    Node,
    Quantified,
    RangeLiteral,
)
from engine.feel.types import ALIASES, ANY, NAMES, FeelType

_TYPES = KnownNames(NAMES)
_ENDS_RANGE = frozenset((")", "]", "}", ",", ":", "=", "!=", "<", "<=", ">", ">=", "+", "*", "/", "**", "", "..", "."))
_ENDS_RANGE_WORDS = frozenset(["and", "or", "then", "else", "return", "satisfies", "in", "between", "instance"])


class Parts:
    """A cursor over tokens; ``known`` are the names in scope, ``members`` odd names that may follow a dot."""

    def __init__(self, text: str, limits: Limits, known: KnownNames, members: Collection[str] = ()) -> None:
        self.text, self.limits, self.known = text, limits, known
        self.members = KnownNames(members)
        self.tokens = tokenize(text, limits)
        self.index = 0
        self.depth = 0
        self.token = self.tokens[0]

    # The cursor

    def ahead(self, count: int) -> Token:
        """The token so many places further, or the end."""
        return self.tokens[min(self.index + count, len(self.tokens) - 1)]

    def advance(self, count: int = 1) -> Token:
        """Go on; gives the token that was current."""
        token = self.token
        self.index = min(self.index + count, len(self.tokens) - 1)
        self.token = self.tokens[self.index]
        return token

    def at(self, operator: str) -> bool:
        """Whether the operator stands here."""
        return self.token.text == operator and self.token.kind == "op"

    def at_word(self, word: str) -> bool:
        """Whether the keyword stands here."""
        return self.token.text == word and self.token.kind == "name"

    def take(self, operator: str) -> bool:
        """Whether the operator stood here; then it is behind us."""
        if self.at(operator):
            self.advance()
            return True
        return False

    def take_word(self, word: str) -> bool:
        """Whether the keyword stood here; then it is behind us."""
        if self.at_word(word):
            self.advance()
            return True
        return False

    def expect(self, operator: str) -> None:
        """Go past the operator, which must stand here."""
        if not self.take(operator):
            raise self.unexpected((operator,))

    def expect_word(self, word: str) -> None:
        """Go past the keyword, which must stand here."""
        if not self.take_word(word):
            raise self.unexpected((word,))

    def expect_end(self) -> None:
        """Nothing may follow."""
        if self.token.kind != "end":
            raise self.unexpected(("operator", "end"))

    def unexpected(self, expected: tuple[str, ...]) -> FeelSyntaxError:
        """The error that something else stands here."""
        code = "unexpected" if self.token.kind != "end" else "ends_early"
        return FeelSyntaxError(code, self.token.start, found=self.token.text[:60], expected=expected, source=self.text)

    def expression(self) -> Node:
        """Any expression (the parser's)."""
        raise NotImplementedError

    def additive(self) -> Node:
        """An operand of a comparison (the parser's)."""
        raise NotImplementedError

    # Names

    def name(self) -> str:
        """A name that is read: the longest known one, or the words up to the next keyword or operator."""
        start = self.index
        known = self.known.match(self.tokens, start)
        free = self._free_name()
        if known is not None and known[0] >= free:
            self.advance(known[0])
            return known[1]
        if free == 0:
            raise self.unexpected(("expression",))
        self.advance(free)
        return spelled(self.text, self.tokens, start, start + free)

    def _free_name(self) -> int:
        """How many tokens from here on are a name by the grammar alone."""
        if self.token.kind != "name" or self.token.text in RESERVED:
            return 0
        count = 1
        while True:
            token = self.ahead(count)
            if token.kind == "number" and not token.text.isdigit():
                return count
            if token.kind not in ("name", "number") or (token.kind == "name" and self._stops(token, count)):
                return count
            count += 1

    def _stops(self, token: Token, count: int) -> bool:
        if token.text == "instance":
            return self.ahead(count + 1).text == "of"
        return token.text in RESERVED and token.text not in ("function", "null", "true", "false")

    def member_name(self) -> str:
        """The name after a dot; keywords may be names there."""
        known = self.members.match(self.tokens, self.index)
        free = max(self._free_name(), 1 if self.token.kind == "name" else 0)
        if known is not None and known[0] >= free:
            self.advance(known[0])
            return known[1]
        if free == 0:
            raise self.unexpected(("name",))
        start = self.index
        self.advance(free)
        return spelled(self.text, self.tokens, start, start + free)

    def new_name(self, ends: tuple[str, ...]) -> str:
        """A name that is declared: everything up to one of ``ends``."""
        start = self.index
        if self.token.kind != "name":
            raise self.unexpected(("name",))
        while self.token.text not in ends or self.token.kind == "string":
            fits = self.token.kind in ("name", "number") or self.token.text in SPECIAL or self.token.text == "**"
            if not fits:
                raise self.unexpected(ends)
            self.advance()
        if start == self.index:
            raise self.unexpected(("name",))
        return spelled(self.text, self.tokens, start, self.index)

    def inner_expression(self, names: Collection[str]) -> Node:
        """An expression in which ``names`` are known as well."""
        for name in names:
            self.known.add(name)
        node = self.expression()
        for name in names:
            self.known.remove(name)
        return node

    # Brackets: lists, ranges, groups, contexts

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

    # Loops and functions

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

    def _iterators(self) -> tuple[Iterator_, ...]:
        iterators: list[Iterator_] = []
        while True:
            position = self.token.start
            name = self.new_name(("in",))
            self.expect_word("in")
            source = self.expression()
            end = self.additive() if self.take("..") else None
            iterators.append(Iterator_(position, name, source, end))
            self.known.add(name)
            if not self.take(","):
                return tuple(iterators)

    def _forget(self, iterators: tuple[Iterator_, ...]) -> None:
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

    # Types

    def type(self) -> FeelType:
        """A type: ``number``, ``list<string>``, ``context<a: number>``, ``function<number> -> string``, ``tPerson``."""
        self.depth += 1
        if self.depth > self.limits.nesting:
            raise self.unexpected(("type",))
        kind = self._type_name()
        made = FeelType(kind)
        if kind in ("list", "range") and self.take("<"):
            made = FeelType(kind, (self.type(),))
            self.expect(">")
        elif kind == "context" and self.take("<"):
            made = FeelType(kind, members=self._members())
        elif kind == "function" and self.take("<"):
            made = self._function_type()
        self.depth -= 1
        return made

    def _type_name(self) -> str:
        known = _TYPES.match(self.tokens, self.index)
        if known is not None:
            self.advance(known[0])
            return ALIASES.get(known[1], known[1])
        if self.token.kind != "name":
            raise self.unexpected(("type",))
        words = [self.member_name()]
        while self.take("."):
            words.append(self.member_name())
        return ".".join(words)

    def _members(self) -> tuple[tuple[str, FeelType], ...]:
        members: list[tuple[str, FeelType]] = []
        while not self.at(">"):
            name = self.new_name((":",))
            self.expect(":")
            members.append((name, self.type()))
            if not self.take(","):
                break
        self.expect(">")
        return tuple(members)

    def _function_type(self) -> FeelType:
        parts: list[FeelType] = []
        while not self.at(">"):
            parts.append(self.type())
            if not self.take(","):
                break
        self.expect(">")
        self.expect("->")
        return FeelType("function", tuple(parts), result=self.type())
