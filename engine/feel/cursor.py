"""The parser's cursor: where it stands among the tokens, what may follow, and where names end."""

from __future__ import annotations

from collections.abc import Collection

from engine.feel.budget import Limits
from engine.feel.errors import FeelSyntaxError
from engine.feel.lexer import Token, tokenize
from engine.feel.names import RESERVED, SPECIAL, KnownNames, spelled
from engine.feel.nodes import (
    Node,
)


class Cursor:
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
