"""Clocks of cases, tasks and activities, each with its ledger. Counting itself is ``workdays``'."""

from engine.deadlines.asking import differences, holds, ledger_of, of_case, recompute
from engine.deadlines.calendar import load_year, set_day, set_windows
from engine.deadlines.clocks import (
    exempt,
    extend,
    pause,
    pause_case,
    rebase,
    resume,
    resume_case,
    start,
    stop,
)
from engine.deadlines.explain import explain, late, used
from engine.deadlines.ledger import State, current
from engine.deadlines.watch import Alarm, due, recompute_provisional, recount, running_over, unannounced_years

__all__ = [
    "Alarm",
    "State",
    "current",
    "differences",
    "due",
    "exempt",
    "explain",
    "extend",
    "holds",
    "late",
    "ledger_of",
    "load_year",
    "of_case",
    "pause",
    "pause_case",
    "rebase",
    "recompute",
    "recompute_provisional",
    "recount",
    "resume",
    "resume_case",
    "running_over",
    "set_day",
    "set_windows",
    "start",
    "stop",
    "unannounced_years",
    "used",
]
