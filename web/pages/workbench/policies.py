"""The policies as a table: a designer with the right adds and changes rows."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from engine.drafts.policies import SEVERITIES, retire_policy, save_policy
from engine.errors import FieldProblem, InvalidInput
from engine.storage import Policy
from web.context import actor, session
from web.pages.workbench import door

FIELDS = ("name", "name_en", "applies", "holds", "why", "why_en", "severity", "source")


@door.get_page("/policies", needs="deployment.view")
def policies() -> ResponseReturnValue:
    """Every rule a diagram must keep: where it applies, what must hold, why."""
    rows = session().scalars(select(Policy).order_by(Policy.active.desc(), Policy.code)).all()
    return render_template("workbench/policies.html", policies=rows, severities=SEVERITIES)


@door.post_deed("/policies", needs="policy.edit")
def policy_save() -> ResponseReturnValue:
    """Add or change a row."""
    code = request.form.get("code", "").strip()
    if not code.isidentifier() or not code.isascii():
        raise InvalidInput("no code", [FieldProblem("code", "wrong_pattern", {"hint": "a-z, 0-9, _"})])
    fields = {name: request.form.get(name, "").strip() for name in FIELDS}
    save_policy(session(), actor(), code, {**fields, "active": True})
    return redirect(url_for("workbench.policies"))


@door.post_deed("/policies/<code>/retire", needs="policy.edit")
def policy_retire(code: str) -> ResponseReturnValue:
    """Take a row out of force."""
    retire_policy(session(), actor(), code, request.form.get("reason", "").strip())
    return redirect(url_for("workbench.policies"))
