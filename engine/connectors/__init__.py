"""One module for each type of service task: what a process asks of the house, or of the outside.

A module has ``run(context) -> result`` and may say ``OUTSIDE = True``: then it is run without a transaction, may be run
again after a crash, and tells the outside its ``delivery_id``. All others share the transaction of their step.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from engine.connectors.context import Context, bpmn_error, failed
from engine.errors import ExecutionFailed
from engine.reference import data

__all__ = ["Context", "bpmn_error", "catalogue", "failed", "find", "is_outside"]


def catalogue() -> dict[str, dict[str, Any]]:
    """Every connector with names, inputs and outputs, for lists, checks and element templates; do not change it."""
    entries: dict[str, dict[str, Any]] = data("connectors.yaml")["connectors"]
    return entries


def find(type_: str) -> ModuleType:
    """The module of a connector.

    Raises:
        ExecutionFailed: there is no such connector (kind ``connector_missing``).
    """
    if type_ not in catalogue():
        raise ExecutionFailed("there is no such connector", kind="connector_missing", type=type_)
    return import_module(f"engine.connectors.{type_.replace('-', '_')}")


def is_outside(type_: str) -> bool:
    """Whether a connector speaks to the outside."""
    return bool(catalogue().get(type_, {}).get("outside"))
