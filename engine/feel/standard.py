"""The library of the specification: every built-in function, gathered from the ``functions_*`` modules."""

from __future__ import annotations

from engine.feel import functions_aggregates as aggregates
from engine.feel import functions_dates as dates
from engine.feel import functions_lists as lists
from engine.feel import functions_numbers as numbers
from engine.feel import functions_ranges as ranges
from engine.feel import functions_strings as strings
from engine.feel import functions_values as values
from engine.feel.library import Library

STANDARD = Library(
    function for module in (values, strings, numbers, lists, aggregates, dates, ranges) for function in module.FUNCTIONS
)
