"""Bundles that come and go as files: begun empty, imported from any dialect with a report, exported as a zip."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue

from engine import drafts
from engine.bpmn.dialects import translate
from engine.errors import DeploymentRejected, FieldProblem, InvalidInput
from engine.instances.limits import limits
from web.context import actor, rollback, session
from web.pages.workbench import door
from web.pages.workbench.archives import read_archive
from web.pages.workbench.blank import blank_process
from web.pages.workbench.editing import find
from web.pages.workbench.listing import render_processes
from web.problems import text_of
from web.wording import problem_words


@door.post_deed("/new", needs="deployment.draft")
def new() -> ResponseReturnValue:
    """Begin a bundle with an empty process."""
    return _or_told("new", _begin)


def _begin() -> ResponseReturnValue:
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
    return _or_told("import", _take_in)


def _take_in() -> ResponseReturnValue:
    upload = request.files.get("file")
    name = request.form.get("name", "").strip()
    if upload is None or not upload.filename:
        raise InvalidInput("a file is missing", [FieldProblem("file", "required")])
    data = upload.stream.read()
    files, report = _native(data, upload.filename, name)
    draft = drafts.new_bundle(session(), actor(), name, request.form.get("title", "").strip(), files)
    draft.report = report
    return redirect(
        url_for("workbench.review", draft_id=draft.id, _anchor="report")
        if report
        else url_for("workbench.draft", draft_id=draft.id)
    )


def _or_told(asked: str, deed: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    """What ``deed`` answers; a refusal is told beside the form it came from."""
    try:
        return deed()
    except InvalidInput as error:
        refused = [problem_words(problem) for problem in error.problems]
    except DeploymentRejected as error:
        refused = [f"{problem.file}: {text_of(problem)}" for problem in error.problems]
    rollback()
    return render_processes(asked, refused), 422


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
        translation = translate(content, path, limits=limits())
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


@door.get_page("/drafts/<int:draft_id>/export", needs="deployment.view")
def export(draft_id: int) -> Response:
    """The draft's files as a zip that imports elsewhere."""
    draft = find(draft_id)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in drafts.files_of(session(), draft).items():
            archive.writestr(zipfile.ZipInfo(path, (2000, 1, 1, 0, 0, 0)), content)
    stream.seek(0)
    return send_file(stream, "application/zip", as_attachment=True, download_name=f"{draft.bundle}.zip")
