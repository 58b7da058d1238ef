"""Two versions of a DMN file side by side: which decisions, columns, rows and cells were added, removed or changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from engine.decisions.describing import texts
from engine.decisions.model import Decision, DecisionTable, DmnFile, Rule

Row = dict[str, Any]
_SETTINGS = ("hit_policy", "aggregation", "output_label", "type_ref", "annotations")
_CLAUSE = ("expression", "name", "label", "type_ref", "allowed", "default")


def diff(old: DmnFile, new: DmnFile) -> list[Row]:
    """All changes, JSON-able: ``what`` (added, removed, changed, moved), ``kind`` (decision, column, row, cell, type,
    model), ``decision``, ``id``, ``name``, ``setting``, texts ``old`` and ``new``. Rows and columns go by id."""
    found = [*_sides(old.decisions, new.decisions, "decision", "", lambda d: d.name, _decision)]
    found += _sides(old.types, new.types, "type", "", lambda t: t.name, _type)
    found += _sides(old.knowledge, new.knowledge, "model", "", lambda m: m.name, _type)
    found += _sides(old.services, new.services, "model", "", lambda s: s.name, _type)
    return found


def diff_tables(old: Decision, new: Decision) -> list[Row]:
    """The changes from one version of a table to another."""
    return list(_decision(old, new))


def _sides(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    kind: str,
    decision: str,
    name: Callable[[Any], str],
    changed: Callable[[Any, Any], Iterator[Row]],
) -> Iterator[Row]:
    for identity, item in new.items():
        if identity not in old:
            yield _row("added", kind, decision or identity, identity, name(item), new=_summary(item))
        else:
            yield from changed(old[identity], item)
    for identity, item in old.items():
        if identity not in new:
            yield _row("removed", kind, decision or identity, identity, name(item), old=_summary(item))


def _row(
    what: str, kind: str, decision: str, identity: str, name: str, setting: str = "", old: str = "", new: str = ""
) -> Row:
    return {
        "what": what, "kind": kind, "decision": decision, "id": identity, "name": name, "setting": setting,
        "old": old, "new": new,
    }  # fmt: skip


def _summary(item: Any) -> str:
    if isinstance(item, Rule):
        return " | ".join(cell.text for cell in (*item.inputs, *item.outputs))
    return str(getattr(item, "expression", "") or getattr(item, "name", ""))


def _decision(old: Decision, new: Decision) -> Iterator[Row]:
    for setting in ("name", "variable", "type_ref", "description"):
        yield from _setting("decision", new.id, new.id, new.name, setting, old, new)
    for setting in ("required_decisions", "required_inputs", "required_knowledge"):
        yield from _setting("decision", new.id, new.id, new.name, setting, old, new)
    if isinstance(old.logic, DecisionTable) and isinstance(new.logic, DecisionTable):
        yield from _table(new, old.logic, new.logic)
    elif old.logic is not None and new.logic is not None and _text(old) != _text(new):
        yield _row("changed", "decision", new.id, new.id, new.name, "logic", _text(old), _text(new))


def _text(decision: Decision) -> str:
    assert decision.logic is not None
    return "\n".join(text for _, text, _, _, _ in texts(decision.logic) if text)


def _setting(kind: str, decision: str, identity: str, name: str, setting: str, old: Any, new: Any) -> Iterator[Row]:
    was, now = getattr(old, setting, ""), getattr(new, setting, "")
    if was != now:
        shown = [", ".join(value) if isinstance(value, tuple) else str(value) for value in (was, now)]
        yield _row("changed", kind, decision, identity, name, setting, *shown)


def _table(decision: Decision, old: DecisionTable, new: DecisionTable) -> Iterator[Row]:
    for setting in _SETTINGS:
        yield from _setting("decision", decision.id, decision.id, decision.name, setting, old, new)
    for side in ("inputs", "outputs"):
        was, now = ({c.id: c for c in getattr(table, side)} for table in (old, new))
        yield from _sides(was, now, "column", decision.id, lambda c: c.title, _column_changes(decision))
    rows = {rule.id: number for number, rule in enumerate(new.rules, 1)}
    before = {rule.id: number for number, rule in enumerate(old.rules, 1)}
    yield from _moved(decision, list(before), list(rows))

    def changed(was: Rule, now: Rule) -> Iterator[Row]:
        yield from _cells(decision, old, new, was, now, rows[now.id])

    names = {**before, **rows}
    yield from _sides(
        {r.id: r for r in old.rules},
        {r.id: r for r in new.rules},
        "row",
        decision.id,
        lambda r: str(names[r.id]),
        changed,
    )


def _column_changes(decision: Decision) -> Callable[[Any, Any], Iterator[Row]]:
    def changes(old: Any, new: Any) -> Iterator[Row]:
        for setting in _CLAUSE:
            yield from _setting("column", decision.id, new.id, new.title, setting, old, new)

    return changes


def _moved(decision: Decision, old: list[str], new: list[str]) -> Iterator[Row]:
    """Rows whose order among the kept ones changed: it matters where the first hit counts."""
    kept_old, kept_new = [i for i in old if i in set(new)], [i for i in new if i in set(old)]
    for was, now in zip(kept_old, kept_new, strict=True):
        if was != now:
            yield _row(
                "moved", "row", decision.id, now, str(new.index(now) + 1), "order",
                str(old.index(now) + 1), str(new.index(now) + 1),
            )  # fmt: skip


def _cells(
    decision: Decision, old: DecisionTable, new: DecisionTable, was: Rule, now: Rule, number: int
) -> Iterator[Row]:
    before = {column: cell.text for (column, _), cell in zip(_columns(old), (*was.inputs, *was.outputs), strict=True)}
    for (column, title), cell in zip(_columns(new), (*now.inputs, *now.outputs), strict=True):
        text = before.get(column)
        if text is not None and text != cell.text:
            yield _row("changed", "cell", decision.id, now.id, str(number), title, text, cell.text)
    names = new.annotations if len(new.annotations) >= len(old.annotations) else old.annotations
    for index, name in enumerate(names):
        texts_ = [rule.annotations[index] if index < len(rule.annotations) else "" for rule in (was, now)]
        if texts_[0] != texts_[1]:
            yield _row("changed", "cell", decision.id, now.id, str(number), name or "annotation", *texts_)
    if was.description != now.description:
        yield _row("changed", "cell", decision.id, now.id, str(number), "description", was.description, now.description)


def _columns(table: DecisionTable) -> list[tuple[str, str]]:
    return [*((c.id, c.title) for c in table.inputs), *((c.id, c.title) for c in table.outputs)]


def _type(old: Any, new: Any) -> Iterator[Row]:
    for item in fields(new):
        if item.name not in {"line", "id"} and getattr(old, item.name) != getattr(new, item.name):
            was, now = str(getattr(old, item.name)), str(getattr(new, item.name))
            kind = "type" if hasattr(new, "is_collection") else "model"
            yield _row("changed", kind, "", getattr(new, "id", new.name), new.name, item.name, was[:500], now[:500])
