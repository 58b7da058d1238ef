"""``open-case``: opens a child or related case, at this case's place unless told otherwise, and starts its process."""

from __future__ import annotations

from typing import Any

from engine import clock
from engine.cases import link
from engine.connectors.context import Context, defaults
from engine.intake import open_case
from engine.storage import Case

MATTER = ("title", "description", "service_type", "kind", "category", "sub_category", "urgency")
PLACE = ("district", "street", "community", "grid", "longitude", "latitude")


def run(context: Context) -> dict[str, Any]:
    """Open the case and answer its number.

    Raises:
        InvalidInput: what is wrong with it, per field; NotFound: no process is published for its service.
    """
    origin = context.case
    relation = context.text("relation", "child")
    if relation not in {"child", "related"}:
        raise context.bad("relation", relation)
    variables = context.inputs.get("variables") or {}
    if not isinstance(variables, dict):
        raise context.bad("variables", "no context")
    case = open_case(
        context.session,
        context.actor,
        _report(context, origin),
        process_key=context.text("process"),
        parent=origin if relation == "child" else None,
        variables=variables,
        drill=context.instance is not None and context.instance.drill,
    )
    if origin is not None and relation == "related":
        link(context.session, context.actor, origin, case, "related")
    return {"number": case.number}


def _report(context: Context, origin: Case | None) -> dict[str, Any]:
    channel = context.text("channel", defaults("open-case")["channel"])
    report: dict[str, Any] = {"channel": channel, "reported_at": clock.now()}
    if origin is not None:
        report |= {name: getattr(origin, name) for name in (*MATTER, *PLACE)}
        report |= {"place": origin.place_text, "outside_city": not origin.inside_city}
        if context.inputs.get("service_type") or context.inputs.get("category"):
            # Another matter: what belongs to the old one's class must not stick to it.
            report |= {"kind": "", "category": "", "sub_category": ""}
    report |= {name: context.inputs[name] for name in MATTER if context.inputs.get(name) not in (None, "")}
    place = context.inputs.get("place")
    if isinstance(place, dict):
        report |= {name: place.get(name) for name in PLACE}
        report |= {"place": place.get("text") or place.get("place") or ""}
    elif place:
        report["place"] = str(place)
    return report
