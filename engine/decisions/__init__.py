"""DMN 1.1–1.5: read files, decide with reasons, find gaps and overlaps, compare versions, spreadsheets in and out."""

from engine.decisions.decision_set import DecisionSet
from engine.decisions.model import Decision, DecisionTable, DmnFile
from engine.decisions.parser import read_dmn
from engine.decisions.session import Decided

__all__ = ["Decided", "Decision", "DecisionSet", "DecisionTable", "DmnFile", "read_dmn"]
