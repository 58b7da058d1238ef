"""Plain facts about a running process: what waits, what was thrown, which steps were walked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any


@dataclass
class OpenTask:
    """Work waiting for a person. ``key`` stays the same as long as the task is open; ``properties`` are evaluated."""

    key: str
    element_id: str
    name: str
    form_id: str
    assignee: str | None
    candidate_groups: tuple[str, ...]
    candidate_users: tuple[str, ...]
    due_date: Any
    follow_up_date: Any
    priority: int | None
    properties: Mapping[str, Any]
    process_key: str
    documentation: str
    read_variables: Callable[[], dict[str, Any]] = field(repr=False, compare=False, default=dict)

    @cached_property
    def variables(self) -> dict[str, Any]:
        """What the form sees: every process variable visible at the task, the task's own inputs first."""
        return self.read_variables()


@dataclass(frozen=True)
class Timer:
    """A running timer; ``cycle`` is the text of its repetition when it has one."""

    key: str
    element_id: str
    due_at: datetime
    cycle: str | None
    process_key: str


@dataclass(frozen=True)
class Wait:
    """Something the process waits for: ``kind`` is message, signal or conditional.

    ``name`` of a conditional one: which of the environment's variables (case or case.related, emergency) its condition
    reads, with blanks. ``scope`` is FEEL text over ``signal`` and ``case`` that lets a signal in, None for the default.
    """

    key: str
    element_id: str
    kind: str
    name: str
    correlation_key: str | None
    scope: str | None
    process_key: str


@dataclass
class OpenJob:
    """Work waiting for a connector. ``inputs`` are the values of its input mappings, nothing else."""

    key: str
    element_id: str
    name: str
    type: str
    retries: int
    headers: Mapping[str, str]
    inputs: dict[str, Any]
    process_key: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Thrown:
    """Something that left the process: ``kind`` is message, signal, error or escalation.

    Messages and signals are never delivered inside: whoever carries them brings them to every wait that fits, those of
    this instance included. An ``error`` that arrives here was caught by nobody (an incident); its code ``stuck`` tells
    that nothing can move on. An ``escalation`` that arrives here was caught by nobody and stops nothing. ``variables``
    are the throwing element's inputs. Nobody has to wait for an ``optional`` message.
    """

    kind: str
    name: str
    code: str | None
    correlation_key: str | None
    variables: Mapping[str, Any]
    element_id: str
    process_key: str
    optional: bool = False


@dataclass(frozen=True)
class Step:
    """One step walked since the process was loaded.

    ``kind``: entered, completed, cancelled, failed, decided, conflict. ``details`` may hold ``flows`` (sequence flow
    ids taken), ``decision`` (its trace), ``variable`` (a conflict: two parallel branches set it differently, the later
    won), ``instances`` (of a multi-instance entered), ``code`` (of an error that failed). ``properties`` are the
    element's, evaluated on entry. A loop tells one entry for itself, without properties, and one for each instance.
    """

    element_id: str
    name: str
    type: str
    kind: str
    process_key: str
    token: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Facts:
    """Everything a caller may want to store after a step."""

    tasks: list[OpenTask]
    timers: list[Timer]
    waits: list[Wait]
    jobs: list[OpenJob]
    thrown: list[Thrown]
    steps: list[Step]
    ended: bool
    end_events: list[str]
    active: list[str]


@dataclass(frozen=True)
class LiveToken:
    """A living token for the operator's page: ``state`` is open, waiting or failed; ``variables`` are its own only.

    ``scope`` is the key of the token it lives in; a ``subscription`` waits beside the path (border events, starts of
    event subprocesses).
    """

    key: str
    element_id: str
    name: str
    type: str
    state: str
    scope: str
    process_key: str
    variables: dict[str, Any]
    subscription: bool
