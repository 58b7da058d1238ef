"""A case's facts as lists of label and value, and its pictures; used by the pages of tasks and cases."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import select

from engine.permissions import can
from engine.storage import Case, CaseReporter, Evidence, Organisation, ServiceType
from engine.worklist import Closed
from web import context
from web.maps import area_named
from web.wording import coded, moment, named

MOST_PICTURES = 12


def case_facts(case: Case) -> list[tuple[str, str]]:
    """What a case is about; only what is known."""
    session = context.session()
    service = session.get(ServiceType, case.service_type)
    party = session.get(Organisation, case.responsible_organisation_id) if case.responsible_organisation_id else None
    area = " ".join(area_named(part) for part in (case.district, case.street, case.community, case.grid) if part)
    rows = [
        (_("Service"), named(service) if service else case.service_type),
        (
            _("Category"),
            " · ".join(part for part in (coded(case.kind, "kinds"), case.category, case.sub_category) if part),
        ),
        (_("Where"), f"{area}\n{case.place_text}".strip()),
        (_("What"), case.description),
        (_("Urgency"), coded(case.urgency, "urgencies")),
        (_("Channel"), coded(case.channel, "channels")),
        (_("Reported"), moment(case.reported_at)),
        (_("Reporter"), reporter(case)),
        (_("Responsible"), named(party)),
        (_("Closes when"), case.close_condition),
        (_("Rule"), case.decision_row),
        (_("Returned"), str(case.times_returned) if case.times_returned else ""),
        (_("Reworked"), str(case.times_reworked) if case.times_reworked else ""),
    ]
    return [(label, value) for label, value in rows if value]


def reporter(case: Case) -> str:
    """Who reported, masked except to themselves; in full it is shown by a deed of its own."""
    row = context.session().get(CaseReporter, case.id)
    if row is None or row.forgotten_at is not None:
        return ""
    if row.anonymous:
        return _("anonymous")
    words = [masked_name(row.name), masked_phone(row.phone)]
    if row.person_id is not None and row.person_id == context.actor().person_id:
        words = [row.name, row.phone]
    if row.wants_reply:
        words += ["·", _("wants an answer")]
    return " ".join(word for word in words if word)


def reporter_to_show(case: Case) -> bool:
    """Whether the actor may have the reporter shown in full."""
    row = context.session().get(CaseReporter, case.id)
    known = row is not None and not row.anonymous and row.forgotten_at is None and bool(row.name or row.phone)
    return known and can(context.actor(), "case.personal", case)


def masked_name(name: str) -> str:
    """``张**``."""
    return name[:1] + "*" * (len(name) - 1) if name else ""


def masked_phone(phone: str) -> str:
    """``138****0000``."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "*" * len(phone)


def case_pictures(case: Case, closed: Closed) -> Sequence[Evidence]:
    """The newest pictures and files of a case, of those open to the actor."""
    newest = select(Evidence).where(Evidence.case_id == case.id, closed.files()).order_by(Evidence.id.desc())
    return context.session().scalars(newest.limit(MOST_PICTURES)).all()
