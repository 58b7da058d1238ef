"""Runs BPMN: the only room that knows SpiffWorkflow. No database, no clock; time comes with the ``Environment``."""

from engine.bpmn.codec import variable_of
from engine.bpmn.compile import ProcessInfo, compile_processes
from engine.bpmn.execution import Execution
from engine.bpmn.facts import Facts, LiveToken, OpenJob, OpenTask, Step, Thrown, Timer, Wait
from engine.bpmn.limits import DEFAULTS, Limits, limits_of
from engine.bpmn.lint_report import Resources
from engine.bpmn.mapping import path, suggest_mapping
from engine.bpmn.program import Program, build_program
from engine.bpmn.scripts import Decided, Environment

__all__ = [
    "DEFAULTS",
    "Decided",
    "Environment",
    "Execution",
    "Facts",
    "Limits",
    "LiveToken",
    "OpenJob",
    "OpenTask",
    "ProcessInfo",
    "Program",
    "Resources",
    "Step",
    "Thrown",
    "Timer",
    "Wait",
    "build_program",
    "compile_processes",
    "limits_of",
    "path",
    "suggest_mapping",
    "variable_of",
]
