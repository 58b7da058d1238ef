"""Puts what a draft changes into plain sentences: "受理员：任务“核实”的时限由 4 工作时改为 2 工作时"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext

from engine.drafts.diffing import Change
from engine.permissions import can
from web.context import actor
from web.words import N_

KINDS = {
    "file": N_("file"),
    "scenario": N_("scenario"),
    "element": N_("element"),
    "flow": N_("flow"),
    "rule": N_("rule"),
    "input": N_("input column"),
    "output": N_("output column"),
    "table": N_("decision table"),
    "decision": N_("decision"),
    "field": N_("field"),
}
SENTENCES = {
    "added": N_("New: %(kind)s “%(name)s”."),
    "removed": N_("Gone: %(kind)s “%(name)s”."),
    "moved": N_("“%(old)s” now goes “%(new)s”."),
    "changed": N_("“%(name)s”: %(setting)s %(old)s → %(new)s."),
}
SETTINGS = {
    "name": N_("name"),
    "groups": N_("done by"),
    "users": N_("people"),
    "assignee": N_("assignee"),
    "form": N_("form"),
    "decision": N_("decision"),
    "called": N_("called process"),
    "connector": N_("connector"),
    "script": N_("script"),
    "timer": N_("timer"),
    "event": N_("event"),
    "condition": N_("condition"),
    "interrupting": N_("interrupting"),
    "lane": N_("lane"),
    "documentation": N_("documentation"),
    "loop": N_("repetition"),
    "inputs": N_("inputs"),
    "outputs": N_("outputs"),
    "type": N_("kind"),
    "limit": N_("time limit"),
    "warn": N_("warning at"),
    "escalateTo": N_("escalates to"),
    "stage": N_("public stage"),
    "evidence": N_("evidence"),
    "independentOf": N_("not the person who did"),
    "responsible": N_("answers for the case"),
    "kind": N_("kind of process"),
    "startForm": N_("start form"),
    "startGroups": N_("started by"),
    "serviceType": N_("service type"),
    "label": N_("label"),
    "description": N_("description"),
    "validate": N_("checks"),
    "values": N_("options"),
    "conditional": N_("shown when"),
    "properties": N_("properties"),
}


def words_for_templates() -> dict[str, Any]:
    """What the workbench's templates may call."""
    return {"change_words": change_words, "people_named": people_named, "can": _may}


def _may(deed: str) -> bool:
    return can(actor(), deed)


def change_words(change: Change) -> str:
    """One sentence."""
    none = gettext("none")
    setting = gettext(SETTINGS[change.setting]) if change.setting in SETTINGS else change.setting
    return gettext(
        SENTENCES[change.what],
        kind=gettext(KINDS.get(change.kind, change.kind)),
        name=change.name or change.id,
        setting=setting,
        old=_short(change.old) or none,
        new=_short(change.new) or none,
    )


def _short(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:157]}…"


def people_named(ids: Iterable[int], names: Mapping[int, str]) -> str:
    """Names joined for reading."""
    return gettext(", ").join(names.get(each, "?") for each in ids)
