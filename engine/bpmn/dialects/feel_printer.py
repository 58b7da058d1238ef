"""Writes what ``juel`` has read as FEEL."""

from __future__ import annotations

import json
import re

from engine.bpmn.dialects.juel import (
    Binary,
    Call,
    Literal,
    Member,
    Name,
    Node,
    NotTranslatable,
    Ternary,
    Unary,
    parse,
)

RENAMED = {
    "nrOfInstances": "numberOfInstances",
    "nrOfCompletedInstances": "numberOfCompletedInstances",
    "nrOfActiveInstances": "numberOfActiveInstances",
}
"""Names that engines provide, and ours for the same."""

_FEEL_WORDS = frozenset({
    "if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or", "not", "between",
    "instance", "of", "function", "external", "null", "true", "false",
})  # fmt: skip
_HOLDERS = frozenset({"execution", "task", "delegateTask", "delegateExecution", "caseExecution"})
_SAME = frozenset(
    {"stringValue", "numberValue", "boolValue", "value", "toString", "intValue", "longValue", "doubleValue"}
)
_STRENGTH = {"or": 1, "and": 2, "=": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "+": 4, "-": 4, "*": 5, "/": 5}


def feel(text: str) -> str:
    """One expression (without ``${}``) as FEEL, without the leading ``=``.

    Raises:
        NotTranslatable: FEEL cannot say it, or cannot reach what it calls.
    """
    return _print(parse(text), 0)


def template(text: str) -> str | None:
    """A text with ``${…}`` or ``#{…}`` parts as FEEL with its leading ``=``; None when it has no such part.

    Raises:
        NotTranslatable: a part cannot be said in FEEL.
    """
    parts = split_template(text)
    if all(is_text for is_text, _ in parts):
        return None
    if len(parts) == 1:
        return f"= {feel(parts[0][1])}"
    return "= " + " + ".join(quoted(part) if is_text else f"string({feel(part)})" for is_text, part in parts)


def split_template(text: str) -> list[tuple[bool, str]]:
    """Plain texts (True) and expressions (False), in order."""
    parts: list[tuple[bool, str]] = []
    plain, position = "", 0
    stripped = text.strip()
    while position < len(stripped):
        if stripped[position : position + 2] in {"${", "#{"}:
            end = _closing(stripped, position + 2)
            if plain:
                parts.append((True, plain))
            parts.append((False, stripped[position + 2 : end]))
            plain, position = "", end + 1
        else:
            plain += stripped[position]
            position += 1
    if plain or not parts:
        parts.append((True, plain))
    return parts


def _closing(text: str, start: int) -> int:
    quote, depth, position = "", 1, start
    while position < len(text):
        here = text[position]
        if quote:
            if here == "\\":
                position += 1
            elif here == quote:
                quote = ""
        elif here in "\"'":
            quote = here
        elif here in "{}":
            depth += 1 if here == "{" else -1
            if depth == 0:
                return position
        position += 1
    raise NotTranslatable("the closing } is missing")


def quoted(text: str) -> str:
    """A FEEL string literal."""
    return json.dumps(text, ensure_ascii=False)


def is_name(text: str) -> bool:
    """Whether FEEL reads the text as one plain name."""
    return re.fullmatch(r"[^\W\d]\w*", text) is not None and text not in _FEEL_WORDS


def _print(node: Node, outer: int) -> str:
    if isinstance(node, Literal):
        return _literal(node)
    if isinstance(node, Name):
        return _name(node.name)
    if isinstance(node, Member):
        return _member(node)
    if isinstance(node, Call):
        return _call(node)
    if isinstance(node, Unary):
        return _unary(node)
    if isinstance(node, Binary):
        return _binary(node, outer)
    if isinstance(node, Ternary):
        text = f"if {_print(node.test, 0)} then {_print(node.yes, 0)} else {_print(node.no, 0)}"
        return f"({text})" if outer else text
    return "[" + ", ".join(_print(item, 0) for item in node.items) + "]"


def _literal(node: Literal) -> str:
    if node.is_number:
        return str(node.value)
    if node.value is None:
        return "null"
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return quoted(str(node.value))


def _name(name: str) -> str:
    if name in _HOLDERS or not is_name(name):
        raise NotTranslatable(f"{name!r} is no variable")
    return RENAMED.get(name, name)


def _member(node: Member) -> str:
    if isinstance(node.of, Name) and node.of.name in _HOLDERS:
        if node.key in (Literal("processBusinessKey"), Literal("businessKey")):
            return "case.number"
        raise NotTranslatable(f"{node.of.name}.… has no counterpart")
    of = _print(node.of, 9)
    if isinstance(node.key, Literal) and isinstance(node.key.value, str) and not node.key.is_number:
        return f"{of}.{node.key.value}" if is_name(node.key.value) else f"get value({of}, {quoted(node.key.value)})"
    if isinstance(node.key, Literal) and node.key.is_number and str(node.key.value).isdigit():
        return f"{of}[{int(str(node.key.value)) + 1}]"
    raise NotTranslatable("an index that is no constant")


def _unary(node: Unary) -> str:
    if node.operator == "empty":
        return _empty(node.of)
    if node.operator == "not":
        return f"not({_print(node.of, 0)})"
    return f"-{_print(node.of, 9)}"


def _empty(of: Node) -> str:
    return f'list contains([null, "", []], {_print(of, 0)})'


def _binary(node: Binary, outer: int) -> str:
    if node.operator == "%":
        return f"modulo({_print(node.left, 0)}, {_print(node.right, 0)})"
    if node.operator in {"in", "not in"}:
        text = f"list contains({_print(node.right, 0)}, {_print(node.left, 0)})"
        return text if node.operator == "in" else f"not({text})"
    strength = _STRENGTH[node.operator]
    if node.operator == "+" and (_is_text(node.left) or _is_text(node.right)):
        text = f"{_as_text(node.left)} + {_as_text(node.right)}"
    else:
        right = strength if node.operator in {"and", "or"} else strength + 1
        text = f"{_print(node.left, strength)} {node.operator} {_print(node.right, right)}"
    return f"({text})" if strength < outer or (strength == outer == 3) else text


def _is_text(node: Node) -> bool:
    if isinstance(node, Binary) and node.operator == "+":
        return _is_text(node.left) or _is_text(node.right)
    return isinstance(node, Literal) and isinstance(node.value, str) and not node.is_number


def _as_text(node: Node) -> str:
    return _print(node, 4) if _is_text(node) else f"string({_print(node, 0)})"


def _call(node: Call) -> str:
    arguments = node.args
    if node.of is None:
        if node.name in {"S", "JSON", "string", "int", "str", "float", "len"} and len(arguments) == 1:
            inner = _print(arguments[0], 0)
            plain = {"string": "string", "str": "string", "int": "number", "float": "number", "len": "count"}
            return f"{plain[node.name]}({inner})" if node.name in plain else inner
        if node.name == "now" and not arguments:
            return "now()"
        raise NotTranslatable(f"the function {node.name}() has no counterpart")
    if isinstance(node.of, Name) and node.of.name in _HOLDERS:
        return _from_holder(node)
    of = _print(node.of, 9)
    if node.name in _SAME and not arguments:
        return f"string({of})" if node.name == "toString" else of
    if node.name in {"isEmpty", "size", "length"} and not arguments:
        return {"isEmpty": _empty(node.of), "size": f"count({of})", "length": f"string length({of})"}[node.name]
    if len(arguments) == 1 and node.name in _ONE_ARGUMENT:
        inner = _print(arguments[0], 4 if node.name in {"equals"} else 0)
        return _ONE_ARGUMENT[node.name].format(of=of, arg=inner)
    if len(arguments) == 1 and node.name in {"prop", "get", "jsonPath", "getAt"} and node.name != "jsonPath":
        return _member(Member(node.of, arguments[0]))
    if not arguments and node.name in {"toLowerCase", "lower", "toUpperCase", "upper"}:
        return f"{'lower' if node.name in {'toLowerCase', 'lower'} else 'upper'} case({of})"
    if not arguments and re.fullmatch(r"(get|is)[A-Z]\w*", node.name):
        bare = re.sub(r"^(get|is)", "", node.name)
        return _member(Member(node.of, Literal(bare[0].lower() + bare[1:])))
    raise NotTranslatable(f"the method {node.name}() has no counterpart")


_ONE_ARGUMENT = {
    "equals": "({of} = {arg})",
    "equalsIgnoreCase": "(lower case({of}) = lower case({arg}))",
    "contains": "(if {of} instance of string then contains({of}, {arg}) else list contains({of}, {arg}))",
    "startsWith": "starts with({of}, {arg})",
    "startswith": "starts with({of}, {arg})",
    "endsWith": "ends with({of}, {arg})",
    "endswith": "ends with({of}, {arg})",
}


def _from_holder(node: Call) -> str:
    if node.name in {"getProcessBusinessKey", "getBusinessKey"} and not node.args:
        return "case.number"
    if len(node.args) == 1 and isinstance(node.args[0], Literal) and isinstance(node.args[0].value, str):
        name = node.args[0].value
        if node.name in {"getVariable", "getVariableLocal", "getVariableTyped"}:
            return _name(name)
        if node.name in {"hasVariable", "hasVariableLocal"}:
            return f"({_name(name)} != null)"
    raise NotTranslatable(f"{node.name}() has no counterpart")
