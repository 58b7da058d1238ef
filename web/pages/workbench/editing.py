"""The editor's page and what its script asks: files, saves, versions, checks, previews, scenarios."""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from engine import clock, drafts
from engine.drafts.choices import choices, functions, places, variables, with_published
from engine.errors import Conflict, FieldProblem, InvalidInput, NotFound
from engine.storage import Draft, DraftFile, DraftState, Person
from web.asked import number_of
from web.context import actor, house, session
from web.pages.workbench import door
from web.pages.workbench.blank import blank_decision, blank_form, blank_process, blank_scenario
from web.pages.workbench.showing import render_form
from web.pages.workbench.telling import worded
from web.problems import as_json, failure_words
from web.security import style_nonce
from web.wording import language

ASKED = ("file", "save", "create", "take_out", "check", "revisions", "restore", "keep", "preview", "scenarios")
"""The addresses the editor's script asks."""


def find(draft_id: int) -> Draft:
    """The draft.

    Raises:
        NotFound: there is none.
    """
    draft = session().get(Draft, draft_id)
    if draft is None:
        raise NotFound("no such draft", id=draft_id)
    return draft


@door.get_page("/drafts/<int:draft_id>", needs="deployment.draft")
def draft(draft_id: int) -> ResponseReturnValue:
    """The editor."""
    found = find(draft_id)
    files = with_published(session(), drafts.files_of(session(), found))
    data: dict[str, Any] = {
        "draft": {"id": found.id, "bundle": found.bundle, "state": found.state.value},
        "editable": found.state is DraftState.EDITING,
        "files": [_file_row(row) for row in _rows(found)],
        "functions": functions(language()),
        "config": {
            "choices": choices(session(), files, language()),
            "places": places(files),
            "variables": variables(language()),
        },
        "urls": {
            name: url_for(f"workbench.{name}", draft_id=found.id)
            for name in (
                "file",
                "save",
                "create",
                "check",
                "take_out",
                "revisions",
                "restore",
                "keep",
                "preview",
                "scenarios",
            )
        },
    }
    data["urls"]["elsewhere"] = url_for("workbench.elsewhere")
    return render_template("workbench/draft.html", draft=found, data=data, nonce=style_nonce())


def _rows(found: Draft) -> list[DraftFile]:
    return list(
        session().scalars(
            select(DraftFile).where(DraftFile.draft_id == found.id).order_by(DraftFile.kind, DraftFile.path)
        )
    )


def _file_row(row: DraftFile) -> dict[str, Any]:
    name = row.path.rpartition("/")[2]
    return {
        "path": row.path, "kind": row.kind, "name": name, "revision": row.revision, "taken_out": row.content is None,
    }  # fmt: skip


def _row(found: Draft, path: str) -> DraftFile:
    row = session().scalar(select(DraftFile).where(DraftFile.draft_id == found.id, DraftFile.path == path))
    if row is None or row.content is None:
        raise NotFound("no such file", path=path)
    return row


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInput("the request is no JSON object", [FieldProblem("", "not_json")])
    return body


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise InvalidInput("a text is missing", [FieldProblem(name, "required")])
    return value


@door.get_page("/drafts/<int:draft_id>/file", needs="deployment.draft")
def file(draft_id: int) -> ResponseReturnValue:
    """One file's text and revision."""
    row = _row(find(draft_id), request.args.get("path", ""))
    return jsonify(revision=row.revision, content=(row.content or b"").decode("utf-8", "replace"))


@door.post_deed("/drafts/<int:draft_id>/save", needs="deployment.draft")
def save(draft_id: int) -> ResponseReturnValue:
    """Keep a new version of a file."""
    body = _body()
    content = _text(body, "content").encode("utf-8", "replace")
    revision = drafts.save(session(), actor(), draft_id, _text(body, "path"), content, revision=_began(body))
    return jsonify(revision=revision)


def _began(body: dict[str, Any]) -> int:
    """The revision the editor began from."""
    began = body.get("revision")
    if not isinstance(began, int):
        raise InvalidInput("the revision is missing", [FieldProblem("revision", "required")])
    return began


@door.post_deed("/drafts/<int:draft_id>/take-out", needs="deployment.draft")
def take_out(draft_id: int) -> ResponseReturnValue:
    """Take a file out of the draft; its versions stay."""
    body = _body()
    return jsonify(revision=drafts.take_out(session(), actor(), draft_id, _text(body, "path"), revision=_began(body)))


@door.post_deed("/drafts/<int:draft_id>/create", needs="deployment.draft")
def create(draft_id: int) -> ResponseReturnValue:
    """A new process, decision, form or scenario file."""
    found, body = find(draft_id), _body()
    kind, name = _text(body, "kind"), _text(body, "name")
    folder = f"workflows/{found.bundle}"
    blanks = {
        "process": (f"{folder}/{name}.bpmn", lambda: blank_process(name, name, "shared")),
        "decision": (f"{folder}/{name}.dmn", lambda: blank_decision(name, name)),
        "form": (f"forms/{name}.form", lambda: blank_form(name)),
        "scenario": (f"{folder}/{name}.scenario.yaml", lambda: blank_scenario(name, found.bundle)),
    }
    if kind not in blanks:
        raise InvalidInput("no such kind of file", [FieldProblem("kind", "not_an_option")])
    path, blank = blanks[kind]
    if path in {row.path for row in _rows(found)} or path in drafts.published_files(session(), {path}):
        raise Conflict("there is a file of that name", kind="file_exists", path=path)
    drafts.save(session(), actor(), draft_id, path, blank(), revision=0)
    files = with_published(session(), drafts.files_of(session(), found))
    return jsonify(
        file=_file_row(_row(found, path)),
        choices=choices(session(), files, language()),
        places=places(files),
    )


@door.post_question("/drafts/<int:draft_id>/check", needs="deployment.draft")
def check(draft_id: int) -> ResponseReturnValue:
    """Everything there is to object, worded."""
    return jsonify(problems=[as_json(problem) for problem in drafts.findings(session(), find(draft_id))])


@door.get_page("/drafts/<int:draft_id>/revisions", needs="deployment.draft")
def revisions(draft_id: int) -> ResponseReturnValue:
    """The versions of a file to go back to."""
    found = drafts.revisions(session(), draft_id, request.args.get("path", ""))
    people = {r.saved_by_id for r in found}
    names = dict(session().execute(select(Person.id, Person.display_name).where(Person.id.in_(people))).all())
    return jsonify(
        revisions=[
            {
                "revision": r.revision,
                "saved_at": clock.city_time(r.saved_at).strftime("%Y-%m-%d %H:%M"),
                "saved_by": names.get(r.saved_by_id or 0, ""),
                "note": _revision_note(r.note),
                "has_content": r.content is not None,
            }
            for r in found
        ]
    )


def _revision_note(note: str) -> str:
    """Why there is this version, in the reader's language; a person's own note stays as it is."""
    word, _space, number = note.partition(" ")
    return f"{worded('REVISION_NOTES', word)} {number}".strip() if number.isdigit() else worded("REVISION_NOTES", note)


@door.post_deed("/drafts/<int:draft_id>/restore", needs="deployment.draft")
def restore(draft_id: int) -> ResponseReturnValue:
    """Go back to a version."""
    body = _body()
    wanted = number_of(str(body.get("revision")))
    if wanted is None:
        raise InvalidInput("the revision is missing", [FieldProblem("revision", "required")])
    return jsonify(revision=drafts.restore(session(), actor(), draft_id, _text(body, "path"), wanted))


@door.post_deed("/drafts/<int:draft_id>/keep", needs="deployment.draft")
def keep(draft_id: int) -> ResponseReturnValue:
    """Keep one's own text as a version although another's goes on."""
    body = _body()
    drafts.keep_aside(session(), actor(), draft_id, _text(body, "path"), _text(body, "content").encode())
    return jsonify(kept=True)


@door.post_question("/drafts/<int:draft_id>/preview", needs="deployment.draft")
def preview(draft_id: int) -> ResponseReturnValue:
    """A form exactly as the clerk will see it."""
    schema = _body().get("schema")
    if not isinstance(schema, dict):
        raise InvalidInput("the form is missing", [FieldProblem("schema", "required")])
    return jsonify(html=str(render_form(schema)))


@door.post_question("/drafts/<int:draft_id>/scenarios", needs="scenario.run")
def scenarios(draft_id: int) -> ResponseReturnValue:
    """Run the draft's scenarios against the draft."""
    outcomes = drafts.outcomes(session(), find(draft_id), house().settings)
    passed: dict[str, dict[str, int]] = {}
    for outcome in outcomes:
        for key, counts in outcome.passed.items():
            target = passed.setdefault(key, {})
            for element, times in counts.items():
                target[element] = target.get(element, 0) + times
    return jsonify(
        outcomes=[
            {"name": o.name, "path": o.path, "failure": o.failure and failure_words(o.failure)} for o in outcomes
        ],
        passed=passed,
    )


@door.get_page("/elsewhere", needs="deployment.view")
def elsewhere() -> ResponseReturnValue:
    """To the page of what a file holds: a form, or a bundle."""
    path = request.args.get("path", "")
    if path.startswith("forms/"):
        return redirect(url_for("workbench.form", key=path.removeprefix("forms/").removesuffix(".form")))
    bundle = path.split("/")[1] if path.startswith("workflows/") and path.count("/") == 2 else ""
    if not bundle:
        raise NotFound("no such file", path=path[:200])
    return redirect(url_for("workbench.bundle", bundle=bundle))
