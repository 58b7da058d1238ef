"""Forms of a draft as the clerk will see them: the desk's own rendering, with files stood in for while trying."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup

from engine import clock, forms
from engine.domain_functions import LIBRARY, host_for
from engine.forms import FILE_TYPES, Node
from web import widgets
from web.context import session

Schema = Mapping[str, Any]


def render_form(schema: Schema, variables: Mapping[str, Any] | None = None, *, trial: bool = False) -> Markup:
    """The fields as HTML.

    Raises:
        ExecutionFailed: an expression of the form is broken.
    """
    nodes = forms.present(
        schema,
        variables=variables or {},
        host=host_for(session()),
        library=LIBRARY,
        today=clock.city_time(clock.now()).date(),
        worded=widgets.plain_value,
    )
    shown = [_stood_in(node) for node in nodes] if trial else nodes
    return Markup(render_template("desk/fields.html", nodes=shown))


def _stood_in(node: Node) -> Node:
    """A file field says that the trial brings its own files; everything else stays as it is."""
    if node.type in FILE_TYPES:
        return Node("text", text=_("**%(label)s**: the trial stands in for it.", label=node.label))
    node.children = [_stood_in(child) for child in node.children]
    node.rows = [[_stood_in(child) for child in row] for row in node.rows]
    return node


def given_fields(schema: Schema) -> dict[str, Any]:
    """What was entered in a trial's form; what was left empty is answered as the form simulates it."""
    raw = widgets.posted(_without_files(schema))
    return {name: value for name, value in raw.items() if value not in (None, "", [])}


def _without_files(schema: Schema) -> dict[str, Any]:
    parts = [_without_files(part) for part in schema.get("components") or () if part.get("type") not in FILE_TYPES]
    return {**schema, **({"components": parts} if "components" in schema else {})}
