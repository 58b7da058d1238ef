"""Deeds on a case as a whole, and the processes people start by hand. Opening one is ``intake``'s."""

from engine.cases.actions import action, actions_for, start_action, start_form, start_process, startable
from engine.cases.changing import FIELDS, UNKNOWN_CASE, update_case
from engine.cases.reporter import look_at_reporter
from engine.cases.standing import conclude, reopen, resume, suspend, void
from engine.cases.telling import add_note, assign, link

__all__ = [
    "FIELDS",
    "UNKNOWN_CASE",
    "action",
    "actions_for",
    "add_note",
    "assign",
    "conclude",
    "link",
    "look_at_reporter",
    "reopen",
    "resume",
    "start_action",
    "start_form",
    "start_process",
    "startable",
    "suspend",
    "update_case",
    "void",
]
