"""Everything that is to be said against a draft: what cannot run, what breaks a policy, what its scenarios show."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from engine.deployments import examine
from engine.drafts.files import files_of
from engine.drafts.policies import policy_problems
from engine.errors import Problem
from engine.scenarios import run_bundle
from engine.storage import Draft

OVERRIDABLE = "policy_broken"
OVERRIDERS = 2


def findings(session: Session, draft: Draft, *, with_scenarios: bool = False) -> list[Problem]:
    """All problems at once: files that cannot run first, then policies, then (when asked) red scenarios."""
    files = files_of(session, draft)
    problems = [*examine(session, files), *policy_problems(session, files)]
    runs = not any(p.severity == "error" for p in problems if p.code != OVERRIDABLE)
    if with_scenarios and runs:
        problems += [
            Problem("scenario_red", outcome.path, facts={"name": outcome.name, "reason": outcome.failure})
            for outcome in run_bundle(session, files)
            if outcome.failure
        ]
    return problems


def is_blocked(problems: Sequence[Problem], draft: Draft) -> bool:
    """Whether the draft may not be published: any error, unless only policies are red and two people let it through."""
    errors = [p for p in problems if p.severity == "error"]
    overridden = len(set(draft.override_by_ids)) >= OVERRIDERS
    return any(p.code != OVERRIDABLE or not overridden for p in errors)
