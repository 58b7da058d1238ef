"""What stands in a form as pairs of label and words: choices by their names, rows of lists one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from engine.forms import FILE_TYPES, Node
from web.widgets import plain_value


def answers(nodes: Sequence[Node], before: str = "") -> Iterator[tuple[str, str]]:
    """Everything entered; what is empty is left out."""
    for node in nodes:
        yield from answers(node.children, before)
        for number, row in enumerate(node.rows, 1):
            yield from answers(row, f"{before}{node.label} {number} · ")
        if node.name and not node.rows and not node.children and node.value not in (None, "", [], False):
            yield f"{before}{node.label or node.name}", _words(node)


def _words(node: Node) -> str:
    if node.type == "checkbox":
        return _("yes")
    if node.type in FILE_TYPES:
        count = len(node.value) if isinstance(node.value, list) else 1
        return ngettext("%(num)s file", "%(num)s files", count)
    labels = {option.text: option.label for option in node.options}
    values: list[Any] = node.value if isinstance(node.value, list) else [node.value]
    return "、".join(labels.get(str(value)) or plain_value(value) for value in values)
