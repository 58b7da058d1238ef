"""Patterns of ``matches``, ``replace`` and ``split``: XPath's (F&O 3.1, 5.6) on google-re2, in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

from engine.feel.budget import Run
from engine.feel.errors import BudgetExceeded, Undefined
from engine.feel.pattern_syntax import translate

_MEMORY = 4 << 20
_LONG = 5_000
_REFERENCE = re.compile(r"\\([\\$])|\$([0-9]+)|([\\$])")


def flags_of(value: Any) -> str:
    """The flags a caller gave: a string, or null for none."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Undefined("bad_argument", parameter="flags")
    return value


@lru_cache(500)
def _compiled(pattern: str, flags: str) -> Any:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(translate(pattern, flags), options)
    except re2.error:
        return None


def _pattern(run: Run, pattern: str, flags: str, text: str) -> Any:
    """The compiled pattern; its work on ``text`` is charged.

    Raises:
        Undefined: it is no pattern.
        BudgetExceeded: it is too long, or too large for so much text.
    """
    if len(pattern) > run.limits.pattern:
        raise BudgetExceeded("pattern_too_costly")
    run.charge(20)
    compiled = _compiled(pattern, flags)
    if compiled is None:
        raise Undefined("bad_pattern")
    work = compiled.programsize * len(text)
    if work > run.limits.pattern_work:
        raise BudgetExceeded("pattern_too_costly")
    run.charge(work // 20_000 + 1)
    return compiled


def found(run: Run, text: str, pattern: str, flags: str) -> bool:
    """Whether the pattern occurs anywhere."""
    return _pattern(run, pattern, flags, text).search(text.encode("utf-8", "replace")) is not None


def _matches(run: Run, text: bytes, compiled: Any) -> Iterator[Any]:
    for match in compiled.finditer(text):
        # Each match may read on to the end of the text, so a long one is timed at every match.
        if len(text) > _LONG:
            run.look()
        else:
            run.charge(1)
        yield match


def replaced(run: Run, text: str, pattern: str, replacement: str, flags: str) -> str:
    """The text with every match replaced."""
    compiled = _pattern(run, pattern, flags, text)
    literal = "q" in flags
    template = [replacement.encode("utf-8", "replace")] if literal else _template(replacement, compiled.groups)
    if compiled.search(b"") is not None:
        raise Undefined("bad_pattern")
    raw, made, size, end = text.encode("utf-8", "replace"), list[bytes](), 0, 0
    for match in _matches(run, raw, compiled):
        pieces = [raw[end : match.start()], *(_filled(piece, match) for piece in template)]
        size += sum(map(len, pieces))
        run.string(size // 4)
        made += pieces
        end = match.end()
    made.append(raw[end:])
    answer = b"".join(made).decode("utf-8", "replace")
    run.string(len(answer))
    return answer


def _filled(piece: bytes | int, match: Any) -> bytes:
    return piece if isinstance(piece, bytes) else match.group(piece) or b""


def _template(replacement: str, groups: int) -> list[bytes | int]:
    """Texts and group numbers; ``$12`` is group 12 when there are so many, else group 1 and a 2."""
    template: list[bytes | int] = []
    end = 0
    for match in _REFERENCE.finditer(replacement):
        template.append(replacement[end : match.start()].encode("utf-8", "replace"))
        end = match.end()
        if match[3]:
            raise Undefined("bad_pattern")
        if match[1]:
            template.append(match[1].encode())
            continue
        digits = match[2]
        while len(digits) > 1 and (len(digits) > 4 or int(digits) > groups):
            digits = digits[:-1]
        if int(digits) <= groups:
            template.append(int(digits))
        template.append(match[2][len(digits) :].encode())
    template.append(replacement[end:].encode("utf-8", "replace"))
    return template


def parts(run: Run, text: str, pattern: str) -> tuple[str, ...]:
    """The text between the matches."""
    compiled = _pattern(run, pattern, "", text)
    if compiled.search(b"") is not None:
        raise Undefined("bad_pattern")
    raw, made, end = text.encode("utf-8", "replace"), list[str](), 0
    for match in _matches(run, raw, compiled):
        made.append(raw[end : match.start()].decode("utf-8", "replace"))
        run.items(1)
        if len(made) > run.limits.items:
            run.items(len(made))
        end = match.end()
    made.append(raw[end:].decode("utf-8", "replace"))
    return tuple(made)
