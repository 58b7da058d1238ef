"""Reads the expressions of other engines: JUEL ``${…}``, and the expression part of JavaScript, Groovy and Python.

Only what has a meaning in FEEL is read; everything else is ``NotTranslatable`` and needs a hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LENGTH = 2_000
MAX_DEPTH = 40
MAX_OPERATORS = 150


class NotTranslatable(ValueError):
    """The text means nothing that FEEL could say; the message tells which part."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: None, bool, str, or the text of a number."""

    value: object
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """``of.name`` or ``of[key]``."""

    of: Node
    key: Node


@dataclass(frozen=True, slots=True)
class Call:
    """``of.name(args)``; ``of`` is None for a plain function."""

    of: Node | None
    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """``not``, ``-`` or ``empty``."""

    operator: str
    of: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """Comparison, logic or arithmetic; operators as in FEEL, plus ``%``, ``in`` and ``not in``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Ternary:
    """``test ? yes : no``."""

    test: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]


Node = Literal | Name | Member | Call | Unary | Binary | Ternary | Items

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[LlDdFf]?(?![\w.]))"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<operator>===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]])"
)
_WORDS = {
    "eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "and": "and", "or": "or", "not": "not",
    "div": "/", "mod": "%", "empty": "empty", "in": "in", "is": "=",
}  # fmt: skip
_SYMBOLS = {"==": "=", "===": "=", "!=": "!=", "!==": "!=", "&&": "and", "||": "or", "!": "not"}
_CONSTANTS = {"null": None, "None": None, "undefined": None, "true": True, "false": False, "True": True, "False": False}
_LEVELS = (("or",), ("and",), ("=", "!="), ("<", "<=", ">", ">=", "in", "not in"), ("+", "-"), ("*", "/", "%"))
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def parse(text: str) -> Node:
    """The tree of one expression, without its ``${}``.

    Raises:
        NotTranslatable: it is no expression of the kinds named above.
    """
    if len(text) > MAX_LENGTH:
        raise NotTranslatable(f"longer than {MAX_LENGTH} characters")
    reader = _Reader(list(_tokens(text)))
    tree = reader.ternary(0)
    if reader.here.kind != "end":
        raise NotTranslatable(f"unexpected {reader.here.text!r}")
    return tree


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotTranslatable(f"unexpected {text[position : position + 10]!r}")
        position = match.end()
        kind, found = str(match.lastgroup), match.group()
        if kind == "space":
            continue
        if kind == "operator" and found in _SYMBOLS:
            yield _Token("operator", _SYMBOLS[found])
        else:
            yield _Token(kind, found)
    yield _Token("end", "")


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.operators = 0

    @property
    def here(self) -> _Token:
        return self.tokens[self.at]

    def operator(self) -> str:
        """The operator at hand, word or symbol, or ''."""
        token = self.here
        if token.kind == "name":
            word = _WORDS.get(token.text, "")
            after = self.tokens[self.at + 1]
            if word == "not" and (after.kind, after.text) == ("name", "in"):
                return "not in"
            if token.text == "is" and (after.kind, after.text) == ("name", "not"):
                return "!="
            return word
        return token.text if token.kind == "operator" else ""

    def skip_operator(self) -> None:
        first, second = self.here.text, self.tokens[min(self.at + 1, len(self.tokens) - 1)].text
        self.at += 2 if (first, second) in {("not", "in"), ("is", "not")} else 1

    def take(self, text: str) -> bool:
        """Whether the symbol is at hand; then it is passed."""
        if self.here.kind == "operator" and self.here.text == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise NotTranslatable(f"expected {text!r} instead of {self.here.text!r}")

    def ternary(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise NotTranslatable("nested too deeply")
        test = self.binary(0, depth + 1)
        if not self.take("?"):
            return test
        yes = self.ternary(depth + 1)
        self.expect(":")
        return Ternary(test, yes, self.ternary(depth + 1))

    def binary(self, level: int, depth: int) -> Node:
        if level == len(_LEVELS):
            return self.unary(depth)
        left = self.binary(level + 1, depth)
        while (operator := self.operator()) in _LEVELS[level]:
            self.skip_operator()
            self.operators += 1
            if self.operators > MAX_OPERATORS:
                raise NotTranslatable(f"more than {MAX_OPERATORS} operators")
            left = Binary(operator, left, self.binary(level + 1, depth))
        return left

    def unary(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise NotTranslatable("nested too deeply")
        operator = self.operator()
        if operator in {"not", "-", "empty"}:
            self.at += 1
            # Python's `not` binds weaker than comparisons, everybody else's tighter.
            python = self.tokens[self.at - 1] == _Token("name", "not")
            return Unary(operator, self.binary(2, depth + 1) if python else self.unary(depth + 1))
        return self.postfix(self.primary(depth), depth)

    def postfix(self, of: Node, depth: int) -> Node:
        for _ in range(MAX_DEPTH):
            if self.take("."):
                if self.here.kind != "name":
                    raise NotTranslatable(f"unexpected {self.here.text!r}")
                name = self.here.text
                self.at += 1
                of = Call(of, name, self.arguments(")", depth)) if self.take("(") else Member(of, Literal(name))
            elif self.take("["):
                of = Member(of, self.ternary(depth + 1))
                self.expect("]")
            else:
                return of
        raise NotTranslatable("nested too deeply")

    def primary(self, depth: int) -> Node:
        token = self.here
        self.at += 1
        if token.kind == "number":
            return Literal(token.text.rstrip("LlDdFf"), is_number=True)
        if token.kind == "string":
            return Literal(re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), token.text[1:-1]))
        if token.kind == "name":
            if token.text in _CONSTANTS:
                return Literal(_CONSTANTS[token.text])
            if self.take("("):
                return Call(None, token.text, self.arguments(")", depth))
            if token.text in _WORDS:
                raise NotTranslatable(f"unexpected {token.text!r}")
            return Name(token.text)
        if token.kind == "operator" and token.text == "(":
            inner = self.ternary(depth + 1)
            self.expect(")")
            return inner
        if token.kind == "operator" and token.text == "[":
            return Items(self.arguments("]", depth))
        raise NotTranslatable(f"unexpected {token.text or 'end'!r}")

    def arguments(self, closing: str, depth: int) -> tuple[Node, ...]:
        found: list[Node] = []
        if self.take(closing):
            return ()
        while True:
            found.append(self.ternary(depth + 1))
            if self.take(closing):
                return tuple(found)
            self.expect(",")
