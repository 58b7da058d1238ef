"""Everything that is to be said against a draft: what cannot run, what breaks a policy, what its scenarios show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from sqlalchemy.orm import Session

from engine.deployments import examine
from engine.drafts.files import files_of, together
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
    if settings is not None and _can_run(problems):
        problems += [
            Problem("scenario_red", outcome.path, facts={"name": outcome.name, "reason": outcome.failure})
            for outcome in outcomes(session, draft, settings)
            if outcome.failure
        ]
    return problems


def _can_run(problems: Sequence[Problem]) -> bool:
    return not any(p.severity == "error" for p in problems if p.code != OVERRIDABLE)


def are_scenarios_owed(session: Session, draft: Draft, problems: Sequence[Problem]) -> bool:
    """Whether scenarios have to run, which takes a while, before the last word on the draft."""
    has_some = any(path.endswith(ENDING) for path in files_of(session, draft))
    return has_some and _can_run(problems) and _key(session, draft) not in _ran


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


def outcomes(session: Session, draft: Draft, settings: Settings) -> tuple[Outcome, ...]:
    """How the draft's scenarios end, together with what is published; run once as long as nothing changes."""
    key = _key(session, draft)
    if key not in _ran:
        found = tuple(run_bundle(settings, together(session, draft), files_of(session, draft)))
        while len(_ran) >= _REMEMBERED:
            _ran.pop(next(iter(_ran)), None)
        _ran[key] = found
    return _ran[key]


def _key(session: Session, draft: Draft) -> str:
    """One hash over everything that decides how the scenarios end."""
    own = files_of(session, draft)
    digest = sha256()
    for path, content in sorted(together(session, draft).items()):
        digest.update(f"{path}\0{path in own}\0".encode())
        digest.update(sha256(content).digest())
    return digest.hexdigest()


def is_blocked(problems: Sequence[Problem], draft: Draft) -> bool:
    """Whether the draft may not be published: any error, unless only policies are red and two people let it through."""
    errors = [p for p in problems if p.severity == "error"]
    overridden = len(set(draft.override_by_ids)) >= OVERRIDERS
    return any(p.code != OVERRIDABLE or not overridden for p in errors)
