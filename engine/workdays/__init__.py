"""Counted time: limits with units, the city's working calendar, arithmetic on both. Deadlines are ``deadlines``'."""

from engine.time_limits import UNITS, Clock, Limit, parse_limit
from engine.workdays.calendar import Calendar, Due, Windows
from engine.workdays.statutory import statutory_holidays
from engine.workdays.tables import load

__all__ = ["UNITS", "Calendar", "Clock", "Due", "Limit", "Windows", "load", "parse_limit", "statutory_holidays"]
