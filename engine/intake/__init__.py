"""How a matter comes in: a report is checked field by field, gets its number, and its service's process starts."""

from engine.intake.opening import FIRST_RECEIVER, open_case, opened_before
from engine.intake.reading import Report, read_report

__all__ = ["FIRST_RECEIVER", "Report", "open_case", "opened_before", "read_report"]
