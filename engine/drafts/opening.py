"""A draft of a bundle: the one being worked on, one that begins as what is published, one of a new bundle."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.drafts.editing import write
from engine.drafts.files import kind_of, published_files
from engine.drafts.policies import drawings_of
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.history import record
from engine.permissions import Actor, require
from engine.storage import DefinitionState, DeploymentFile, Draft, DraftState, ProcessDefinition

LIVING = (DraftState.EDITING, DraftState.IN_REVIEW, DraftState.APPROVED)


def living_draft(session: Session, bundle: str) -> Draft | None:
    """The draft being worked on, if there is one."""
    return session.scalar(select(Draft).where(Draft.bundle == bundle, Draft.state.in_(LIVING)))


def open_draft(session: Session, actor: Actor, bundle: str) -> Draft:
    """The bundle's living draft, or a new one that begins as what is published.

    Raises:
        NotAllowed, NotFound: no such bundle is published.
    """
    require(actor, "deployment.draft")
    draft = living_draft(session, bundle)
    if draft is not None:
        return draft
    published = published_files(session)
    own = {path: file for path, file in published.items() if path.startswith(f"workflows/{bundle}/")}
    if not own:
        raise NotFound("no such bundle", bundle=bundle)
    forms = {path for path in _forms_used(session, bundle) if path in published}
    own.update({path: published[path] for path in forms})
    title = _drawn_title(bundle, {path: file.content for path, file in own.items()})
    draft = _begin(session, actor, bundle, {path: file.sha256 for path, file in own.items()}, title)
    for path, file in own.items():
        write(session, actor, draft, path, file.content, note="published")
    return draft


def new_bundle(session: Session, actor: Actor, bundle: str, title: str, files: Mapping[str, bytes]) -> Draft:
    """A draft of a bundle that does not exist yet; without a title it is called as its process is.

    Raises:
        NotAllowed. InvalidInput: no such name can be given, or it is taken.
    """
    require(actor, "deployment.draft")
    kind_of(f"workflows/{bundle}/{bundle}.bpmn", bundle)
    taken = living_draft(session, bundle) is not None
    if taken or any(path.startswith(f"workflows/{bundle}/") for path in published_files(session)):
        raise InvalidInput("there is a bundle of that name", [FieldProblem("name", "bundle_taken", {"value": bundle})])
    draft = _begin(session, actor, bundle, {}, title or _drawn_title(bundle, files))
    for path, content in files.items():
        write(session, actor, draft, path, content, note="new")
    return draft


def _begin(session: Session, actor: Actor, bundle: str, base: Mapping[str, str], title: str = "") -> Draft:
    now = clock.now()
    draft = Draft(
        bundle=bundle,
        title=title,
        base=dict(base),
        created_at=now,
        created_by_id=actor.person_id,
        updated_at=now,
        updated_by_id=actor.person_id,
    )
    session.add(draft)
    session.flush()
    record(session, actor, None, "draft.opened", subject=bundle, details={"draft": draft.id})
    return draft


def _forms_used(session: Session, bundle: str) -> set[str]:
    rows = session.execute(
        select(ProcessDefinition.info, ProcessDefinition.start_form)
        .join(DeploymentFile, DeploymentFile.id == ProcessDefinition.file_id)
        .where(
            ProcessDefinition.state == DefinitionState.PUBLISHED,
            DeploymentFile.path.startswith(f"workflows/{bundle}/", autoescape=True),
        )
    )
    names = {name for info, start in rows for name in [*info.get("forms", ()), start] if name}
    return {f"forms/{name}.form" for name in names}


def _drawn_title(bundle: str, files: Mapping[str, bytes]) -> str:
    """What the bundle's own process is called, else its first one, else the bundle."""
    names = {drawing.key: drawing.process.name for drawing in drawings_of(files) if drawing.process.name}
    return names.get(bundle) or next(iter(names.values()), bundle)
