"""What conditions ask outside their process has changed, case, related case or emergency: who waits for it looks again.

Each instance in a transaction of its own, after the commit. A response that is raised, lowered or stood down owes one
job; that one owes a look to each instance concerned (``spread``). One that begins to wait at this very moment does not
see the change and is not seen by it: it looks once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, or_, select, union_all
from sqlalchemy.orm import Session

from engine.case_context import CaseVariables, level_of
from engine.instances.jobs import JOBS, owe
from engine.storage import Case, CaseLink, EventSubscription, Job, JobLane, SubscriptionKind
from engine.storage.statements import Prepared, table_of

if TYPE_CHECKING:
    from engine.instances.advancing import Advance

SUBSCRIPTIONS, LINKS = table_of(EventSubscription), table_of(CaseLink)
CHUNK = 1000
CONTINGENCY = "contingency"
RELATED = f"case.{CaseVariables.PARTS['case']}"
READ_EMERGENCY = ("emergency", "case emergency", f"{RELATED} emergency")
READ_RELATED = (RELATED, f"{RELATED} emergency")
"""The names of conditional waits that read the emergency, and those that read the cases related to theirs."""
LOOK_ONCE_MORE = frozenset({*READ_EMERGENCY, *READ_RELATED})
"""What changes without a lock that who begins to wait would hold."""

_CONDITIONAL = SUBSCRIPTIONS.c.kind == SubscriptionKind.CONDITIONAL
_WAITING = Prepared(
    select(SUBSCRIPTIONS.c.instance_id).where(SUBSCRIPTIONS.c.case_id == bindparam("case"), _CONDITIONAL).distinct()
)
_READS_RELATED = or_(*(SUBSCRIPTIONS.c.name == name for name in READ_RELATED))
_LINKED = union_all(
    select(LINKS.c.other_case_id).where(LINKS.c.case_id == bindparam("case")),
    select(LINKS.c.case_id).where(LINKS.c.other_case_id == bindparam("case")),
)
_WAITING_BESIDE = Prepared(
    select(SUBSCRIPTIONS.c.instance_id, SUBSCRIPTIONS.c.case_id)
    .where(SUBSCRIPTIONS.c.case_id.in_(_LINKED), _CONDITIONAL, _READS_RELATED)
    .distinct()
)


def look_again(instance_id: int, case_id: int | None) -> dict[str, Any]:
    """A job: the conditional events of an instance look at what is around them."""
    return owe("condition", "", case_id=case_id, instance_id=instance_id)


def case_changed(session: Session, case: Case) -> None:
    """Owe the instances of a case that wait for conditions a look."""
    waiting = _WAITING.rows(session, {"case": case.id})
    if waiting:
        session.execute(insert(JOBS), [look_again(identity, case.id) for (identity,) in waiting])


def related_changed(session: Session, case: Case) -> None:
    """Owe those whose conditions read their related cases a look, when what they see of this one has changed."""
    waiting = _WAITING_BESIDE.rows(session, {"case": case.id})
    if waiting:
        session.execute(insert(JOBS), [look_again(identity, case_id) for identity, case_id in waiting])


def tell_response(advance: Advance, began_or_ended: bool) -> None:
    """Owe the cases in a response's area a look, when what they see of it is another thing after this step."""
    case, instance = advance.case, advance.instance
    if case is None:
        return
    if began_or_ended or advance.execution.variables.get("level") != level_of(instance.state):
        where = {"area": case.area_path, "drill": instance.drill or case.drill, "after": 0}
        job = owe("emergency", instance.process_key, case_id=case.id, inputs=where, lane=JobLane.URGENT)
        advance.writes.insert(Job, [job])


def spread(session: Session, job: Job) -> bool:
    """Owe a look to the next chunk of those whose conditions read the emergency; False when there are more."""
    place = job.inputs
    found = session.execute(
        select(EventSubscription.id, EventSubscription.instance_id, EventSubscription.case_id)
        .join(Case, Case.id == EventSubscription.case_id)
        .where(
            EventSubscription.kind == SubscriptionKind.CONDITIONAL,
            EventSubscription.name.in_(READ_EMERGENCY),
            EventSubscription.id > place["after"],
            Case.area_path.startswith(place["area"], autoescape=True),
            Case.drill == place["drill"],
        )
        .order_by(EventSubscription.id)
        .limit(CHUNK)
    ).all()
    if found:
        waiting = {row.instance_id: row.case_id for row in found}
        session.execute(insert(JOBS), [look_again(identity, case_id) for identity, case_id in waiting.items()])
    if len(found) < CHUNK:
        return True
    job.inputs = {**place, "after": found[-1].id}
    return False
