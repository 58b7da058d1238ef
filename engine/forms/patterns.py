"""A designer's pattern, run in linear time by google-re2; what re2 cannot run is refused before publication."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

MAX_PATTERN = 500
MAX_PROGRAM = 20_000
_UNICODE = re.compile(r"\\u\{?([0-9a-fA-F]{4,6})\}?")


@lru_cache(500)
def compiled(pattern: str) -> Any:
    """The compiled pattern, or None when it cannot be run in linear time (look-around, back-references, too large)."""
    if len(pattern) > MAX_PATTERN:
        return None
    options = re2.Options()
    options.max_mem = 4 << 20
    options.log_errors = False
    try:
        found = re2.compile(_UNICODE.sub(r"\\x{\1}", pattern), options)
    except re2.error:
        return None
    return found if found.programsize <= MAX_PROGRAM else None


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is what the pattern says; a pattern that cannot run matches nothing."""
    found = compiled(pattern)
    return found is not None and found.fullmatch(text) is not None
