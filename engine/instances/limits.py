"""The bounds of this installation, read once from its settings: of diagrams and steps."""

from __future__ import annotations

from functools import cache

from engine.bpmn import Limits, limits_of
from engine.settings import Settings


@cache
def limits() -> Limits:
    """What a diagram and a step may ask for."""
    return limits_of(Settings.from_environment())
