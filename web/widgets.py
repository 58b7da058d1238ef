"""Forms of processes as HTML: what a browser sent becomes raw answers, nodes become fields (``widgets/form.html``)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from flask import Flask, request
from markupsafe import Markup, escape
from sqlalchemy import select
from werkzeug.datastructures import FileStorage, MultiDict

from engine import clock, evidence
from engine.forms import FILE_TYPES, Node
from engine.forms.components import SEVERAL_TYPES, Component, components_of, level
from engine.storage import Evidence, Organisation, Person, RoleGrant
from web import context
from web.asked import number_of
from web.wording import named

MAX_ROWS = 100
Raw = dict[str, Any]


def init_app(app: Flask) -> None:
    """Give templates what the form macros ask for."""
    app.jinja_env.globals.update(
        uploaded=uploaded, pickable=pickable, submission_token=submission_token, decides=decides
    )
    app.jinja_env.filters.update(field_value=field_value, prose=prose, plain_value=plain_value)


def submission_token() -> str:
    """One per shown form: sending it twice does the deed once."""
    return secrets.token_urlsafe(12)


def posted(schema: Mapping[str, Any]) -> Raw:
    """The raw answers of the request. Files in it are received at once: none is lost when the form is not taken.

    Raises:
        InvalidInput: a file cannot be taken.
    """
    raw = _posted(components_of(schema), request.form, request.files, "")
    _change_rows(raw, request.form.get("_act", ""))
    return raw


def posted_without_files(schema: Mapping[str, Any]) -> Raw:
    """What was typed: a page that only asks takes no files, nor does one whose file cannot be taken."""
    request.files = type(request.files)()  # type: ignore[misc]
    return posted(schema)


def _posted(components: Sequence[Component], form: MultiDict[str, str], files: Any, prefix: str) -> Raw:
    raw: Raw = {}
    for entry in level(components):
        component, name = entry.component, f"{prefix}{entry.name}"
        kind = component["type"]
        if kind == "group":
            raw[entry.name] = _posted(components_of(component), form, files, f"{name}.")
        elif kind == "dynamiclist":
            count = form.get(f"{name}.__n", "0")
            rows = min(number_of(count) or 0, MAX_ROWS + 1)
            raw[entry.name] = [_posted(components_of(component), form, files, f"{name}.{i}.") for i in range(rows)]
        elif kind in FILE_TYPES:
            slot = str((component.get("properties") or {}).get("slot") or entry.name)
            given = [value for value in form.getlist(name) if value]
            raw[entry.name] = given + [receive(each, slot) for each in files.getlist(name) if each.filename]
        elif kind in SEVERAL_TYPES:
            raw[entry.name] = [value for value in form.getlist(name) if value]
        else:
            raw[entry.name] = form.get(name)
    return raw


def _change_rows(raw: Raw, act: str) -> None:
    """``add:people`` or ``drop:people:2``: the buttons of a list of rows."""
    verb, _, rest = act.partition(":")
    path, _, index = rest.partition(":")
    rows = raw.get(path)
    if not isinstance(rows, list):
        return
    if verb == "add" and len(rows) < MAX_ROWS:
        rows.append({})
    elif verb == "drop" and (at := number_of(index)) is not None and at < len(rows):
        del rows[at]


def receive(file: FileStorage, slot: str) -> str:
    """Store one file in a transaction of its own and answer its public id.

    Raises:
        InvalidInput: it cannot be taken.
    """
    place = context.house()
    # On SQLite the request's own session would hold the lock this one needs; it has changed nothing yet.
    context.rollback()
    with place.database.transaction() as session:
        row = evidence.store(
            session, context.actor(), file.stream, file_name=file.filename or "", slot=slot, settings=place.settings
        )
        return row.public_id


def uploaded(public_ids: Any) -> list[Evidence]:
    """The received files a field names; somebody else's are left out."""
    wanted = [str(each) for each in public_ids or [] if isinstance(each, str)][:100]
    if not wanted:
        return []
    rows = context.session().scalars(select(Evidence).where(Evidence.public_id.in_(wanted)))
    found = {row.public_id: row for row in rows}
    person = context.actor().person_id
    return [
        found[each]
        for each in wanted
        if each in found and (found[each].case_id is not None or found[each].uploaded_by_id == person)
    ]


def pickable(kind: str) -> list[tuple[str, str]]:
    """What a person or organisation field offers: those of the actor's organisations, or of everybody's areas."""
    session, actor = context.session(), context.actor()
    if kind == "person":
        people = session.execute(
            select(Person.username, Person.display_name)
            .join(RoleGrant, RoleGrant.person_id == Person.id)
            .where(
                Person.active,
                RoleGrant.revoked_at.is_(None),
                RoleGrant.organisation_id.in_(sorted(actor.organisation_ids)),
            )
            .order_by(Person.display_name)
            .distinct()
            .limit(300)
        )
        return [(username, name) for username, name in people]
    return [(row.code, named(row)) for row in pickable_rows()]


def pickable_rows() -> list[Organisation]:
    """The organisations of the actor's districts and of the city; all of them for who is of no district."""
    codes = {grant.organisation_code.split(".")[0] for grant in context.actor().grants}
    rows = (
        context.session()
        .scalars(select(Organisation).where(Organisation.active).order_by(Organisation.code).limit(2000))
        .all()
    )
    return [row for row in rows if row.code.split(".")[0] in codes] or list(rows)


def titled(nodes: list[Node], name: str) -> list[Node]:
    """The form without a heading that only says again what the page is called."""
    if nodes and nodes[0].type == "text" and nodes[0].text.lstrip("# ").strip() == name:
        return nodes[1:]
    return nodes


def decides(schema: Mapping[str, Any]) -> bool:
    """Whether other fields may appear or go while the form is filled."""
    return any(
        (component.get("conditional") or {}).get("hide") or component.get("valuesExpression")
        for component in _all(components_of(schema))
    )


def _all(components: Sequence[Component]) -> list[Component]:
    found: list[Component] = []
    for component in components:
        found += [component, *_all(components_of(component))]
    return found


def field_value(value: Any, subtype: str = "") -> str:
    """A value as an input shows it."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        longitude, latitude = value.get("longitude"), value.get("latitude")
        return "" if longitude is None else f"{longitude}, {latitude}"
    if subtype == "datetime":
        moment = value if isinstance(value, datetime) else _parsed(value)
        return clock.city_time(moment).strftime("%Y-%m-%dT%H:%M") if moment else str(value)
    if isinstance(value, (date, time)):
        return value.isoformat()[:16]
    return str(value)


def _parsed(value: Any) -> datetime | None:
    try:
        return clock.parse(str(value))
    except ValueError:
        return None


def plain_value(value: Any) -> str:
    """A value for people to read, whatever it is."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "✓" if value else "–"
    if isinstance(value, Mapping):
        if {"longitude", "latitude"} <= set(value):
            return field_value(value)
        return "; ".join(f"{name}: {plain_value(inner)}" for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return "、".join(plain_value(inner) for inner in value) or "–"
    return str(value)


def prose(text: str) -> Markup:
    """A designer's text: headings, paragraphs, lists and bold as Markdown writes them; everything else is text."""
    made: list[str] = []
    listing = False
    for line in text.splitlines():
        bare = line.strip()
        item = bare.startswith(("- ", "* "))
        if listing != item:
            made.append("<ul>" if item else "</ul>")
            listing = item
        if item:
            made.append(f"<li>{_bold(bare[2:])}</li>")
        elif bare.startswith("#"):
            made.append(f"<h3>{_bold(bare.lstrip('#').strip())}</h3>")
        elif bare:
            made.append(f"<p>{_bold(bare)}</p>")
    if listing:
        made.append("</ul>")
    return Markup("\n".join(made))


def _bold(text: str) -> str:
    parts = str(escape(text)).split("**")
    return "".join(
        f"<strong>{part}</strong>" if index % 2 and index < len(parts) - 1 else part for index, part in enumerate(parts)
    )
