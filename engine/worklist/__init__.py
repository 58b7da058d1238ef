"""What screens show: lists of tasks and cases, and what became of a case, as rows ready to show; one query a list."""

from engine.worklist.cases import CaseRow, cases, related
from engine.worklist.confidential import Closed, closed_to
from engine.worklist.page import Page
from engine.worklist.tasks import FOLLOW_UPS, TASK_SORTS, VIEWS, TaskRow, counts, tasks
from engine.worklist.telling import Clock, Line, case_page, case_walks, clocks, parties, timeline
from engine.worklist.walking import Walk, decided_rules, walk, walked_elements

__all__ = [
    "FOLLOW_UPS",
    "TASK_SORTS",
    "VIEWS",
    "CaseRow",
    "Clock",
    "Closed",
    "Line",
    "Page",
    "TaskRow",
    "Walk",
    "case_page",
    "case_walks",
    "cases",
    "clocks",
    "closed_to",
    "counts",
    "decided_rules",
    "parties",
    "related",
    "tasks",
    "timeline",
    "walk",
    "walked_elements",
]
