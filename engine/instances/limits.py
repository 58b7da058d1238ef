"""The bounds of this installation, read once from its settings: of diagrams and steps, and of expressions."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from engine import feel
from engine.bpmn import Limits, limits_of
from engine.settings import Settings


@cache
def limits() -> Limits:
    """What a diagram and a step may ask for."""
    return limits_of(Settings.from_environment())


@cache
def expression_limits() -> feel.Limits:
    """What one evaluation may take."""
    settings = Settings.from_environment()
    return replace(feel.LIMITS, steps=settings.max_expression_steps, seconds=settings.max_expression_seconds)
