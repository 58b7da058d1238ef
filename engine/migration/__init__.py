"""Running instances to another version of their process: planned, tried without harm, done in batches, taken back.

And corrections by hand of a single one: move, skip, repeat, other data, another time for a timer.
"""

from engine.migration.by_hand import cancel, change_timer, fire_timer, move, repeat, set_variables, skip
from engine.migration.planning import Group, Plan, dry_run, plan
from engine.migration.running import begin, migrate_one, pause, progress, resume, revert, revert_one

__all__ = [
    "Group",
    "Plan",
    "begin",
    "cancel",
    "change_timer",
    "dry_run",
    "fire_timer",
    "migrate_one",
    "move",
    "pause",
    "plan",
    "progress",
    "repeat",
    "resume",
    "revert",
    "revert_one",
    "set_variables",
    "skip",
]
