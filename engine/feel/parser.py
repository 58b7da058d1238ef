"""The grammar of DMN 1.5, chapter 10.3.1, from ``or`` down to names; boxed parts are in ``parser_parts``.

or < and < comparison, between, in < + - < * / < ** < unary minus < instance of < path, filter, call
"""

from __future__ import annotations

import decimal
from collections.abc import Collection

from engine.feel.budget import Limits
from engine.feel.errors import BudgetExceeded, FeelSyntaxError
from engine.feel.lexer import unquote
from engine.feel.names import KnownNames
from engine.feel.nodes import (
    Arithmetic,
    Between,
    Comparison,
    Filter,
    If,
    In,
    InstanceOf,
    Junction,
    Literal,
    Name,
    Negation,
    Node,
    Path,
    Tests,
    UnaryComparison,
    size,
)
from engine.feel.parser_parts import Parts
from engine.feel.temporal_text import parse_literal
from engine.feel.values import NUMBERS

_COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">="))
_RANKS = (("+", "-"), ("*", "/"), ("**",))
_OPERATORS = frozenset(("+", "-", "*", "/", "**"))
_CONSTANTS = {"true": True, "false": False, "null": None}
_EXPRESSION = ("expression",)


class Parser(Parts):
    """One parse of one text."""

    def parse_expression_only(self) -> Node:
        """The whole text as an expression."""
        node = self.expression()
        self.expect_end()
        return self._counted(node)

    def parse_unary_tests(self) -> Tests:
        """The whole text as unary tests: ``-``, ``not(…)`` or tests between commas."""
        position = self.token.start
        if self.at("-") and self.ahead(1).kind == "end":
            return Tests(position, (), False)
        self.known.add("?")
        negated = self._is_negated()
        if negated:
            self.advance(2)
        tests = [self.expression()]
        while self.take(","):
            tests.append(self.expression())
        if negated:
            self.expect(")")
        self.expect_end()
        node = Tests(position, tuple(tests), negated)
        self._counted(node)
        return node

    def _is_negated(self) -> bool:
        """``not(`` whose bracket ends the text; ``not(a) and b`` is an expression."""
        if not (self.at_word("not") and self.ahead(1).text == "("):
            return False
        depth = 0
        for index in range(self.index + 1, len(self.tokens)):
            token = self.tokens[index]
            if token.kind == "op":
                depth += (token.text in "([{") - (token.text in ")]}")
            if depth == 0:
                return self.tokens[index + 1].kind == "end"
        return False

    def _counted(self, node: Node) -> Node:
        count = size(node)
        if count > self.limits.nodes:
            raise BudgetExceeded("too_many_nodes", limit=self.limits.nodes, nodes=count)
        return node

    def expression(self) -> Node:
        """Any expression."""
        self.depth += 1
        if self.depth > self.limits.nesting + 2:
            raise BudgetExceeded("nested_too_deeply", self.token.start, limit=self.limits.nesting)
        node = self._expression()
        self.depth -= 1
        return node

    def _expression(self) -> Node:
        if self.token.kind == "op" and self.token.text in _COMPARISONS:
            return self.unary_comparison()
        first = self._comparison()
        if self.at_word("and"):
            first = self._junction("and", first)
        if not self.at_word("or"):
            return first
        return self._junction("or", first)

    def unary_comparison(self) -> Node:
        """``< 5``"""
        token = self.advance()
        return UnaryComparison(token.start, token.text, self.additive())

    def _junction(self, word: str, first: Node) -> Node:
        operands = [first]
        while self.take_word(word):
            operand = self._comparison()
            if word == "or" and self.at_word("and"):
                operand = self._junction("and", operand)
            operands.append(operand)
        return Junction(first.position, word, tuple(operands))

    def _comparison(self) -> Node:
        node = self.additive()
        for _ in range(self.limits.nesting):
            token = self.token
            if token.kind == "op" and token.text in _COMPARISONS:
                self.advance()
                node = Comparison(token.start, token.text, node, self.additive())
            elif self.take_word("between"):
                low = self.additive()
                self.expect_word("and")
                node = Between(token.start, node, low, self.additive())
            elif self.at_word("in"):
                self.advance()
                node = In(token.start, node, self._in_tests())
            else:
                return node
        raise BudgetExceeded("nested_too_deeply", self.token.start, limit=self.limits.nesting)

    def _in_tests(self) -> tuple[Node, ...]:
        if self.token.text == "(" and self._has_comma():
            self.advance()
            tests = [self.expression()]
            while self.take(","):
                tests.append(self.expression())
            self.expect(")")
            return tuple(tests)
        if self.token.kind == "op" and self.token.text in _COMPARISONS:
            return (self.unary_comparison(),)
        return (self.additive(),)

    def _has_comma(self) -> bool:
        """Whether the bracket that opens here holds a comma of its own."""
        depth = 0
        for token in self.tokens[self.index :]:
            if token.kind == "op":
                depth += (token.text in "([{") - (token.text in ")]}")
                if depth == 0 or (depth == 1 and token.text == ","):
                    return depth == 1
        return False

    def additive(self) -> Node:
        """An operand of a comparison or range."""
        first = self._unary()
        if self.token.kind == "op" and self.token.text in _OPERATORS:
            return self._chain(first, 0)
        return first

    def _chain(self, first: Node, rank: int) -> Node:
        """Go on after ``first`` with the operators of ``rank`` and those that bind tighter."""
        if rank < 2:
            first = self._chain(first, rank + 1)
        rest = []
        while self.token.kind == "op" and self.token.text in _RANKS[rank]:
            token = self.advance()
            operand = self._unary()
            rest.append((token.text, token.start, self._chain(operand, rank + 1) if rank < 2 else operand))
        return Arithmetic(first.position, first, tuple(rest)) if rest else first

    def _unary(self) -> Node:
        position, minus = self.token.start, 0
        while self.take("-"):
            minus += 1
        node = self._primary()
        if self.token.kind == "op":
            node = self._postfix(node)
        elif self.at_word("instance"):
            node = self._instance_of(node)
        if not minus:
            return node
        if minus % 2 and isinstance(node, Literal) and type(node.value) is decimal.Decimal:
            return Literal(position, NUMBERS.minus(node.value))
        for _ in range(2 - minus % 2):
            node = Negation(position, node)
        return node

    def _instance_of(self, node: Node) -> Node:
        while self.at_word("instance") and self.ahead(1).text == "of":
            position = self.advance(2).start
            node = InstanceOf(position, node, self.type())
        return node

    def _postfix(self, node: Node) -> Node:
        for _ in range(self.limits.nesting * 2):
            token = self.token
            if token.kind != "op":
                return self._instance_of(node)
            if token.text == ".":
                self.advance()
                node = Path(token.start, node, self.member_name())
            elif token.text == "[" and not self.closes_range():
                self.advance()
                node = Filter(token.start, node, self.inner_expression(("item",)))
                self.expect("]")
            elif token.text == "(":
                node = self.call(node)
            else:
                return node
        raise BudgetExceeded("nested_too_deeply", self.token.start, limit=self.limits.nesting)

    def _primary(self) -> Node:
        token = self.token
        if token.kind == "number":
            self.advance()
            return Literal(token.start, self._number(token.text, token.start))
        if token.kind == "string":
            self.advance()
            return Literal(token.start, unquote(token.text))
        if token.kind == "name":
            return self._word()
        if token.text == "@":
            return self._at_literal()
        if token.text in ("(", "[", "]"):
            return self.bracketed()
        if token.text == "{":
            return self.context()
        raise self.unexpected(_EXPRESSION)

    def _number(self, text: str, position: int) -> decimal.Decimal:
        try:
            return NUMBERS.create_decimal(text)
        except decimal.DecimalException:
            raise FeelSyntaxError("number_too_large", position, found=text[:40], source=self.text) from None

    def _at_literal(self) -> Node:
        position = self.advance().start
        if self.token.kind != "string":
            raise self.unexpected(("string",))
        text = unquote(self.token.text)
        value = parse_literal(text)
        if value is None:
            raise FeelSyntaxError("bad_at_literal", self.token.start, found=text[:60], source=self.text)
        self.advance()
        return Literal(position, value)

    def _word(self) -> Node:
        token = self.token
        known = self.known.match(self.tokens, self.index)
        if known is not None and known[0] > 1:
            return Name(token.start, self.name())
        if token.text in _CONSTANTS and known is None:
            self.advance()
            return Literal(token.start, _CONSTANTS[token.text])
        if token.text == "if":
            return self._if()
        if token.text == "for":
            return self.loop()
        if token.text in ("some", "every") and self.ahead(1).kind == "name":
            return self.quantified()
        if token.text == "function" and self.ahead(1).text == "(":
            return self.function()
        return Name(token.start, self.name())

    def _if(self) -> Node:
        position = self.token.start
        branches = []
        while self.take_word("if"):
            condition = self.expression()
            self.expect_word("then")
            branches.append((condition, self.expression()))
            self.expect_word("else")
        return If(position, tuple(branches), self.expression())


def parse(text: str, limits: Limits, known: KnownNames, members: Collection[str] = ()) -> Node:
    """The tree of an expression.

    Raises:
        FeelSyntaxError: the text is not FEEL.
        BudgetExceeded: it is too long, too deep, or has too many parts.
    """
    return Parser(text, limits, known, members).parse_expression_only()
