"""DMN 1.1–1.5: read files, decide with reasons, find gaps and overlaps, compare versions.

Spreadsheets in and out are asked of ``engine.decisions.spreadsheet``: few do, and it takes long to load.
"""

from engine.decisions.analysis import Analysis, analyse
from engine.decisions.comparing import diff, diff_tables
from engine.decisions.decision_set import DecisionSet
from engine.decisions.describing import describe
from engine.decisions.model import Decision, DecisionTable, DmnFile
from engine.decisions.parser import read_dmn
from engine.decisions.session import Decided
from engine.decisions.writing import write_table

__all__ = [
    "Analysis",
    "Decided",
    "Decision",
    "DecisionSet",
    "DecisionTable",
    "DmnFile",
    "analyse",
    "describe",
    "diff",
    "diff_tables",
    "read_dmn",
    "write_table",
]
