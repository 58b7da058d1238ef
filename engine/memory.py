"""What the collector of a long-running process need not look at."""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 20_000
"""A page or a step makes some thousands of objects; Python's own 700 would have the collector run ten times in it."""


def settle() -> None:
    """What is loaded now stays for good: called once, when a server, a worker or a benchmark has started."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)
