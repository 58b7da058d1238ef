"""The workbench's own sentences for codes. English here; ``N_`` marks them for the catalogue."""

from __future__ import annotations

from web.words import N_

PROCESS_KINDS = {
    "service": N_("service"),
    "shared": N_("called by others"),
    "action": N_("button on a case"),
    "contingency": N_("contingency"),
}
DRAFT_STATES = {
    "editing": N_("being edited"),
    "in_review": N_("waits for review"),
    "approved": N_("approved"),
    "published": N_("published"),
    "abandoned": N_("given up"),
}
DEFINITION_STATES = {
    "draft": N_("draft"),
    "published": N_("published"),
    "retired": N_("retired"),
}
DEFINITION_KINDS = {
    "process": N_("process"),
    "decision": N_("decision"),
    "form": N_("form"),
}
HIT_POLICIES = {
    "UNIQUE": N_("exactly one row fits"),
    "FIRST": N_("the first row that fits"),
    "PRIORITY": N_("the most important result"),
    "ANY": N_("any row that fits, all agree"),
    "COLLECT": N_("all results together"),
    "RULE ORDER": N_("all results, in the order of rows"),
    "OUTPUT ORDER": N_("all results, most important first"),
}
SOURCES = {
    "folder": N_("shipped with CityLoop"),
    "workbench": N_("workbench"),
}
MIGRATION_STATES = {
    "running": N_("going over"),
    "paused": N_("paused"),
    "done": N_("gone over"),
    "reverting": N_("being taken back"),
    "reverted": N_("taken back"),
}
MIGRATION_STEPS = {
    "pending": N_("still to go"),
    "done": N_("gone over"),
    "refused": N_("cannot go"),
    "ended": N_("ended meanwhile"),
    "reverted": N_("taken back"),
    "kept": N_("gone on since, so kept"),
}
REVISION_NOTES = {
    "published": N_("as published"),
    "new": N_("new"),
    "imported": N_("imported"),
    "set aside": N_("set aside"),
    "kept": N_("kept"),
    "restored": N_("restored from"),
}
IMPORT_LINES = {
    "mapped": N_("taken over"),
    "dropped": N_("left out"),
    "needs_hand": N_("needs a hand"),
}
WAITS = {
    "message": N_("message"),
    "signal": N_("signal"),
    "conditional": N_("condition"),
}
JOB_STATES = {
    "owed": N_("waits"),
    "claimed": N_("being done"),
    "done": N_("done"),
    "failed": N_("failed"),
    "cancelled": N_("cancelled"),
}
KINDS = {
    "file": N_("file"),
    "process": N_("process"),
    "scenario": N_("scenario"),
    "element": N_("element"),
    "flow": N_("flow"),
    "row": N_("rule"),
    "cell": N_("cell"),
    "column": N_("column"),
    "type": N_("type"),
    "model": N_("function"),
    "decision": N_("decision"),
    "field": N_("field"),
}
SENTENCES = {
    "added": N_("New: %(kind)s “%(name)s”."),
    "removed": N_("Gone: %(kind)s “%(name)s”."),
    "added_with": N_("New: %(kind)s “%(name)s”: %(new)s."),
    "removed_with": N_("Gone: %(kind)s “%(name)s”: %(old)s."),
    "moved": N_("“%(old)s” now goes “%(new)s”."),
    "moved_row": N_("Row %(old)s of “%(name)s” is now row %(new)s."),
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
