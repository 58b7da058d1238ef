"""How much a diagram may ask for. Defaults follow what was tried against naive engines; each has a test.

What an installation may want otherwise is a setting; the rest would only move the place where nonsense is noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from engine import feel
from engine.safe_xml import XmlLimits
from engine.settings import Settings


@dataclass(frozen=True)
class Limits(XmlLimits):
    """Bounds of files, of a running process and of its timers.

    ``steps`` counts automatic steps that come back to an element in the same scope, ``all_steps`` every one.
    """

    file_bytes: int = 2_000_000
    elements: int = 20_000
    xml_depth: int = 100
    text_length: int = 100_000
    steps: int = 500
    all_steps: int = 20_000
    seconds: float = 5.0
    scope_depth: int = 20
    cardinality: int = 1_000
    cycle_period: timedelta = timedelta(seconds=60)
    cycle_count: int = 1_000
    timer_span: timedelta = timedelta(days=36_525)
    state_bytes: int = 4_000_000
    live_tokens: int = 20_000


DEFAULTS = Limits()


def limits_of(settings: Settings) -> Limits:
    """The bounds of an installation."""
    return Limits(
        file_bytes=int(settings.max_diagram_mb * 1_000_000),
        elements=settings.max_diagram_elements,
        steps=settings.max_steps,
        seconds=settings.max_step_seconds,
        scope_depth=settings.max_depth,
        cardinality=settings.max_instances,
        state_bytes=int(settings.max_state_mb * 1_000_000),
        live_tokens=settings.max_tokens,
    )


def expression_limits_of(settings: Settings) -> feel.Limits:
    """What one evaluation of an expression may take in an installation."""
    return replace(feel.LIMITS, steps=settings.max_expression_steps, seconds=settings.max_expression_seconds)
