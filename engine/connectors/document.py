"""``document``: fills a template and keeps it with the case as a PDF."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine import clock, evidence
from engine.case_context import case_context
from engine.connectors.context import Context
from engine.connectors.pdf import pdf
from engine.reference import data

PLACE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
LONGEST = 50_000


def run(context: Context) -> dict[str, Any]:
    """Make the document; ``{{case.number}}`` and ``{{name}}`` of ``values`` are filled in.

    Raises:
        ExecutionFailed: the template names what is not there, or is too long (kind ``bad_input``).
    """
    title, template = context.text("title", required=True), context.text("template", required=True)
    if len(template) > LONGEST:
        raise context.bad("template", "too long")
    values = context.inputs.get("values") or {}
    around: dict[str, Any] = {**values, "today": clock.city_time(clock.now()).date()}
    if context.case is not None:
        around["case"] = case_context(context.session, context.case)
    text = PLACE.sub(lambda match: _filled(context, around, match[1]), template)
    kept = evidence.store(
        context.session,
        context.actor,
        pdf(_line(context, around, title), text),
        file_name=f"{_line(context, around, title)}.pdf",
        slot=context.text("slot", "document"),
        case_id=context.case.id if context.case is not None else None,
        element_id=context.job.element_id,
        source="document",
        settings=context.settings,
    )
    return {"document": kept.public_id, "sha256": kept.sha256, "size": kept.size}


def _line(context: Context, around: Mapping[str, Any], title: str) -> str:
    return " ".join(PLACE.sub(lambda match: _filled(context, around, match[1]), title).split())[:150]


def _filled(context: Context, around: Mapping[str, Any], path: str) -> str:
    value: Any = around
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            raise context.bad("template", f"there is no {path}")
        value = value[name]
    if value is None:
        return ""
    if isinstance(value, datetime):
        return clock.city_time(value).strftime("%Y-%m-%d %H:%M")
    languages = data("document_words.yaml")
    words = languages.get(context.settings.locale, languages["zh"])
    if isinstance(value, list):
        return str(words["between"]).join(str(item) for item in value)
    if isinstance(value, bool):
        return str(words["yes" if value else "no"])
    return str(value)
