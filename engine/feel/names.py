"""Names in scope while parsing: they may hold spaces, ``-``, ``+`` …, so only the scope tells where one ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from engine.feel.budget import Limits
from engine.feel.errors import FeelError
from engine.feel.lexer import Token, tokenize

_ANY_LENGTH = Limits(source=1_000, nesting=1_000)
SPECIAL = frozenset("+-*/.'")
RESERVED = frozenset(
    [
        "if",
        "then",
        "else",
        "for",
        "in",
        "return",
        "some",
        "every",
        "satisfies",
        "between",
        "and",
        "or",
        "instance",
        "function",
        "true",
        "false",
        "null",
    ]
)
MAX_CANDIDATE = 7
MAX_CANDIDATES = 200

Pieces = tuple[str, ...]


@lru_cache(maxsize=4096)
def pieces(name: str) -> Pieces:
    """The tokens a name consists of, or nothing when it cannot be written in FEEL."""
    try:
        tokens = tokenize(name, _ANY_LENGTH)[:-1]
    except FeelError:
        return ()
    if not tokens or tokens[0].kind != "name":
        return ()
    fits = all(token.kind in ("name", "number") or token.text in SPECIAL or token.text == "**" for token in tokens)
    return tuple(token.text for token in tokens) if fits else ()


class KnownNames:
    """Names by their first piece, longest first; on top of those of ``base``."""

    def __init__(self, names: Iterable[str] = (), base: KnownNames | None = None) -> None:
        self._base = base
        self._by_first: dict[str, list[tuple[Pieces, str]]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Know one more name; the newest of equal pieces wins."""
        parts = pieces(name)
        if parts:
            same = self._by_first.setdefault(parts[0], [])
            same.insert(0, (parts, name))
            same.sort(key=lambda entry: -len(entry[0]))

    def remove(self, name: str) -> None:
        """Forget the newest ``name`` again."""
        parts = pieces(name)
        if parts:
            self._by_first[parts[0]].remove((parts, name))

    def match(self, tokens: Sequence[Token], index: int) -> tuple[int, str] | None:
        """How many tokens from ``index`` on are the longest known name, and which."""
        for parts, name in self._by_first.get(tokens[index].text, ()):
            count = len(parts)
            if index + count < len(tokens) and all(
                tokens[index + offset].text == piece and tokens[index + offset].kind != "string"
                for offset, piece in enumerate(parts)
            ):
                found = self._base.match(tokens, index) if self._base else None
                return found if found is not None and found[0] > count else (count, name)
        return self._base.match(tokens, index) if self._base else None


def spelled(text: str, tokens: Sequence[Token], start: int, end: int) -> str:
    """The name written by ``tokens[start:end]``: as in the source, each white space one blank."""
    words = [tokens[start].text]
    for before, token in zip(tokens[start : end - 1], tokens[start + 1 : end], strict=True):
        words.append(f" {token.text}" if before.end < token.start else token.text)
    return "".join(words)


def candidates(text: str, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Parts of the source that are operations unless the data has a name like that: ``first-name``, ``a + b``."""
    found: dict[str, None] = {}
    for start, end in _runs(tokens):
        name = spelled(text, tokens, start, end)
        found[name] = None
        found[name.replace(" ", "")] = None
        if len(found) >= MAX_CANDIDATES:
            break
    return tuple(found)


def _runs(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    for start, token in enumerate(tokens):
        if token.kind != "name" or token.text in RESERVED or (start and tokens[start - 1].text == "."):
            continue
        special = False
        for end in range(start + 1, min(start + MAX_CANDIDATE, len(tokens))):
            current = tokens[end]
            if current.kind == "op" and current.text in SPECIAL and current.text != ".":
                special = True
            elif current.kind not in ("name", "number") or current.text in RESERVED:
                break
            elif special:
                yield start, end + 1
