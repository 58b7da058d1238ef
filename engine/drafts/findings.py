"""Everything that is to be said against a draft: what cannot run, what breaks a policy, what its scenarios show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from sqlalchemy.orm import Session

from engine.deployments import examine
from engine.drafts.files import files_of, published_files
from engine.drafts.names import name_problems
from engine.drafts.policies import policy_problems
from engine.drafts.removing import removal_problems
from engine.errors import InvalidInput, Problem
from engine.scenarios import ENDING, Outcome, read_scenarios, run_bundle
from engine.settings import Settings
from engine.storage import Draft

OVERRIDABLE = "policy_broken"
OVERRIDERS = 2


_ran: dict[str, tuple[Outcome, ...]] = {}
_REMEMBERED = 20


def findings(session: Session, draft: Draft, settings: Settings | None = None) -> list[Problem]:
    """All problems at once: files that cannot run first, then policies, then, with ``settings``, red scenarios."""
    files = files_of(session, draft)
    problems = [
        *examine(session, files),
        *name_problems(session, files),
        *_unreadable_scenarios(files),
        *policy_problems(session, files),
        *removal_problems(session, draft),
    ]
    runs = not any(p.severity == "error" for p in problems if p.code != OVERRIDABLE)
    if settings is not None and runs:
        problems += [
            Problem("scenario_red", outcome.path, facts={"name": outcome.name, "reason": outcome.failure})
            for outcome in outcomes(session, files, settings)
            if outcome.failure
        ]
    return problems


def _unreadable_scenarios(files: Mapping[str, bytes]) -> list[Problem]:
    found = []
    for path, content in files.items():
        if path.endswith(ENDING):
            try:
                read_scenarios(path, content)
            except InvalidInput as error:
                reason = "; ".join(str(p.facts.get("reason") or f"{p.path}: {p.code}") for p in error.problems)
                line = next((int(p.facts["line"]) for p in error.problems if p.facts.get("line")), 0)
                found.append(Problem("scenario_not_readable", path, line=line, facts={"reason": reason or str(error)}))
    return found


def outcomes(session: Session, files: Mapping[str, bytes], settings: Settings) -> tuple[Outcome, ...]:
    """How the scenarios of ``files`` end, together with what is published; run once as long as nothing changes."""
    everything = {**{path: file.content for path, file in published_files(session).items()}, **files}
    digest = sha256()
    for path in sorted(everything):
        digest.update(f"{path}\0{path in files}\0".encode())
        digest.update(sha256(everything[path]).digest())
    key = digest.hexdigest()
    if key not in _ran:
        found = tuple(run_bundle(settings, everything, files))
        while len(_ran) >= _REMEMBERED:
            _ran.pop(next(iter(_ran)), None)
        _ran[key] = found
    return _ran[key]


def is_blocked(problems: Sequence[Problem], draft: Draft) -> bool:
    """Whether the draft may not be published: any error, unless only policies are red and two people let it through."""
    errors = [p for p in problems if p.severity == "error"]
    overridden = len(set(draft.override_by_ids)) >= OVERRIDERS
    return any(p.code != OVERRIDABLE or not overridden for p in errors)
