"""The parser's types: ``number``, ``list<string>``, ``context<a: number>``, ``function<number> -> string``."""

from __future__ import annotations

from engine.feel.cursor import Cursor
from engine.feel.names import KnownNames
from engine.feel.types import ALIASES, NAMES, FeelType

_TYPES = KnownNames(NAMES)


class TypeParts(Cursor):
    """Parses what follows ``instance of`` or a parameter's colon."""

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
