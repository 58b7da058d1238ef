"""THE WAIST: the only place where a process instance is started, loaded, advanced and saved.

``start`` begins one, ``advancing`` locks and loads one, lets the caller do one deed on its execution, and on leaving
derives every row that follows from where the process now stands. Who may do what is decided above.
"""

from engine.instances.advancing import Advance, Locked, advancing, lock_step, start
from engine.instances.conditions import case_changed, related_changed
from engine.instances.ending import close_case, stop_clocks
from engine.instances.programs import Bundle, compose, compose_with, form_schema, load_bundle, published_changed

__all__ = [
    "Advance",
    "Bundle",
    "Locked",
    "advancing",
    "case_changed",
    "close_case",
    "compose",
    "compose_with",
    "form_schema",
    "load_bundle",
    "lock_step",
    "published_changed",
    "related_changed",
    "start",
    "stop_clocks",
]
