"""Simulated people on a simulated clock: cases are opened at their time and worked on through the same deeds."""

from engine.simulation.answers import Answerer
from engine.simulation.compare import Difference, compare
from engine.simulation.samples import Sample, read_samples, sample_from
from engine.simulation.timeline import CaseRun, Timeline

__all__ = ["Answerer", "CaseRun", "Difference", "Sample", "Timeline", "compare", "read_samples", "sample_from"]
