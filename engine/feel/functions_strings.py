"""Functions on strings; characters are Unicode code points, patterns run on google-re2 (``patterns``)."""

from __future__ import annotations

from decimal import Decimal

from engine.feel import patterns
from engine.feel.budget import Run
from engine.feel.errors import Undefined
from engine.feel.functions_base import Theme

define = Theme("strings")


@define(
    "substring",
    "string: string, start position: number, length?: number",
    "string",
    "从第几个字符起的一段文本；负数从末尾数",
    "the characters from a position on; negative positions count from the end",
)
def substring(run: Run, text: str, start_position: Decimal, length: Decimal | None = None) -> str:
    start = int(start_position)
    if start == 0 or abs(start) > len(text):
        raise Undefined("bad_argument", parameter="start position")
    start = start - 1 if start > 0 else len(text) + start
    if length is None:
        return text[start:]
    if length < 1:
        raise Undefined("bad_argument", parameter="length")
    return text[start : start + min(int(length), len(text))]


@define("string length", "string: string", "number", "字符个数", "the number of characters")
def string_length(run: Run, text: str) -> Decimal:
    return Decimal(len(text))


@define("upper case", "string: string", "string", "转为大写", "in upper case")
def upper_case(run: Run, text: str) -> str:
    run.string(len(text))
    return text.upper()


@define("lower case", "string: string", "string", "转为小写", "in lower case")
def lower_case(run: Run, text: str) -> str:
    run.string(len(text))
    return text.lower()


@define(
    "substring before", "string: string, match: string", "string", "某段文本之前的部分", "what stands before the match"
)
def substring_before(run: Run, text: str, match: str) -> str:
    before, found, _ = text.partition(match) if match else ("", "", "")
    return before if found else ""


@define(
    "substring after", "string: string, match: string", "string", "某段文本之后的部分", "what stands after the match"
)
def substring_after(run: Run, text: str, match: str) -> str:
    if not match:
        return text
    return text.partition(match)[2]


@define(
    "contains", "string: string, match: string", "boolean", "是否包含某段文本", "whether the match occurs in the string"
)
def contains(run: Run, text: str, match: str) -> bool:
    return match in text


@define(
    "starts with", "string: string, match: string", "boolean", "是否以某段文本开头", "whether the string begins with it"
)
def starts_with(run: Run, text: str, match: str) -> bool:
    return text.startswith(match)


@define(
    "ends with", "string: string, match: string", "boolean", "是否以某段文本结尾", "whether the string ends with it"
)
def ends_with(run: Run, text: str, match: str) -> bool:
    return text.endswith(match)


@define(
    "matches",
    "input: string, pattern: string, flags?: Any",
    "boolean",
    "是否有一处符合正则表达式",
    "whether the pattern occurs in the string",
)
def matches(run: Run, text: str, pattern: str, flags: object = None) -> bool:
    return patterns.found(run, text, pattern, patterns.flags_of(flags))


@define(
    "replace",
    "input: string, pattern: string, replacement: string, flags?: Any",
    "string",
    "把符合正则表达式的各处换成别的文本，$1 指第一组",
    "every match of the pattern replaced; $1 stands for the first group",
)
def replace(run: Run, text: str, pattern: str, replacement: str, flags: object = None) -> str:
    return patterns.replaced(run, text, pattern, replacement, patterns.flags_of(flags))


@define(
    "split",
    "string: string, delimiter: string",
    "list<string>",
    "按正则表达式切分",
    "the parts between matches of the pattern",
)
def split(run: Run, text: str, delimiter: str) -> tuple[str, ...]:
    return patterns.parts(run, text, delimiter)


@define(
    "string join",
    "list: list, delimiter?: Any",
    "string",
    "把列表里的文本连起来，空值不计",
    "the strings of a list in one, with the delimiter between them; nulls are left out",
)
def string_join(run: Run, items: tuple[object, ...], delimiter: object = None) -> str:
    if delimiter is not None and not isinstance(delimiter, str):
        raise Undefined("bad_argument", parameter="delimiter")
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) + sum(1 for item in items if item is None) != len(items):
        raise Undefined("bad_argument", parameter="list")
    between = delimiter or ""
    run.string(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


FUNCTIONS = tuple(define.functions)
