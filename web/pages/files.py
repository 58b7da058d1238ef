"""Files: received from phones and desks, given out unchanged, never run."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

from flask import jsonify, request, send_file, url_for
from flask.typing import ResponseReturnValue

from engine import evidence
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.permissions import can, task_subject
from engine.storage import Case, Evidence, Task
from engine.worklist import closed_to
from web import context, widgets
from web.doors import SIGNED_IN, Door
from web.security import UPLOAD_LIMIT, limiter
from web.wording import said

door = Door("files", __name__)
# Shown in place by browsers without risk; everything else is only ever saved.
INLINE = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4", "audio/mpeg", "audio/mp4"})


@door.post_deed("/files", needs=SIGNED_IN)
@limiter.limit(UPLOAD_LIMIT)
def receive() -> ResponseReturnValue:
    """Take one file; it waits for the form that names it."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput("no file was sent", [FieldProblem("file", "required")])
    public_id = widgets.receive(file, request.form.get("slot", "")[:80])
    row = evidence.find(context.session(), public_id)
    preview = url_for("files.preview", public_id=public_id) if row.preview_sha256 else ""
    return jsonify(
        id=public_id,
        name=row.file_name,
        kind=row.kind,
        sha256=row.sha256,
        preview=preview,
        slot=said("SLOTS", row.slot),
    )


@door.get_page("/files/<public_id>", needs=SIGNED_IN)
def give(public_id: str) -> ResponseReturnValue:
    """The bytes as they were received."""
    row = _visible(public_id)
    path = evidence.file_of(row, context.house().settings)
    inline = row.content_type in INLINE and request.args.get("save") is None
    answer = send_file(path, mimetype=row.content_type, etag=row.sha256, max_age=3600, conditional=True)
    kind, name = "inline" if inline else "attachment", evidence.honest_name(row.file_name, row.content_type)
    # Programs that read only the first of the two names get one that is plain everywhere.
    plain = f'filename="evidence{PurePosixPath(name).suffix}"'
    answer.headers["Content-Disposition"] = f"{kind}; {plain}; filename*=UTF-8''{quote(name, safe='')}"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


@door.get_page("/files/<public_id>/preview", needs=SIGNED_IN)
def preview(public_id: str) -> ResponseReturnValue:
    """A small picture of a picture."""
    row = _visible(public_id)
    path = evidence.file_of(row, context.house().settings, preview=True)
    answer = send_file(path, mimetype="image/jpeg", etag=str(row.preview_sha256), max_age=3600, conditional=True)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


def _visible(public_id: str) -> Evidence:
    """The file, when the actor received it or may see its case or task; else it is as if there were none."""
    session, actor = context.session(), context.actor()
    row = evidence.find(session, public_id)
    if row.uploaded_by_id == actor.person_id:
        return row
    case = session.get(Case, row.case_id) if row.case_id else None
    task = session.get(Task, row.task_id) if row.task_id else None
    seen = case is not None and can(actor, "case.view", case)
    seen = seen or (task is not None and can(actor, "task.view", task_subject(session, task)))
    if seen and (case is None or closed_to(session, actor, case).shows(row)):
        return row
    raise NotFound("no such file", evidence=public_id)
