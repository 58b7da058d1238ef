"""The process list, a bundle with its versions and counts, new and imported bundles."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from flask import Response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from engine import drafts
from engine.bpmn.dialects import translate
from engine.deployments import republish, retire
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.storage import (
    DefinitionState,
    Deployment,
    DeploymentFile,
    Draft,
    InstanceStatus,
    Person,
    ProcessDefinition,
    ProcessInstance,
    Task,
    TaskStatus,
)
from web.context import actor, session
from web.pages.workbench import door
from web.pages.workbench.archives import read_archive
from web.pages.workbench.blank import blank_process

LIVE = (InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED)


@door.get_page("/", needs="deployment.view")
def processes() -> ResponseReturnValue:
    """Every process, with versions, who published what when, and how many run."""
    return render_template("workbench/index.html", bundles=drafts.bundles(session()), errors={}, values={})


@door.post_deed("/new", needs="deployment.draft")
def new() -> ResponseReturnValue:
    """Begin a bundle with an empty process."""
    name, title = request.form.get("name", "").strip(), request.form.get("title", "").strip()
    if not title:
        raise InvalidInput("a title is missing", [FieldProblem("title", "required")])
    kind = request.form.get("kind", "service")
    draft = drafts.new_bundle(
        session(), actor(), name, title, {f"workflows/{name}/{name}.bpmn": blank_process(name, title, kind)}
    )
    return redirect(url_for("workbench.draft", draft_id=draft.id))


@door.post_deed("/import", needs="deployment.draft")
def import_bundle() -> ResponseReturnValue:
    """Take a BPMN file of any dialect, or a zip of a bundle, into a new draft, with a report of what was done to it."""
    upload = request.files.get("file")
    name = request.form.get("name", "").strip()
    if upload is None or not upload.filename:
        raise InvalidInput("a file is missing", [FieldProblem("file", "required")])
    data = upload.stream.read()
    files, report = _native(data, upload.filename, name)
    draft = drafts.new_bundle(session(), actor(), name, request.form.get("title", "").strip() or name, files)
    draft.report = report
    return redirect(url_for("workbench.review", draft_id=draft.id, _anchor="report") if report else _editor(draft.id))


def _native(data: bytes, file_name: str, bundle: str) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """The files in our dialect, placed in the bundle's folder, and the report of the translation."""
    sources = (
        read_archive(data, bundle)
        if file_name.lower().endswith(".zip")
        else {f"workflows/{bundle}/{bundle}.bpmn": data}
    )
    files: dict[str, bytes] = {}
    report: list[dict[str, Any]] = []
    for path, content in sources.items():
        if not path.endswith(".bpmn"):
            files[path] = content
            continue
        translation = translate(content, path)
        files[path] = translation.xml
        files.update({f"forms/{key}.form": _form(schema) for key, schema in translation.forms.items()})
        report += [
            {"file": path, "kind": line.kind, "element_id": line.element_id, "what": line.what,
             "zh": line.text("zh"), "en": line.text("en")}
            for line in translation.report
        ]  # fmt: skip
    return files, report


def _form(schema: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(schema, ensure_ascii=False, indent=2)}\n".encode()


def _editor(draft_id: int) -> str:
    return url_for("workbench.draft", draft_id=draft_id)


@door.get_page("/bundles/<bundle>", needs="deployment.view")
def bundle(bundle: str) -> ResponseReturnValue:
    """One bundle: its diagrams with live counts, its versions, where it is used, its draft."""
    found = next((b for b in drafts.bundles(session()) if b.name == bundle), None)
    if found is None:
        raise NotFound("no such bundle", bundle=bundle)
    return render_template(
        "workbench/bundle.html",
        bundle=found,
        versions=_versions(bundle),
        diagrams=[_diagram(definition) for definition in found.processes],
        callers=_callers({definition.key for definition in found.processes}),
    )


def _versions(bundle: str) -> list[Any]:
    counts = (
        select(ProcessInstance.process_definition_id, func.count().label("running"))
        .where(ProcessInstance.status.in_(LIVE))
        .group_by(ProcessInstance.process_definition_id)
        .subquery()
    )
    return list(
        session().execute(
            select(
                ProcessDefinition, Deployment, Person.display_name, func.coalesce(counts.c.running, 0).label("running")
            )
            .join(DeploymentFile, DeploymentFile.id == ProcessDefinition.file_id)
            .join(Deployment, Deployment.id == ProcessDefinition.deployment_id)
            .outerjoin(Person, Person.id == Deployment.created_by_id)
            .outerjoin(counts, counts.c.process_definition_id == ProcessDefinition.id)
            .where(DeploymentFile.path.startswith(f"workflows/{bundle}/", autoescape=True))
            .order_by(ProcessDefinition.key, ProcessDefinition.version.desc())
            .limit(200)
        )
    )


def _diagram(definition: ProcessDefinition) -> dict[str, Any]:
    """The newest diagram with the number of open tasks on each element, all versions together."""
    xml = session().scalar(select(DeploymentFile.content).where(DeploymentFile.id == definition.file_id)) or b""
    counts = session().execute(
        select(Task.element_id, func.count())
        .where(Task.process_key == definition.key, Task.status == TaskStatus.OPEN)
        .group_by(Task.element_id)
    )
    return {
        "key": definition.key,
        "name": definition.name,
        "xml": xml.decode(),
        "counts": dict(counts.all()),
    }


def _callers(keys: set[str]) -> list[ProcessDefinition]:
    """Published processes that call one of these."""
    published = session().scalars(
        select(ProcessDefinition)
        .where(ProcessDefinition.state == DefinitionState.PUBLISHED)
        .order_by(ProcessDefinition.key)
    )
    newest = {definition.key: definition for definition in published}
    return [d for d in newest.values() if keys & set(d.info.get("calls", ())) and d.key not in keys]


@door.post_deed("/bundles/<bundle>/draft", needs="deployment.draft")
def open_draft(bundle: str) -> ResponseReturnValue:
    """Go on with the bundle's draft, or begin one."""
    return redirect(_editor(drafts.open_draft(session(), actor(), bundle).id))


@door.post_deed("/definitions/<int:definition_id>/republish", needs="deployment.publish")
def republish_version(definition_id: int) -> ResponseReturnValue:
    """Make an earlier version the one new cases start with."""
    definition = session().get(ProcessDefinition, definition_id)
    if definition is None:
        raise NotFound("no such version", id=definition_id)
    republish(session(), actor(), "process", definition.key, definition.version, reason=request.form.get("reason", ""))
    return redirect(request.referrer or url_for("workbench.processes"))


@door.post_deed("/definitions/<int:definition_id>/retire", needs="deployment.retire")
def retire_version(definition_id: int) -> ResponseReturnValue:
    """Let no new case start with a process; running ones go on."""
    definition = session().get(ProcessDefinition, definition_id)
    if definition is None:
        raise NotFound("no such version", id=definition_id)
    retire(session(), actor(), "process", definition.key, reason=request.form.get("reason", ""))
    return redirect(request.referrer or url_for("workbench.processes"))


@door.get_page("/drafts/<int:draft_id>/export", needs="deployment.view")
def export(draft_id: int) -> Response:
    """The draft's files as a zip that imports elsewhere."""
    draft = session().get(Draft, draft_id)
    if draft is None:
        raise NotFound("no such draft", id=draft_id)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in drafts.files_of(session(), draft).items():
            archive.writestr(zipfile.ZipInfo(path, (2000, 1, 1, 0, 0, 0)), content)
    stream.seek(0)
    return send_file(stream, "application/zip", as_attachment=True, download_name=f"{draft.bundle}.zip")
