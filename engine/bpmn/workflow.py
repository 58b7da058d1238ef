"""The running process on SpiffWorkflow: tokens in a tree of scopes, run one at a time until only waits are left.

SpiffWorkflow keeps every task ever reached and predicts all to come; here the tree holds living tokens only, a token's
parent is the scope it lives in, and a token's ``data`` holds the variables of that scope. So state does not grow with
age, joins count what stands before them, and nothing has to be pruned.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn import BpmnWorkflow

from engine.bpmn.facts import Step, Thrown
from engine.bpmn.scripts import FEEL_ENGINE, Environment, Scope
from engine.bpmn.tokens import COMPLETED, LIVE, READY, WAITING, Token
from engine.bpmn.writers import note_writer
from engine.errors import ExecutionFailed

if TYPE_CHECKING:
    from engine.bpmn.nodes import Node
    from engine.bpmn.program import Program


class CaseWorkflow(BpmnWorkflow):
    """All tokens of one instance, called processes included."""

    tasks: dict[str, Token]

    def __init__(self, program: Program, environment: Environment) -> None:
        super().__init__(program.main, script_engine=FEEL_ENGINE, deserializing=True)
        self.program = program
        self.environment = environment
        self.serial = 0
        self.ready: deque[Token] = deque()
        self.watchers: dict[str, Token] = {}
        self.parked: dict[tuple[str, str], Token] = {}
        self.steps: list[Step] = []
        self.thrown: list[Thrown] = []
        self.end_events: list[str] = []
        self.touched = False
        self.visited: set[tuple[str | None, str]] = set()
        self.repeats = 0
        self.step_count = 0
        self.deadline = 0.0
        self.task_tree: Token | None = None

    # -- tokens ------------------------------------------------------------------------------------------------------

    def place(self, node: Node, scope: Token | None, state: int = READY, identity: str = "") -> Token:
        """Put a token on ``node`` inside ``scope``; a READY one runs as soon as its turn comes.

        Raises:
            ExecutionFailed: there are too many tokens.
        """
        if len(self.tasks) >= self.environment.limits.live_tokens:
            raise ExecutionFailed("too many tokens", kind="budget", element_id=node.element.id, budget="tokens")
        token = Token(self, node, scope, state, identity)
        if state == READY:
            self.ready.append(token)
        if node.watches_data:
            self.watchers[token.id] = token
        return token

    def remove(self, token: Token) -> None:
        """Take a token and all inside it out of the tree, silently."""
        scope = token.scope
        if scope is not None:
            scope._children.pop(token.id, None)
        stack = [token]
        while stack:
            gone = stack.pop()
            stack.extend(gone.inner())
            self.tasks.pop(gone.id, None)
            self.watchers.pop(gone.id, None)
            if gone._state == WAITING and gone.task_spec.is_join:
                self.parked.pop((gone._parent or "", gone.task_spec.name), None)

    def cancel_token(self, token: Token) -> None:
        """Withdraw a token and everything inside it, innermost first, each with a step in the history."""
        for inner in reversed(list(token.inner())):
            self.cancel_token(inner)
        if token._state & LIVE:
            token.task_spec._on_cancel(token)
        self.remove(token)

    def drain(self) -> None:
        """Run until every token waits for something outside.

        Raises:
            ExecutionFailed: something failed, or the step budget is used up. Discard the workflow then.
        """
        self.visited.clear()
        self.repeats = self.step_count = 0
        # Processor time, so that a busy machine makes nobody's process fail.
        self.deadline = time.thread_time() + (self.environment.max_seconds or self.environment.limits.seconds)
        while True:
            if self.touched:
                self.check_conditions()
            while self.ready:
                token = self.ready.popleft()
                if token._state != READY or token.id not in self.tasks:
                    continue
                self.count_step(token)
                token.run()
                if self.touched:
                    self.check_conditions()
            if not self.fire_inclusive_joins():
                return

    def count_step(self, token: Token) -> None:
        """Hold the step budget: only coming back to an element in the same scope counts, as an endless loop does.

        Raises:
            ExecutionFailed: too many repeated steps, or too long, without a wait.
        """
        limits = self.environment.limits
        place = (token._parent, token.task_spec.name)
        self.step_count += 1
        if place not in self.visited:
            self.visited.add(place)
        elif not token.task_spec.isolated:
            self.repeats += 1
        if self.repeats > (self.environment.max_steps or limits.steps) or self.step_count > limits.all_steps:
            raise ExecutionFailed(
                "the process ran more automatic steps than one transaction allows: does it loop without a wait?",
                kind="budget", element_id=token.task_spec.element.id, budget="steps", limit=limits.steps,
            )  # fmt: skip
        if time.thread_time() > self.deadline:
            raise ExecutionFailed(
                "the process computed longer than one transaction allows",
                kind="budget", element_id=token.task_spec.element.id, budget="seconds", limit=limits.seconds,
            )  # fmt: skip

    def check_conditions(self) -> None:
        """Let conditional events see changed variables."""
        while self.touched:
            self.touched = False
            for token in list(self.watchers.values()):
                if token.id in self.tasks:
                    token.task_spec.data_changed(token)

    def fire_inclusive_joins(self) -> bool:
        """When nothing else moves, let inclusive joins go that no other token can still reach."""
        for token in [t for t in self.parked.values() if t.task_spec.joins_inclusively]:
            if token.id in self.tasks and token._state == WAITING and token.task_spec.try_fire(token):
                return True
        return False

    # -- scopes ------------------------------------------------------------------------------------------------------

    def layers(self, token: Token | None) -> list[Mapping[str, Any]]:
        """The variables visible at ``token``, innermost first, up to its process."""
        found: list[Mapping[str, Any]] = []
        while token is not None:
            if token.data:
                found.append(token.data)
            if token.task_spec.is_process:
                break
            token = token.scope
        return found

    def plain(self, token: Token | None) -> dict[str, Any]:
        """The variables visible at ``token`` as one plain dict."""
        merged: dict[str, Any] = {}
        for layer in reversed(self.layers(token)):
            merged.update(layer)
        return merged

    def visible(self, token: Token | None, *extra: Mapping[str, Any]) -> Scope:
        """What an expression at ``token`` sees; ``extra`` layers lie innermost."""
        return Scope([self.environment.variables, *extra, *self.layers(token)])

    def write(self, writer: Token, scope: Token | None, path: str, value: Any) -> None:
        """Set a variable where it lives; a new one lives in the process, or in the isolated scope in between.

        A dotted path changes that part of a context only, in a copy: others may hold the old value.
        """
        name, _, rest = path.partition(".")
        target = scope
        while target is not None:
            if name in target.data or target.task_spec.is_process or target.task_spec.isolated:
                break
            target = target.scope
        assert target is not None, "every token lives in a process"
        if writer.lineage or "writers" in target.internal_data:
            note_writer(writer, target, path, value)
        target.data[name] = nested(target.data.get(name), rest, value) if rest else value
        if target.task_spec.isolated or (target.task_spec.is_process and target._parent is not None):
            target.internal_data.setdefault("written", {})[name] = 1
        self.touched = True

    def write_local(self, token: Token, path: str, value: Any) -> None:
        """Set a variable of the token's own scope."""
        name, _, rest = path.partition(".")
        token.data[name] = nested(token.data.get(name), rest, value) if rest else value

    def scope_left(self, scope: Token) -> None:
        """A token in ``scope`` came to its end: the scope ends with its last one."""
        if scope.id in self.tasks and scope._state & LIVE and not any(t.task_spec.keeps_alive for t in scope.inner()):
            scope.task_spec.emptied(scope)

    def finish(self, root: Token) -> None:
        """The instance is over; its root stays with the variables, for those who read a finished case."""
        root._set_state(COMPLETED)
        root.internal_data = {}
        self.note(root, "completed")

    def next_serial(self) -> int:
        """A number no other fork of this instance has."""
        self.serial += 1
        return self.serial

    # -- the outside -------------------------------------------------------------------------------------------------

    def note(self, token: Token, kind: str, details: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Record a step of the walked path."""
        spec = token.task_spec
        element = spec.element
        self.steps.append(
            Step(element.id, element.name, element.type, kind, spec.process_key, token.id, details or {}, **more)
        )

    def throw(
        self, token: Token, kind: str, name: str, code: str | None = None,
        correlation_key: str | None = None, variables: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Let something leave the process."""
        spec = token.task_spec
        optional = spec.element.properties.get("optional") == "true"
        self.thrown.append(
            Thrown(kind, name, code, correlation_key, variables or {}, spec.element.id, spec.process_key, optional)
        )


def nested(current: Any, path: str, value: Any) -> dict[str, Any]:
    """A copy of the context ``current`` in which ``path`` is ``value``."""
    name, _, rest = path.partition(".")
    copy = dict(current) if isinstance(current, dict) else {}
    copy[name] = nested(copy.get(name), rest, value) if rest else value
    return copy
