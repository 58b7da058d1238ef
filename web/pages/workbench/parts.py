"""Forms, decisions, messages and signals by themselves: what they look like, their versions, who uses them."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from engine import drafts
from engine.decisions import DecisionTable, read_dmn
from engine.errors import NotFound
from engine.storage import DecisionDefinition, DefinitionState, DeploymentFile, FormDefinition
from web.context import session
from web.pages.workbench import door
from web.pages.workbench.showing import render_form
from web.pages.workbench.versions import versions_of


def _newest(table: Any) -> list[Any]:
    """The version in force of every key."""
    rows = session().scalars(
        select(table).where(table.state == DefinitionState.PUBLISHED).order_by(table.key, table.version)
    )
    return list({row.key: row for row in rows}.values())


@door.get_page("/parts", needs="deployment.view")
def parts() -> ResponseReturnValue:
    """All forms, decisions, messages and signals, and where each is used."""
    used = drafts.uses(session())
    return render_template(
        "workbench/parts.html",
        forms=_newest(FormDefinition),
        decisions=_newest(DecisionDefinition),
        names={kind: sorted(key for each, key in used if each == kind) for kind in ("message", "signal")},
        used=used,
    )


@door.get_page("/forms/<key>", needs="deployment.view")
def form(key: str) -> ResponseReturnValue:
    """A form as the clerk sees it, its versions, the processes that show it."""
    versions = versions_of(kind="form", key=key)
    if not versions:
        raise NotFound("no such form", form=key)
    shown = next((v for v in versions if v.in_force), versions[0]).definition
    users = drafts.uses(session()).get(("form", key), [])
    return render_template(
        "workbench/form.html", definition=shown, versions=versions, users=users, html=render_form(shown.schema)
    )


@door.get_page("/decisions/<key>", needs="deployment.view")
def decision(key: str) -> ResponseReturnValue:
    """A decision row by row, its versions, the processes and decisions that ask it."""
    versions = versions_of(kind="decision", key=key)
    if not versions:
        raise NotFound("no such decision", decision=key)
    shown = next((v for v in versions if v.in_force), versions[0]).definition
    file = session().get_one(DeploymentFile, shown.file_id)
    logic = read_dmn(file.content, file.path).decisions[key].logic
    return render_template(
        "workbench/decision.html",
        definition=shown,
        bundle=file.path.split("/")[1],
        table=logic if isinstance(logic, DecisionTable) else None,
        text=getattr(logic, "text", ""),
        versions=versions,
        users=drafts.uses(session()).get(("decision", key), []),
    )
