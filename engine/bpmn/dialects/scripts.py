"""Simple scripts of other engines as FEEL: assignments of expressions, one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.bpmn.dialects.feel_printer import feel, is_name, template
from engine.bpmn.dialects.juel import NotTranslatable

_ASSIGNMENT = re.compile(
    r"(?:var |let |const |def |String |Integer |int |boolean |Object )?\s*([^\W\d]\w*)\s*=(?!=)\s*(.+)", re.S
)
_SET_VARIABLE = re.compile(r"execution\s*\.\s*setVariable\s*\(\s*([\"'])([^\"']+)\1\s*,\s*(.+)\)", re.S)
_MAX_STATEMENTS = 20


@dataclass(frozen=True)
class Script:
    """``expression`` is FEEL without ``=``; ``names`` are the variables it sets (several: a context with them)."""

    expression: str
    names: tuple[str, ...]


def translate_script(text: str, result_variable: str = "") -> Script:
    """A script as FEEL.

    Raises:
        NotTranslatable: it does more than to compute values and keep them in variables.
    """
    stripped = text.strip()
    if stripped.startswith(("${", "#{")):
        translated = template(stripped)
        assert translated is not None
        return Script(translated.removeprefix("= "), (result_variable,) if result_variable else ())
    values: dict[str, str] = {}
    statements = list(_statements(stripped))
    for number, statement in enumerate(statements):
        match = _SET_VARIABLE.fullmatch(statement)
        name, source = (match[2], match[3]) if match else ("", statement)
        if not match and (assigned := _ASSIGNMENT.fullmatch(statement)):
            name, source = assigned[1], assigned[2]
        if not name:
            if number != len(statements) - 1 or not result_variable:
                raise NotTranslatable(f"{statement[:60]!r} sets no variable")
            name = result_variable
        if not is_name(name):
            raise NotTranslatable(f"{name!r} is no variable name")
        if name in values:
            raise NotTranslatable(f"{name!r} is set twice")
        values[name] = feel(source)
    if not values:
        raise NotTranslatable("it sets no variable")
    if len(values) == 1:
        ((name, source),) = values.items()
        return Script(source, (name,))
    return Script("{" + ", ".join(f"{name}: {source}" for name, source in values.items()) + "}", tuple(values))


def _statements(text: str) -> list[str]:
    found, current, quote = [], "", ""
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith(("//", "#")) and not quote:
            continue
        for here in bare + "\n":
            if quote:
                quote = "" if here == quote else quote
            elif here in "\"'":
                quote = here
            if here in ";\n" and not quote:
                found.append(current.strip())
                current = ""
            else:
                current += here
    found.append(current.strip())
    statements = [statement for statement in found if statement]
    if quote or len(statements) > _MAX_STATEMENTS:
        raise NotTranslatable("too long or an open string")
    return statements
