"""What a draft changes, as facts the page puts into words: per role, per element, per row, per field."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.model import Drawing, Element, Flow
from engine.bpmn.nodes import text_list
from engine.decisions import diff as diff_tables
from engine.decisions import read_dmn
from engine.drafts.policies import drawings_of


@dataclass(frozen=True)
class Change:
    """``what`` is added, removed, changed or moved; ``setting`` names what changed, ``roles`` whom it concerns."""

    what: str
    file: str
    kind: str
    id: str = ""
    name: str = ""
    setting: str = ""
    old: str = ""
    new: str = ""
    roles: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def changes(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[Change]:
    """All changes from the files ``old`` to the files ``new``."""
    found = [
        *_file_changes(old, new),
        *_diagram_changes(old, new),
        *_decision_changes(old, new),
        *_form_changes(old, new),
    ]
    return sorted(found, key=lambda change: (change.file, change.kind, change.id, change.setting))


def _file_changes(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Iterator[Change]:
    for path in sorted({*old, *new}):
        if path not in old or path not in new:
            yield Change("added" if path in new else "removed", path, "file", name=path)
        elif old[path] != new[path] and path.endswith(".scenario.yaml"):
            yield Change("changed", path, "scenario", name=path)


_SETTINGS: dict[str, Callable[[Element], str]] = {
    "name": lambda e: e.name,
    "groups": lambda e: e.candidate_groups,
    "users": lambda e: e.candidate_users,
    "assignee": lambda e: e.assignee,
    "form": lambda e: e.form_id,
    "decision": lambda e: e.decision_id,
    "called": lambda e: e.called_process,
    "connector": lambda e: e.task_type,
    "script": lambda e: e.script or "",
    "timer": lambda e: e.event.timer if e.event else "",
    "event": lambda e: f"{e.event.kind} {e.event.name}".strip() if e.event else "",
    "condition": lambda e: e.event.condition if e.event else "",
    "interrupting": lambda e: str(e.interrupting) if e.type in {"boundaryEvent", "startEvent"} else "",
    "lane": lambda e: e.lane,
    "documentation": lambda e: e.documentation,
    "loop": lambda e: repr(e.loop) if e.loop else "",
    "inputs": lambda e: "; ".join(f"{m.target} ← {m.source}" for m in e.inputs),
    "outputs": lambda e: "; ".join(f"{m.target} ← {m.source}" for m in e.outputs),
}


def _diagram_changes(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Iterator[Change]:
    before = {drawing.key: drawing for drawing in drawings_of(old)}
    after = {drawing.key: drawing for drawing in drawings_of(new)}
    for key in sorted({*before, *after}):
        yield from _drawing_changes(before.get(key), after.get(key))


def _drawing_changes(old: Drawing | None, new: Drawing | None) -> Iterator[Change]:
    drawing = new or old
    assert drawing is not None, "one of the two is there"
    before = old.elements if old is not None else {}
    after = new.elements if new is not None else {}
    for identity in [*after, *(i for i in before if i not in after)]:
        was, now = before.get(identity), after.get(identity)
        element = now or was
        assert element is not None, "the id is from one of the two"
        common: dict[str, Any] = {
            "file": drawing.file,
            "kind": "process" if element is drawing.process else "element",
            "id": identity,
            "name": element.name,
            "facts": {"type": element.type},
        }
        if was is None or now is None:
            yield Change("added" if was is None else "removed", roles=_roles(element), **common)
            continue
        for setting, before_text, after_text in _differing(was, now):
            yield Change(
                "changed", setting=setting, old=before_text, new=after_text,
                roles=tuple(dict.fromkeys([*_roles(was), *_roles(now)])), **common,
            )  # fmt: skip
    yield from _flow_changes(old, new, drawing)


def _flow_changes(old: Drawing | None, new: Drawing | None, drawing: Drawing) -> Iterator[Change]:
    before, after = (one.flows if one is not None else {} for one in (old, new))
    for identity in [*after, *(i for i in before if i not in after)]:
        was, now = before.get(identity), after.get(identity)
        names = [_ends(flow, one) for flow, one in ((was, old), (now, new)) if flow is not None and one is not None]
        common: dict[str, Any] = {"file": drawing.file, "kind": "flow", "id": identity}
        if was is None or now is None:
            yield Change("added" if was is None else "removed", name=names[0], **common)
            continue
        if (was.source, was.target) != (now.source, now.target):
            yield Change("moved", name=names[1], old=names[0], new=names[1], **common)
        if was.condition != now.condition:
            condition: dict[str, Any] = {"setting": "condition", "old": was.condition or "", "new": now.condition or ""}
            yield Change("changed", name=names[1], **condition, **common)


def _ends(flow: Flow, drawing: Drawing) -> str:
    """What a flow leads from and to, in the names people read."""
    ends = (drawing.elements.get(end) for end in (flow.source, flow.target))
    return " → ".join(element.name or element.id if element is not None else "?" for element in ends)


def _differing(was: Element, now: Element) -> Iterator[tuple[str, str, str]]:
    if was.type != now.type:
        yield "type", was.type, now.type
    for setting, read in _SETTINGS.items():
        if read(was) != read(now):
            yield setting, read(was), read(now)
    for name in sorted({*was.properties, *now.properties}):
        if was.properties.get(name, "") != now.properties.get(name, ""):
            yield name, was.properties.get(name, ""), now.properties.get(name, "")


def _roles(element: Element) -> tuple[str, ...]:
    return text_list(element.candidate_groups) if not element.candidate_groups.startswith("=") else ()


def _decision_changes(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Iterator[Change]:
    for path in sorted(p for p in {*old, *new} if p.endswith(".dmn") and old.get(p) != new.get(p)):
        for row in diff_tables(*(read_dmn(files.get(path, NO_DECISIONS), path) for files in (old, new))):
            yield Change(
                row["what"], path, row["kind"], row.get("id", ""), row.get("name", ""), row.get("setting", ""),
                str(row.get("old", "")), str(row.get("new", "")), facts={"decision": row.get("decision", "")},
            )  # fmt: skip


def _form_changes(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Iterator[Change]:
    for path in sorted(p for p in {*old, *new} if p.endswith(".form") and old.get(p) != new.get(p)):
        before, after = _fields(old.get(path)), _fields(new.get(path))
        for key in [*after, *(k for k in before if k not in after)]:
            was, now = before.get(key), after.get(key)
            label = str((now or was or {}).get("label") or key)
            if was is None or now is None:
                yield Change("added" if was is None else "removed", path, "field", key, label)
                continue
            for setting in sorted({*was, *now}):
                if was.get(setting) != now.get(setting):
                    yield Change(
                        "changed", path, "field", key, label, setting, _text(was.get(setting)), _text(now.get(setting))
                    )


NO_DECISIONS = b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="none" name="none"/>'
_NO_SETTING = frozenset({"id", "layout", "components", "key", "path", "type"})


def _fields(content: bytes | None) -> dict[str, dict[str, Any]]:
    """The settings of every field by key, nested ones included; a form that is no JSON is the check's to report."""
    if content is None:
        return {}
    try:
        schema = json.loads(content)
    except ValueError:
        return {}
    found: dict[str, dict[str, Any]] = {}
    waiting = list(schema.get("components") or ())
    while waiting:
        component = waiting.pop(0)
        waiting = [*(component.get("components") or ()), *waiting]
        key = str(component.get("key") or component.get("path") or component.get("id"))
        found[key] = {name: value for name, value in component.items() if name not in _NO_SETTING}
        found[key]["type"] = component.get("type")
    return found


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
