"""``Execution``: one running process. Start or load it, do one deed, read the facts, dump it.

Every deed runs the process on until only waits are left. After an ``ExecutionFailed`` the object is half-way and must
be thrown away; what was saved before still stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.bpmn import codec
from engine.bpmn.catching import Catching, propagate
from engine.bpmn.facts import Facts, LiveToken, Thrown
from engine.bpmn.mapping import Renames
from engine.bpmn.migration import migrated, problems_of
from engine.bpmn.moves import move, reopen, skip
from engine.bpmn.nodes import Node
from engine.bpmn.open_work import JobTask, UserTask
from engine.bpmn.program import Program
from engine.bpmn.scripts import Environment
from engine.bpmn.tokens import CANCELLED, ERROR, LIVE, STARTED, WAITING, Token
from engine.bpmn.values import taken
from engine.bpmn.workflow import CaseWorkflow
from engine.errors import Conflict, ExecutionFailed, Problem


class Execution:
    """One instance of a process in the hands of one transaction."""

    def __init__(self, workflow: CaseWorkflow) -> None:
        self._workflow = workflow

    # -- beginning and keeping ---------------------------------------------------------------------------------------

    @classmethod
    def start(
        cls,
        program: Program,
        environment: Environment,
        variables: Mapping[str, Any] | None = None,
        *,
        start_element: str | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> Execution:
        """Begin a process at its plain start, or at ``start_element`` whose event brought ``payload``.

        Raises:
            ExecutionFailed: the process cannot start there, or runs into something it cannot do.
        """
        workflow = CaseWorkflow(program, environment)
        node = program.main.root
        root = workflow.place(node, None, STARTED)
        workflow.task_tree = root
        root.data = taken(variables)
        node.enter(root)
        entries: list[Node] | None = None
        if start_element:
            if start_element not in node.starts:
                raise ExecutionFailed("the process has no such start", kind="no_start", element_id=start_element)
            entries = [node.starts[start_element]]
        elif not node.entries:
            raise ExecutionFailed(
                "the process has no start without an event", kind="no_start", element_id=node.element.id
            )
        node.open(root, entries, taken(payload))
        workflow.drain()
        return cls(workflow)

    @classmethod
    def load(cls, program: Program, environment: Environment, state: bytes) -> Execution:
        """A saved process, as it was.

        Raises:
            ExecutionFailed: the state is damaged, from a newer version, or of another program.
        """
        workflow = CaseWorkflow(program, environment)
        codec.restore(workflow, state)
        return cls(workflow)

    def dump(self) -> bytes:
        """The state to keep.

        Raises:
            ExecutionFailed: it is larger than allowed.
        """
        return codec.dump(self._workflow)

    # -- deeds -------------------------------------------------------------------------------------------------------

    def complete_task(self, key: str, variables: Mapping[str, Any] | None = None) -> None:
        """A person has done the work.

        Raises:
            Conflict: this task is not open any more.
        """
        token = self._waiting(key, UserTask)
        token.result = taken(variables)
        token.complete()
        self._workflow.drain()

    def finish_job(self, key: str, result: Mapping[str, Any] | None = None) -> None:
        """A connector has answered; ``resultVariable`` headers are the caller's, ``result`` goes in by name.

        Raises:
            Conflict: nobody waits for this job any more.
        """
        token = self._waiting(key, JobTask)
        token.result = taken(result)
        token.complete()
        self._workflow.drain()

    def fail_job(self, key: str, code: str, message: str = "", variables: Mapping[str, Any] | None = None) -> bool:
        """A connector answers with a BPMN error. Caught by nobody, the job goes on waiting and the error leaves.

        Answers whether it was caught.

        Raises:
            Conflict: nobody waits for this job any more.
        """
        token = self._waiting(key, JobTask)
        payload = taken(variables)
        caught = propagate(token, "error", code, payload, message)
        if not caught:
            self._workflow.note(token, "failed", {"code": code})
            self._workflow.throw(token, "error", message or code, code, variables=payload)
        self._workflow.drain()
        return caught

    def fire_timer(self, key: str) -> None:
        """A timer is due, or a person lets it be.

        Raises:
            Conflict: the timer runs no more.
        """
        token = self._waiting(key, Catching)
        if "timer" not in token.internal_data:
            raise Conflict("this is no timer", kind="nobody_waits", key=key)
        token.task_spec.trigger(token, {})
        self._workflow.drain()

    def change_timer(self, key: str, due: datetime) -> None:
        """Let a running timer fire at another time.

        Raises:
            Conflict: the timer runs no more. ExecutionFailed: the time has no offset.
        """
        token = self._waiting(key, Catching)
        if "timer" not in token.internal_data:
            raise Conflict("this is no timer", kind="nobody_waits", key=key)
        if due.tzinfo is None:
            raise ExecutionFailed("the time has no offset", kind="timer", element_id=token.task_spec.element.id)
        token.internal_data["timer"] = {**token.internal_data["timer"], "due": due.isoformat()}

    def deliver(self, key: str, payload: Mapping[str, Any] | None = None) -> None:
        """A message or a signal arrives where it is awaited (or a person lets a condition be met).

        Raises:
            Conflict: nobody waits there any more.
        """
        token = self._waiting(key, Catching)
        if "timer" in token.internal_data or not token.task_spec.waits_outside:
            raise Conflict("nobody waits for a message here", kind="nobody_waits", key=key)
        token.task_spec.trigger(token, taken(payload))
        self._workflow.drain()

    def data_changed(self) -> None:
        """Something outside that conditions may look at (the case, the emergency) has changed."""
        self._workflow.touched = True
        self._workflow.drain()

    def set_variables(self, variables: Mapping[str, Any], key: str = "") -> None:
        """Correct variables by hand, in the process or as seen from the token ``key``.

        Raises:
            Conflict: there is no such token.
        """
        root = self._root
        scope = self._token(key) if key else root
        for name, value in taken(variables).items():
            self._workflow.write(root, scope, name, value)
        self._workflow.drain()

    def move(self, key: str, element_id: str) -> None:
        """Take a token away from where it is and let the process go on at another element of the same scope.

        Raises:
            Conflict: there is no such token, or the element cannot be reached from its scope.
        """
        move(self._workflow, self._token(key), element_id)
        self._workflow.drain()

    def skip(self, key: str, variables: Mapping[str, Any] | None = None) -> None:
        """Let the process go on as if the open task, job or wait ``key`` were done.

        Raises:
            Conflict: there is no such token, or it is nothing that can be skipped.
        """
        skip(self._token(key), taken(variables))
        self._workflow.drain()

    def reopen(self, element_id: str) -> None:
        """Let an ended process go on at an element of its outermost level.

        Raises:
            Conflict: it has not ended, or has no such element there.
        """
        reopen(self._workflow, self._root, element_id)
        self._workflow.drain()

    def cancel(self) -> None:
        """End the process here and now; everything open is withdrawn."""
        root = self._root
        for inner in list(root.inner()):
            self._workflow.cancel_token(inner)
        if root._state & LIVE:
            root._set_state(CANCELLED)
            self._workflow.note(root, "cancelled")

    def migration_problems(self, program: Program, mapping: Mapping[str, str] | None = None) -> list[Problem]:
        """Why this instance cannot go over to ``program``; nothing when it can."""
        return problems_of(self._workflow, program, self._renames(mapping))

    def migrate(self, program: Program, mapping: Mapping[str, str] | None = None) -> Execution:
        """The same instance on another version of its process; ``mapping`` tells where elements have gone, from ids (in
        a called process ``process/id``) to new ids.

        Raises:
            DeploymentRejected: with every reason why it cannot.
        """
        return Execution(migrated(self._workflow, program, self._renames(mapping)))

    def _renames(self, mapping: Mapping[str, str] | None) -> Renames:
        return Renames(self._workflow.program.main.name, mapping or {})

    # -- facts -------------------------------------------------------------------------------------------------------

    def facts(self) -> Facts:
        """Everything worth storing after the deeds since the start or the load."""
        workflow = self._workflow
        facts = Facts(
            tasks=[], timers=[], waits=[], jobs=[], thrown=list(workflow.thrown), steps=list(workflow.steps),
            ended=self.ended, end_events=list(workflow.end_events), active=[],
        )  # fmt: skip
        active: dict[str, None] = {}
        moving = facts.ended
        for token in workflow.tasks.values():
            spec = token.task_spec
            if spec.waits_outside:
                spec.describe(token, facts)
                moving = True
            if spec.keeps_alive and token._state & LIVE and not spec.is_process:
                active[spec.element.id] = None
                moving = moving or token._state == ERROR
        facts.active = list(active)
        if not moving:
            facts.thrown.append(
                Thrown("error", "", "stuck", None, {}, facts.active[-1], self._root.task_spec.process_key)
            )
        return facts

    @property
    def ended(self) -> bool:
        """Whether the process is over, by itself or cancelled."""
        return not self._root._state & LIVE

    @property
    def variables(self) -> dict[str, Any]:
        """The variables of the process itself."""
        return dict(self._root.data)

    def tokens(self) -> list[LiveToken]:
        """Every living token with its own variables, for the operator's page."""
        return [
            LiveToken(
                key=token.id,
                element_id=token.task_spec.element.id,
                name=token.task_spec.element.name,
                type=token.task_spec.element.type,
                state=_STATES.get(token._state, "ended"),
                scope=token._parent or "",
                process_key=token.task_spec.process_key,
                variables=dict(token.data),
                subscription=not token.task_spec.keeps_alive,
            )
            for token in self._workflow.tasks.values()
        ]

    def standing(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Where the tokens stand and the names of the variables: instances alike in both fare alike in a migration."""
        places = []
        for token in self._workflow.tasks.values():
            spec = token.task_spec
            places.append(f"{spec.process_key}/{spec.name}/{_STATES.get(token._state, 'ended')}")
        return tuple(sorted(places)), tuple(sorted(self._root.data))

    # -- inside ------------------------------------------------------------------------------------------------------

    @property
    def _root(self) -> Token:
        root = self._workflow.task_tree
        assert isinstance(root, Token)
        return root

    def _token(self, key: str) -> Token:
        token = self._workflow.tasks.get(key)
        if token is None:
            raise Conflict("this is not open any more", kind="ended" if self.ended else "withdrawn", key=key)
        return token

    def _waiting(self, key: str, kind: type[Node]) -> Token:
        token = self._token(key)
        if not isinstance(token.task_spec, kind) or token._state not in (STARTED, WAITING):
            raise Conflict("this does not wait", kind="nobody_waits", key=key)
        return token


_STATES = {STARTED: "open", WAITING: "waiting", ERROR: "failed", CANCELLED: "cancelled"}
