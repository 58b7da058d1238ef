"""Text to tokens. Names come in pieces (``first``, ``-``, ``name``); the parser joins them by what is in scope."""

from __future__ import annotations

import re
from typing import NamedTuple

from engine.feel.budget import Limits
from engine.feel.errors import BudgetExceeded, FeelSyntaxError

# DMN 1.5, grammar rules 28 and 29.
_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufefe\uff00-\ufffd\U00010000-\U000effff"
)
_PART = _START + "0-9\u00b7\u0300-\u036f\u203f-\u2040"
_SPACE = "\\t\\n\\r\\x0b\\x0c \u0085\u00a0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"

_TOKEN = re.compile(
    rf"""
    (?P<space>[{_SPACE}]+|//[^\n\r]*|/\*.*?\*/)
  | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<name>\?(?:[{_START}][{_PART}]*)?|[{_START}][{_PART}]*)
  | (?P<string>"(?:[^"\\\n\r]|\\.)*")
  | (?P<op>\.\.|\*\*|<=|>=|!=|->|[-+*/=<>()\[\]{{}},.:@'])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


class Token(NamedTuple):
    """One token: ``kind`` is name, number, string, op or end."""

    kind: str
    text: str
    start: int
    end: int


def tokenize(text: str, limits: Limits) -> list[Token]:
    """The tokens of ``text``, the last of kind ``end``.

    Raises:
        BudgetExceeded: the text is too long or nested too deeply; noticed before anything is parsed.
        FeelSyntaxError: a character that is not FEEL, or a string or comment that does not end.
    """
    if len(text) > limits.source:
        raise BudgetExceeded("source_too_long", limit=limits.source, length=len(text))
    tokens: list[Token] = []
    position = depth = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _not_feel(text, position)
        kind, end = match.lastgroup or "", match.end()
        if kind == "op":
            piece = match[0]
            if piece == "/" and text.startswith("/*", position):
                raise FeelSyntaxError("open_comment", position, found="/*", expected=("*/",), source=text)
            depth += (piece in _OPENING) - (piece in _CLOSING and depth > 0)
            if depth > limits.nesting:
                raise BudgetExceeded("nested_too_deeply", position, limit=limits.nesting)
        if kind != "space":
            tokens.append(Token(kind, match[0], position, end))
        position = end
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _not_feel(text: str, position: int) -> FeelSyntaxError:
    character = text[position]
    if character == '"':
        return FeelSyntaxError("open_string", position, found='"', expected=('"',), source=text)
    return FeelSyntaxError("strange_character", position, found=character, source=text)


def unquote(literal: str) -> str:
    """The text that a string literal means; ``\\u4e2d`` and ``\\U01F40E`` are characters; unknown escapes stay."""
    body = literal[1:-1]
    if "\\" not in body:
        return body
    text = _ESCAPE.sub(_unescape, body)
    # Two \\u escapes that are a surrogate pair are one character; a lone one is no character at all.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescape(match: re.Match[str]) -> str:
    if match[1] or match[2]:
        code = int(match[1] or match[2], 16)
        return chr(code) if code <= 0x10FFFF else match[0]
    return _ESCAPES.get(match[3], match[0])
