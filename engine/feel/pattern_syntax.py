"""XPath's pattern language (F&O 3.1, 5.6.1, on XML Schema's) written in google-re2's.

What re2 has and XPath has not (``(?i)``, ``\\b``, ``\\x41`` …) is refused; so are back-references, which
cannot run in linear time. Subtraction of classes (``[a-z-[aeiou]]``) is worked out here.
"""

from __future__ import annotations

import re

from engine.feel.errors import Undefined

_FLAGS = frozenset("smixq")
_QUANTITY = re.compile(r"\{(\d{1,4})(,(\d{1,4})?)?\}")
_PROPERTY = re.compile(r"\{([A-Za-z]{1,2}|Is[A-Za-z0-9-]+)\}")
_SAME = frozenset("nrt\\|.?*+(){}-[]^$")
_LAST = 0x10FFFF
_CODE = re.compile(r"u([0-9A-Fa-f]{4})")
_SPACES = (" ", "\t", "\n", "\r")
# Escapes that stand for sets, as the inside of a class; upper case is the complement.
_SETS = {
    "d": r"\p{Nd}",
    "s": r" \t\n\r",
    "w": r"\p{L}\p{M}\p{N}\p{S}",
    "i": r"\p{L}_:",
    "c": r"\p{L}\p{N}_:.\-·",
    "W": r"\p{P}\p{Z}\p{C}",
}
_BLOCKS = {
    "IsBasicLatin": (0x00, 0x7F),
    "IsLatin-1Supplement": (0x80, 0xFF),
    "IsLatinExtended-A": (0x100, 0x17F),
    "IsLatinExtended-B": (0x180, 0x24F),
    "IsGreek": (0x370, 0x3FF),
    "IsGreekandCoptic": (0x370, 0x3FF),
    "IsCyrillic": (0x400, 0x4FF),
    "IsHebrew": (0x590, 0x5FF),
    "IsArabic": (0x600, 0x6FF),
    "IsThai": (0xE00, 0xE7F),
    "IsHangulJamo": (0x1100, 0x11FF),
    "IsGeneralPunctuation": (0x2000, 0x206F),
    "IsCJKSymbolsandPunctuation": (0x3000, 0x303F),
    "IsHiragana": (0x3040, 0x309F),
    "IsKatakana": (0x30A0, 0x30FF),
    "IsCJKUnifiedIdeographs": (0x4E00, 0x9FFF),
    "IsHangulSyllables": (0xAC00, 0xD7A3),
    "IsHalfwidthandFullwidthForms": (0xFF00, 0xFFEF),
}
Spans = list[tuple[int, int]]


def translate(pattern: str, flags: str) -> str:
    """The pattern for re2, flags included.

    Raises:
        Undefined: it is no pattern of XPath, or cannot run in linear time.
    """
    if not _FLAGS.issuperset(flags):
        raise Undefined("bad_argument", parameter="flags")
    kept = "".join(flag for flag in "smi" if flag in flags)
    prefix = f"(?{kept})" if kept else ""
    if "q" in flags:
        return (
            prefix + re.sub(r"([^\w\s])", r"\\\1", pattern, flags=re.ASCII)
            if pattern.isascii()
            else prefix + _quoted(pattern)
        )
    return prefix + _Translator(pattern, "x" in flags, "s" in flags).translated()


def _quoted(text: str) -> str:
    return "".join(
        f"\\{character}" if character in _SAME and character not in "nrt" else character for character in text
    )


class _Translator:
    def __init__(self, pattern: str, free: bool, dot_all: bool) -> None:
        self.pattern, self.free, self.dot_all = pattern, free, dot_all
        self.index = 0

    def translated(self) -> str:
        made: list[str] = []
        while self.index < len(self.pattern):
            character = self.pattern[self.index]
            self.index += 1
            made.append(self._piece(character))
        return "".join(made)

    def _piece(self, character: str) -> str:
        if character == "\\":
            return self._escape()
        if character == "[":
            return self._class()
        if character == "." and not self.dot_all:
            return "[^\\n\\r]"
        if character in "]}":
            raise Undefined("bad_pattern")
        if character == "(" and self.pattern.startswith("?", self.index):
            if not self.pattern.startswith("?:", self.index):
                raise Undefined("bad_pattern")
            self.index += 2
            return "(?:"
        if character == "{":
            return self._quantity()
        if self.free and character in _SPACES:
            return ""
        return character

    def _quantity(self) -> str:
        match = _QUANTITY.match(self.pattern, self.index - 1)
        if match is None:
            raise Undefined("bad_pattern")
        self.index = match.end()
        return match[0]

    def _escape(self) -> str:
        while self.free and self.pattern[self.index : self.index + 1] in _SPACES:
            self.index += 1
        if self.index >= len(self.pattern):
            raise Undefined("bad_pattern")
        # Not XPath's, but what people know of Java and JavaScript: [\u4e00-\u9fa5]
        code = _CODE.match(self.pattern, self.index)
        if code is not None:
            self.index = code.end()
            return f"\\x{{{code[1]}}}"
        character = self.pattern[self.index]
        self.index += 1
        if character in _SAME:
            return f"\\{character}"
        if character in "pP":
            return self._property(character)
        if character in _SETS:
            return f"[{_SETS[character]}]"
        if character.lower() in _SETS:
            return f"[^{_SETS[character.lower()]}]"
        raise Undefined("bad_pattern")

    def _property(self, kind: str) -> str:
        match = _PROPERTY.match(self.pattern, self.index)
        if match is None:
            raise Undefined("bad_pattern")
        self.index = match.end()
        if not match[1].startswith("Is"):
            return f"\\{kind}{{{match[1]}}}"
        if match[1] not in _BLOCKS:
            raise Undefined("bad_pattern")
        spans = [_BLOCKS[match[1]]]
        return f"[{_written(spans if kind == 'p' else _without([(0, _LAST)], spans))}]"

    # Classes: re2's text for one without subtraction, else the spans of characters

    def _class(self) -> str:
        start = self.index
        end, subtracts = self._class_end()
        if not subtracts:
            negated = self.pattern.startswith("^", start)
            inner = self._members(start + negated, end)
            self.index = end + 1
            if not inner:
                raise Undefined("bad_pattern")
            return f"[{'^' if negated else ''}{inner}]"
        self.index = start
        spans = self._spans()
        return f"[{_written(spans)}]" if spans else "[^\\x00-\\x{10FFFF}]"

    def _class_end(self) -> tuple[int, bool]:
        index = self.index
        while index < len(self.pattern):
            character = self.pattern[index]
            if character == "\\":
                index += 1
            elif character == "[":
                if index and self.pattern[index - 1] == "-":
                    return index, True
                raise Undefined("bad_pattern")
            elif character == "]":
                return index, False
            index += 1
        raise Undefined("bad_pattern")

    def _members(self, start: int, end: int) -> str:
        made: list[str] = []
        self.index = start
        while self.index < end:
            character = self.pattern[self.index]
            self.index += 1
            if character == "\\":
                made.append(self._escape_in_class())
            else:
                made.append("\\^" if character == "^" else character)
        return "".join(made)

    def _escape_in_class(self) -> str:
        escaped = self._escape()
        if escaped.startswith("[^"):
            raise Undefined("bad_pattern")
        return escaped[1:-1] if escaped.startswith("[") else escaped

    def _spans(self) -> Spans:
        """The characters of the class that begins here; goes past its end."""
        negated = self.pattern.startswith("^", self.index)
        self.index += negated
        spans: Spans = []
        taken: Spans = []
        while True:
            character = self._next()
            if character == "]":
                break
            if character == "-" and self.pattern.startswith("[", self.index):
                self.index += 1
                taken = self._spans()
                if self._next() != "]":
                    raise Undefined("bad_pattern")
                break
            spans += self._span(character)
        return _without(_without([(0, _LAST)], spans) if negated else spans, taken)

    def _next(self) -> str:
        if self.index >= len(self.pattern):
            raise Undefined("bad_pattern")
        self.index += 1
        return self.pattern[self.index - 1]

    def _span(self, character: str) -> Spans:
        if character == "\\":
            character = self._next()
            if character == "d":
                return [(0x30, 0x39)]
            if character == "s":
                return [(9, 10), (13, 13), (32, 32)]
            character = {"n": "\n", "r": "\r", "t": "\t"}.get(character, character if character in _SAME else "")
            if not character:
                raise Undefined("bad_pattern")
        low = high = ord(character)
        follows = self.pattern[self.index : self.index + 2]
        if len(follows) == 2 and follows[0] == "-" and follows[1] not in "[]\\":
            self.index += 2
            high = ord(follows[1])
        if high < low:
            raise Undefined("bad_pattern")
        return [(low, high)]


def _without(spans: Spans, taken: Spans) -> Spans:
    left = sorted(spans)
    for low, high in taken:
        left = [
            part
            for start, end in left
            for part in ((start, min(end, low - 1)), (max(start, high + 1), end))
            if part[0] <= part[1]
        ]
    return sorted(set(left))


def _written(spans: Spans) -> str:
    return "".join(f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in spans)
