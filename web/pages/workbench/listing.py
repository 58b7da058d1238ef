"""The process list, and a bundle with its diagrams and live counts, its versions, where it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from engine import drafts
from engine.errors import NotFound
from engine.storage import DeploymentFile, ProcessDefinition, Task, TaskStatus
from web.context import actor, session
from web.pages.workbench import door
from web.pages.workbench.versions import versions_of


@door.get_page("/", needs="deployment.view")
def processes() -> ResponseReturnValue:
    """Every process, with versions, who published what when, how many run, and where it is used."""
    return render_processes()


def render_processes(asked: str = "", refused: Sequence[str] = ()) -> str:
    """The list with its two forms; the one that was ``asked`` shows why it was refused, and what was typed."""
    used = drafts.uses(session())
    rows = drafts.bundles(session())
    users = {b.name: _users(b, used) for b in rows}
    return render_template("workbench/index.html", bundles=rows, users=users, asked=asked, refused=refused)


def _users(bundle: drafts.Bundle, used: Any) -> list[drafts.User]:
    """Who outside the bundle uses what is in it."""
    own = [*(("process", p.key) for p in bundle.processes), *(("decision", d.key) for d in bundle.decisions)]
    return sorted({user for key in own for user in used.get(key, ()) if user.bundle != bundle.name})


@door.get_page("/bundles/<bundle>", needs="deployment.view")
def bundle(bundle: str) -> ResponseReturnValue:
    """One bundle: its diagrams with live counts, its versions, where it is used, its draft."""
    found = next((b for b in drafts.bundles(session()) if b.name == bundle), None)
    if found is None:
        raise NotFound("no such bundle", bundle=bundle)
    return render_template(
        "workbench/bundle.html",
        bundle=found,
        versions=versions_of(path=f"workflows/{bundle}/"),
        diagrams=[_diagram(definition) for definition in found.processes],
        users=_users(found, drafts.uses(session())),
    )


def _diagram(definition: ProcessDefinition) -> dict[str, Any]:
    """A diagram with the number of open tasks on each element, all versions together."""
    xml = session().scalar(select(DeploymentFile.content).where(DeploymentFile.id == definition.file_id)) or b""
    counts = session().execute(
        select(Task.element_id, func.count())
        .where(Task.process_key == definition.key, Task.status == TaskStatus.OPEN)
        .group_by(Task.element_id)
    )
    return {
        "key": definition.key,
        "name": definition.name,
        "version": definition.version,
        "xml": xml.decode(),
        "counts": dict(counts.all()),
    }


@door.post_deed("/bundles/<bundle>/draft", needs="deployment.draft")
def open_draft(bundle: str) -> ResponseReturnValue:
    """Go on with the bundle's draft, or begin one."""
    draft = drafts.open_draft(session(), actor(), bundle)
    return redirect(url_for("workbench.draft", draft_id=draft.id))
