"""A decision tried with sample inputs: the answer, and which rows of which table gave it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from engine import drafts
from engine.decisions import DecisionSet, read_dmn
from engine.domain_functions import LIBRARY, host_for
from engine.errors import NotFound
from engine.feel import FeelError, compile_expression, from_feel
from web.context import session
from web.pages.workbench import door
from web.pages.workbench.editing import find


@door.get_page("/drafts/<int:draft_id>/decide", needs="scenario.run")
def decision_trial(draft_id: int) -> ResponseReturnValue:
    """Ask a decision of the draft with sample inputs; shows the rules that fired."""
    draft = find(draft_id)
    files = [
        read_dmn(content, path) for path, content in drafts.together(session(), draft).items() if path.endswith(".dmn")
    ]
    decisions = DecisionSet(files, library=LIBRARY)
    own = {d: path for path, content in drafts.files_of(session(), draft).items() if path.endswith(".dmn")
           for d in read_dmn(content, path).decisions}  # fmt: skip
    chosen = request.args.get("decision") or next(iter(own), "")
    if chosen and chosen not in own:
        raise NotFound("no such decision", decision=chosen)
    names = decisions.input_names(chosen) if chosen else []
    values = {name: request.args.get(f"in.{name}", "") for name in names}
    decided = None
    if chosen and request.args.get("ask"):
        decided = decisions.decide(chosen, _values(values), host_for(session()))
    numbers = {
        rule: number for file in files for table in file.tables() for number, rule in enumerate(table.rule_ids, 1)
    }
    return render_template(
        "workbench/decide.html",
        draft=draft,
        decisions=sorted(own),
        chosen=chosen,
        values=values,
        decided=decided,
        numbers=numbers,
    )


def _values(texts: Mapping[str, str]) -> dict[str, Any]:
    """Inputs as typed: FEEL literals; what is no FEEL is the text itself."""
    found: dict[str, Any] = {}
    for name, text in texts.items():
        if not text.strip():
            found[name] = None
            continue
        try:
            value = from_feel(compile_expression(text, library=LIBRARY).evaluate({}, host_for(session())))
        except FeelError:
            value = text
        found[name] = text if value is None and text != "null" else value
    return found
