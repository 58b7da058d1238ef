"""A deliberately simple token game, written from the BPMN 2.0.2 specification (chapter 13) and docs/engine.md.

It shares no code with the engine and is slow and literal: lists are searched, nothing is cached. A process is a graph
of plain nodes and flows; conditions compare one variable with one number. What waits is named by its element
and by which of several it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

_turns = count()
OUTSIDE = ("message", "timer", "cycle", "signal", "conditional")
ROUNDS = 2
"""How often a cycle fires."""
Name = tuple[str, tuple[str, ...]]
"""What waits: its element, and which of several it and the scopes around it are."""


@dataclass
class Watch:
    """A condition being watched: of the border event of a token, or of an event subprocess of a scope."""

    event: Node
    owner: Token | Scope
    graph: Graph | None = None
    held: bool = False


@dataclass
class Node:
    """One element. ``of`` holds what its kind needs: a graph, a process key, a code, a variable.

    ``inputs`` and ``outputs`` map variables (target, source); ``undo`` is its compensation handler.
    """

    id: str
    kind: str
    of: Any = None
    loop: dict[str, Any] | None = None
    borders: list[Node] = field(default_factory=list)
    event: str = ""
    code: str | None = None
    interrupting: bool = True
    inputs: list[tuple[str, str]] = field(default_factory=list)
    outputs: list[tuple[str, str]] = field(default_factory=list)
    undo: Node | None = None
    transaction: bool = False
    waits: bool = True


@dataclass
class Flow:
    """A sequence flow; ``when`` is (variable, number): taken when the variable is less than the number."""

    id: str
    source: str
    target: str
    when: tuple[str, int] | None = None
    default: bool = False


@dataclass
class Graph:
    """What one scope contains. ``handlers`` are event subprocesses: their start event and their graph."""

    key: str
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    start: str = ""
    handlers: list[tuple[Node, Graph]] = field(default_factory=list)

    def out(self, node: str) -> list[Flow]:
        return [flow for flow in self.flows if flow.source == node]

    def into(self, node: str) -> list[Flow]:
        return [flow for flow in self.flows if flow.target == node]


@dataclass
class Done:
    """A finished activity: its handler, its own variables as they were, and what was finished inside. A compensation
    claims it (``by``) until its handler begins (``begun``)."""

    node: Node
    data: dict[str, Any]
    inner: list[Done]
    origin: Done | None = None
    by: Token | None = None
    begun: bool = False


class Scope:
    """A process, a subprocess, an event subprocess, one instance of a multi-instance or one run of a compensation
    handler, while it is open."""

    def __init__(self, graph: Graph | None, parent: Token | Scope | None, kind: str) -> None:
        self.graph, self.parent, self.kind = graph, parent, kind
        self.turn = next(_turns)
        self.data: dict[str, Any] = {}
        self.written: list[str] = []
        self.tokens: list[Token] = []
        self.inner: list[Scope] = []  # running event subprocesses
        self.fired: dict[str, int] = {}
        self.finished: list[Done] = []
        self.subscriptions: list[tuple[Node, Graph]] = list(graph.handlers) if graph is not None else []

    def outer(self) -> Scope | None:
        """The scope around this one."""
        return self.parent.scope if isinstance(self.parent, Token) else self.parent

    def path(self) -> tuple[str, ...]:
        """Which of several this scope is, and the scopes around it; by order of arrival."""
        if self.parent is None:
            return ()
        if isinstance(self.parent, Token):
            return self.parent.path()
        same = [scope for scope in self.parent.inner if scope.graph is self.graph]
        return (f"{self.graph.key if self.graph else ''}.{same.index(self)}", *self.parent.path())


class Token:
    """A token on a node: ready, waiting for the outside, busy with inner scopes, parked at a join, or failed."""

    def __init__(self, node: Node, scope: Scope, flow: str = "", bare: bool = False) -> None:
        self.node, self.scope, self.flow, self.bare = node, scope, flow, bare
        self.turn = next(_turns)
        self.state = "ready"
        self.inner: list[Scope] = []
        self.borders: list[Node] = []
        self.loop: dict[str, Any] = {}
        self.fired: dict[str, int] = {}
        self.own: dict[str, Any] = {}
        self.to_undo: list[Done] = []
        self.brought: dict[str, Any] = {}  # by the event that started an event subprocess

    def path(self) -> tuple[str, ...]:
        """Which of several tokens on its node this is, and the scopes around it."""
        body = self.scope.parent
        if self.bare and isinstance(body, Token):
            return (f"{self.node.id}.{body.inner.index(self.scope)}", *body.path())
        same = [token for token in self.scope.tokens if token.node is self.node]
        return (f"{self.node.id}.{same.index(self)}", *self.scope.path())


class Endless(Exception):
    """Automatic steps go on and on."""


class Oracle:
    """One instance, driven by the names of what waits."""

    patience = 2000

    def __init__(self, processes: dict[str, Graph], main: str, variables: dict[str, Any]) -> None:
        self.processes = processes
        self.ends: list[str] = []
        self.thrown: list[str] = []
        self.ended = False
        self.steps = 0
        self.watches: list[Watch] = []
        self.root = Scope(processes[main], None, "process")
        self.root.data = dict(variables)
        self.open_scope(self.root)
        self.run()

    # -- what is seen from outside -----------------------------------------------------------------------------------

    def waits(self) -> list[Name]:
        """Everything the outside can act on, by name."""
        return sorted(name for name, _, _, _ in self._waiting(self.root))

    def _waiting(self, scope: Scope) -> list[tuple[Name, Node, Scope, Any]]:
        found: list[tuple[Name, Node, Scope, Any]] = []
        for start, graph in scope.subscriptions:
            if start.event in OUTSIDE:
                found.append(((start.id, scope.path()), start, scope, graph))
        for token in scope.tokens:
            if token.state == "wait" and token.node.kind == "choice":
                assert scope.graph is not None
                for flow in scope.graph.out(token.node.id):
                    node = scope.graph.nodes[flow.target]
                    found.append(((node.id, (f"{node.id}.0", *token.path())), node, scope, token))
            elif token.state == "wait":
                found.append(((token.node.id, token.path()), token.node, scope, token))
            for border in token.borders:
                if border.event in OUTSIDE:
                    found.append(((border.id, token.path()), border, scope, (token, border)))
            for inner in token.inner:
                found += self._waiting(inner)
        for inner in scope.inner:
            found += self._waiting(inner)
        return found

    def act(self, name: Name, result: dict[str, Any], error: str | None = None) -> None:
        """Complete, deliver, fire or (with ``error``) fail what waits under this name."""
        _, node, scope, handle = next(w for w in self._waiting(self.root) if w[0] == name)
        if isinstance(handle, Graph):
            self.begin_handler(scope, node, handle, result)
        elif isinstance(handle, tuple):
            self.fire_border(handle[0], node, result)
        elif error is not None:
            if not self.raise_event(handle, scope, "error", error):
                self.thrown.append(f"error {error}")
        else:
            self.caught(handle, node, result)
        self.run()

    def caught(self, token: Token, node: Node, result: dict[str, Any]) -> None:
        """What the token waited for has come; at an event gateway the event takes its place."""
        if token.node.kind == "choice":
            scope = token.scope
            scope.tokens.remove(token)
            token = Token(node, scope)
            scope.tokens.append(token)
        self.done(token, result)

    # -- scopes and variables ----------------------------------------------------------------------------------------

    def open_scope(self, scope: Scope) -> None:
        assert scope.graph is not None
        self.watches += [Watch(s, scope, graph) for s, graph in scope.subscriptions if s.event == "conditional"]
        scope.tokens.append(Token(scope.graph.nodes[scope.graph.start], scope))

    def read(self, scope: Scope, name: str) -> Any:
        while name not in scope.data:
            outer = scope.outer()
            assert outer is not None and scope.kind != "process", name
            scope = outer
        return scope.data[name]

    def write(self, scope: Scope, name: str, value: Any) -> None:
        while name not in scope.data and scope.kind not in {"process", "instance"}:
            outer = scope.outer()
            assert outer is not None
            scope = outer
        scope.data[name] = value
        if name not in scope.written:
            scope.written.append(name)

    def visible(self, scope: Scope) -> dict[str, Any]:
        outer = scope.outer()
        around = self.visible(outer) if outer is not None and scope.kind != "process" else {}
        return {**around, **scope.data}

    def ended_scope(self, scope: Scope) -> None:
        """If nothing lives in the scope any more it ends, and what is around goes on."""
        if scope.tokens or scope.inner:
            return
        scope.subscriptions = []
        parent = scope.parent
        if isinstance(parent, Scope):  # an event subprocess
            if scope in parent.inner:
                parent.inner.remove(scope)
                self.ended_scope(parent)
        elif parent is None:
            self.ended = True
        elif scope in parent.inner:
            parent.inner.remove(scope)
            if scope.kind == "undo":
                self.undo_next(parent)
            elif scope.kind == "process":
                self.done(parent, {name: scope.data[name] for name in scope.written})
            else:
                self.done(parent, {}, scope)

    # -- the game ----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        for steps in range(self.patience):
            self.steps = steps
            self.look_at_conditions()
            ready = [token for scope in self.scopes(self.root) for token in scope.tokens if token.state == "ready"]
            if ready:
                # Races between automatic steps are decided by "first come, first served" (docs/engine.md).
                self.step(min(ready, key=lambda token: token.turn))
            elif not self.join_inclusively():
                return
        raise Endless

    def look_at_conditions(self) -> None:
        """A condition fires when it turns true, and again only after it was false."""
        fired = True
        while fired:
            fired = False
            for watch in list(self.watches):
                scope = watch.owner.scope if isinstance(watch.owner, Token) else watch.owner
                if not self.watched(watch, scope):
                    self.watches.remove(watch)
                    continue
                seen = Scope(None, scope, "mapping")  # a border event sees its activity's own variables
                seen.data = watch.owner.own if isinstance(watch.owner, Token) else {}
                holds = self.read(seen, watch.event.of[0]) < watch.event.of[1]
                before, watch.held = watch.held, holds
                if not holds or before:
                    continue
                fired = True
                if isinstance(watch.owner, Token) and watch.event in watch.owner.borders:
                    self.fire_border(watch.owner, watch.event, {})
                elif isinstance(watch.owner, Token):
                    self.caught(watch.owner, watch.event, {})
                else:
                    assert watch.graph is not None
                    self.begin_handler(scope, watch.event, watch.graph, {})

    def watched(self, watch: Watch, scope: Scope) -> bool:
        if not self.alive(scope):
            return False
        if isinstance(watch.owner, Token):
            owner = watch.owner
            return owner in scope.tokens and (watch.event in owner.borders or owner.state == "wait")
        return any(start is watch.event for start, _ in scope.subscriptions)

    def scopes(self, scope: Scope) -> list[Scope]:
        found = [scope]
        for token in scope.tokens:
            for inner in token.inner:
                found += self.scopes(inner)
        for inner in scope.inner:
            found += self.scopes(inner)
        return found

    def step(self, token: Token) -> None:
        node, scope, graph = token.node, token.scope, token.scope.graph
        if node.kind in {"and", "or"} and graph is not None and len(graph.into(node.id)) > 1:
            token.state = "parked"
            self.join_all(scope, node)
            return
        if not token.bare:
            token.borders = list(node.borders)
            self.watches += [Watch(border, token) for border in token.borders if border.event == "conditional"]
            if node.loop is not None:
                self.begin_loop(token)
                return
        self.work(token)

    def work(self, token: Token) -> None:
        node, scope = token.node, token.scope
        token.state = "busy"
        token.own = self.mapped(scope, node.inputs)
        if node.kind in {"user", "job", "catch", "receive", "choice"}:
            token.state = "wait"
            events = [node] if node.kind == "catch" else self.choices(token) if node.kind == "choice" else []
            self.watches += [Watch(event, token) for event in events if event.event == "conditional"]
        elif node.kind in {"undo", "cancel"}:
            self.begin_undoing(token)
        elif node.kind == "tell":
            self.thrown.append(f"{node.event} None")
            self.note_end(token)
            self.done(token, {})
        elif node.kind == "script":
            name, number = node.of
            self.done(token, {name: number})
        elif node.kind == "count":
            self.done(token, {node.of: self.read(scope, node.of) + 1})
        elif node.kind == "sub":
            inner = Scope(node.of, token, "sub")
            inner.data = token.own
            token.inner.append(inner)
            self.open_scope(inner)
        elif node.kind == "call":
            called = Scope(self.processes[node.of], token, "process")
            called.data = {**self.visible(scope), **token.own}
            token.inner.append(called)
            self.open_scope(called)
        elif node.kind == "error":
            self.ends.append(node.id)
            if not self.raise_event(token, scope, "error", node.code):
                token.state = "failed"
                self.thrown.append(f"error {node.code}")
        elif node.kind == "escalation":
            caught = self.raise_event(token, scope, "escalation", node.code)
            if not caught:
                self.thrown.append(f"escalation {node.code}")
            if token in scope.tokens and self.alive(scope):
                self.note_end(token)
                self.done(token, {})
        elif node.kind == "terminate":
            self.ends.append(node.id)
            scope.tokens, scope.inner = [], []
            self.ended_scope(scope)
        elif node.kind == "end":
            self.ends.append(node.id)
            self.done(token, {})
        else:
            self.done(token, token.brought)

    def alive(self, scope: Scope) -> bool:
        return scope in self.scopes(self.root)

    def mapped(self, scope: Scope, mappings: list[tuple[str, str]]) -> dict[str, Any]:
        """What input mappings give, each seeing those before."""
        seen = Scope(None, scope, "mapping")
        for target, source in mappings:
            seen.data[target] = self.read(seen, source)
        return seen.data

    def choices(self, token: Token) -> list[Node]:
        graph = token.scope.graph
        assert graph is not None
        return [graph.nodes[flow.target] for flow in graph.out(token.node.id)]

    def done(self, token: Token, result: dict[str, Any], inside: Scope | None = None) -> None:
        """The work of a token is finished: keep the result (or what is mapped out of it), remember how to undo it,
        go on. ``inside`` is the subprocess that has ended."""
        node, scope = token.node, token.scope
        if node.outputs:
            token.own.update(result)  # what is mapped out was its own until then
            own = Scope(None, scope, "mapping")
            own.data = token.own
            for target, source in node.outputs:
                self.write(scope, target, self.read(own, source))
        else:
            for name, value in result.items():
                self.write(scope, name, value)
        finished = inside.finished if inside is not None else []
        if node.undo is not None or finished:
            data = {**(scope.data if token.bare else {}), **token.own, **(inside.data if inside is not None else {})}
            self.keeper(scope).finished.append(Done(node, data, finished))
        if token.bare:
            self.instance_done(token)
        else:
            self.leave(token)

    def leave(self, token: Token) -> None:
        scope, node = token.scope, token.node
        if scope.graph is None:  # a compensation handler
            scope.tokens.remove(token)
            self.ended_scope(scope)
            return
        flows = scope.graph.out(node.id)
        if node.kind == "xor":
            chosen = [f for f in flows if f.when and self.read(scope, f.when[0]) < f.when[1]][:1]
            flows = chosen or [f for f in flows if f.default or (f.when is None and len(flows) == 1)]
        elif node.kind == "or" and len(flows) > 1:
            chosen = [f for f in flows if f.when and self.read(scope, f.when[0]) < f.when[1]]
            flows = chosen or [f for f in flows if f.default]
        scope.tokens.remove(token)
        if node.kind == "link":
            scope.tokens.append(Token(scope.graph.nodes[node.of], scope))
            return
        for flow in flows:
            scope.tokens.append(Token(scope.graph.nodes[flow.target], scope, flow.id))
        if not flows:
            self.ended_scope(scope)

    def join_all(self, scope: Scope, node: Node) -> None:
        """A join whose every incoming flow has a token uses one of each up and goes on."""
        assert scope.graph is not None
        incoming = scope.graph.into(node.id)
        parked = [t for t in scope.tokens if t.node is node and t.state == "parked"]
        used = [next((t for t in parked if t.flow == flow.id), None) for flow in incoming]
        if all(used):
            self.pass_join(scope, node, [t for t in used if t is not None])

    def pass_join(self, scope: Scope, node: Node, used: list[Token]) -> None:
        for token in used[1:]:
            scope.tokens.remove(token)
        self.leave(used[0])

    def join_inclusively(self) -> bool:
        """13.4.3: a token that can come along an empty incoming flow holds the join up, unless it can also come along
        one that already has a token."""
        first: dict[tuple[int, str], Token] = {}
        for scope in self.scopes(self.root):
            for token in scope.tokens:
                if token.state == "parked" and token.node.kind == "or":
                    first.setdefault((id(scope), token.node.id), token)
        for token in sorted(first.values(), key=lambda token: token.turn):
            if self.may_pass(token.scope, token.node):
                parked = [t for t in token.scope.tokens if t.node is token.node and t.state == "parked"]
                full = sorted({t.flow for t in parked})
                self.pass_join(token.scope, token.node, [next(t for t in parked if t.flow == flow) for flow in full])
                return True
        return False

    def may_pass(self, scope: Scope, join: Node) -> bool:
        graph = scope.graph
        assert graph is not None
        parked = [t for t in scope.tokens if t.node is join and t.state == "parked"]
        full = [flow for flow in graph.into(join.id) if any(t.flow == flow.id for t in parked)]
        empty = [flow for flow in graph.into(join.id) if flow not in full]
        for other in scope.tokens:
            if other in parked:
                continue
            awaited = any(self.can_come(graph, other, flow, join.id) for flow in empty)
            if awaited and not any(self.can_come(graph, other, flow, join.id) for flow in full):
                return False
        return True

    def can_come(self, graph: Graph, token: Token, flow: Flow, join: str) -> bool:
        """Whether a token can reach a flow without passing the join; also through border events."""
        seen: list[str] = []
        todo = [token.node.id]
        while todo:
            at = todo.pop()
            if at in seen or at == join:
                continue
            if at == flow.source:
                return True
            seen.append(at)
            todo += [f.target for f in graph.out(at)] + [b.id for b in graph.nodes[at].borders]
            if graph.nodes[at].kind == "link":
                todo.append(graph.nodes[at].of)
        return False

    # -- loops -------------------------------------------------------------------------------------------------------

    def begin_loop(self, token: Token) -> None:
        loop = token.node.loop
        assert loop is not None
        token.state = "busy"
        if loop["kind"] == "standard":
            token.loop = {"done": 0}
            if loop.get("before") and not self.again(token, 0):
                self.loop_ends(token)
            else:
                self.add_instance(token, 0)
            return
        items = self.read(token.scope, loop["items"])
        token.loop = {"items": items, "next": 0, "done": 0, "results": [None] * len(items)}
        if not items:
            self.loop_ends(token)
        elif loop["kind"] == "sequential":
            self.add_instance(token, 0)
        else:
            for index in range(len(items)):
                self.add_instance(token, index)

    def add_instance(self, token: Token, index: int) -> None:
        loop = token.node.loop
        assert loop is not None
        shared = loop["kind"] == "standard"
        scope = Scope(None, token, "round" if shared else "instance")
        scope.data = {"loopCounter": index + 1}
        if not shared:
            scope.data[f"item_{token.node.id}"] = token.loop["items"][index]
            token.loop["next"] = index + 1
        token.inner.append(scope)
        scope.tokens.append(Token(token.node, scope, bare=True))

    def instance_done(self, token: Token) -> None:
        instance = token.scope
        body = instance.parent
        assert isinstance(body, Token) and body.node.loop is not None
        loop = body.node.loop
        body.inner.remove(instance)
        body.loop["done"] += 1
        if loop["kind"] == "standard":
            if self.again(body, body.loop["done"]):
                self.add_instance(body, body.loop["done"])
            else:
                self.loop_ends(body)
            return
        if loop["output"]:
            body.loop["results"][instance.data["loopCounter"] - 1] = self.read(instance, loop["output"])
        else:
            for name in instance.written:
                self.write(body.scope, name, instance.data[name])
        enough = loop["enough"] is not None and body.loop["done"] >= loop["enough"]
        tells = {"None": True, "One": body.loop["done"] == 1, "Complex": body.loop["done"] == 2}
        if tells.get(loop.get("behavior", "All"), False):
            self.thrown.append("signal None")
        if enough or body.loop["done"] == len(body.loop["items"]):
            body.inner = []
            self.loop_ends(body)
        elif loop["kind"] == "sequential":
            self.add_instance(body, body.loop["next"])

    def again(self, body: Token, rounds: int) -> bool:
        loop = body.node.loop
        assert loop is not None
        return rounds < loop["maximum"] and self.read(body.scope, loop["while"]) < 2

    def loop_ends(self, body: Token) -> None:
        loop = body.node.loop
        assert loop is not None
        if loop["kind"] != "standard" and loop["output"]:
            self.write(body.scope, f"results_{body.node.id}", body.loop["results"])
        if body.bare:
            self.instance_done(body)
        else:
            self.leave(body)

    # -- compensation and transactions -------------------------------------------------------------------------------

    def keeper(self, scope: Scope) -> Scope:
        """The process or subprocess that remembers what was finished in a scope."""
        while scope.kind not in {"process", "sub"}:
            outer = scope.outer()
            assert outer is not None
            scope = outer
        return scope

    def begin_undoing(self, token: Token) -> None:
        """Compensation takes what was finished in its scope, or one activity where it was finished; cancel takes all of
        its transaction, whose other work it stops."""
        if token.node.kind == "cancel":
            token.to_undo = self.stop_transaction(token)
        else:
            token.to_undo = self.undoing(self.chosen(token), {})
            for done in token.to_undo:
                assert done.origin is not None
                done.origin.by = token
        token.loop = {"ahead": not token.node.waits}
        if not token.node.waits:
            ahead = Token(token.node, token.scope)
            token.scope.tokens.append(ahead)
            self.note_end(token)
            self.leave(ahead)
        self.undo_next(token)

    def chosen(self, token: Token) -> list[Done]:
        keeper = self.keeper(token.scope)
        wanted = token.node.of
        while wanted and not any(done.node.id == wanted and self.undoing([done], {}) for done in keeper.finished):
            outer = keeper.outer()
            if keeper.kind == "process" or outer is None:
                return []
            keeper = self.keeper(outer)
        return [done for done in keeper.finished if wanted in (None, done.node.id)]

    def is_free(self, done: Done) -> bool:
        """Whether nobody has begun to undo it, and no compensation that still lives is about to."""
        by = done.by
        return not done.begun and (by is None or by not in by.scope.tokens or not self.alive(by.scope))

    def stop_transaction(self, token: Token) -> list[Done]:
        level: Any = token.scope
        while not (level.kind == "sub" and level.parent.node.transaction):
            level = level.outer()
        undo = self.undoing_inside(level)
        keep: list[Any] = [token]
        at: Any = token.scope
        while True:
            at.tokens = [other for other in at.tokens if other in keep]
            at.inner = [other for other in at.inner if other in keep]
            at.subscriptions = []
            if at is level:
                return undo
            keep += [at, at.parent]
            if isinstance(at.parent, Token):
                at.parent.inner, at.parent.borders = [at], []
            at = at.outer()

    def undoing_inside(self, scope: Scope) -> list[Done]:
        """Everything finished in a scope and in the subprocesses that are open in it, the innermost first."""
        found: list[Done] = []
        for part in sorted([*scope.tokens, *scope.inner], key=lambda part: part.turn, reverse=True):
            for inner in reversed(part.inner) if isinstance(part, Token) else [part]:
                if inner.kind != "process":
                    found += self.undoing_inside(inner)
        finished, scope.finished = scope.finished, []
        return found + self.undoing(finished, {})

    def undoing(self, finished: list[Done], around: dict[str, Any]) -> list[Done]:
        """The handlers to run, last finished first; a subprocess without one is undone from inside."""
        found: list[Done] = []
        for done in reversed(finished):
            data = {**around, **done.data}
            if done.node.undo is None:
                found += self.undoing(done.inner, data)
            elif self.is_free(done):
                found.append(Done(done.node, data, [], origin=done))
        return found

    def undo_next(self, token: Token) -> None:
        if token.to_undo:
            done = token.to_undo.pop(0)
            assert done.node.undo is not None and done.origin is not None
            done.origin.begun = True
            scope = Scope(None, token, "undo")
            scope.data = dict(done.data)
            token.inner = [scope]
            scope.tokens.append(Token(done.node.undo, scope))
        elif token.node.kind == "cancel":
            self.ends.append(token.node.id)
            self.raise_event(token, token.scope, "cancel", None)
        elif token.loop["ahead"]:
            token.scope.tokens.remove(token)
            self.ended_scope(token.scope)
        else:
            self.note_end(token)
            self.done(token, {})

    def note_end(self, token: Token) -> None:
        """Throw events without a way on are end events."""
        if token.scope.graph is not None and not token.scope.graph.out(token.node.id):
            self.ends.append(token.node.id)

    # -- events ------------------------------------------------------------------------------------------------------

    def begin_handler(self, scope: Scope, start: Node, graph: Graph, result: dict[str, Any]) -> None:
        """An event subprocess starts; an interrupting one ends everything else in its scope."""
        if start.interrupting:
            scope.tokens, scope.inner, scope.subscriptions = [], [], []
        elif self.used_up(scope.fired, start):
            scope.subscriptions = [s for s in scope.subscriptions if s[0] is not start]
        handler = Scope(graph, scope, "handler")
        scope.inner.append(handler)
        self.open_scope(handler)
        handler.tokens[0].brought = result

    def used_up(self, fired: dict[str, int], event: Node) -> bool:
        """Count a firing; whether the event fires no more: a timer after once, a cycle after its rounds."""
        fired[event.id] = fired.get(event.id, 0) + 1
        return event.event == "timer" or (event.event == "cycle" and fired[event.id] == ROUNDS)

    def fire_border(self, token: Token, border: Node, result: dict[str, Any]) -> None:
        scope = token.scope
        if border.interrupting:
            scope.tokens.remove(token)
        elif self.used_up(token.fired, border):
            token.borders = [b for b in token.borders if b is not border]
        for name, value in result.items():
            self.write(scope, name, value)
        born = Token(border, scope)
        scope.tokens.append(born)
        self.leave(born)

    def raise_event(self, token: Token, scope: Scope, kind: str, code: str | None) -> bool:
        """The innermost scope that catches it does; there its event subprocesses come before the border, and the exact
        code before one that catches all."""
        at: Token | None = token
        level: Scope | None = scope
        while level is not None:
            if at is not None:
                border = self.best([(b, None) for b in at.borders], kind, code)
                if border is not None:
                    self.fire_border(at, border[0], {})
                    return True
            handler = self.best(level.subscriptions, kind, code)
            if handler is not None:
                self.begin_handler(level, handler[0], handler[1], {})
                return True
            at = level.parent if isinstance(level.parent, Token) else None
            level = level.outer()
        return False

    def best(self, catchers: list[Any], kind: str, code: str | None) -> Any:
        fitting = [c for c in catchers if c[0].event == kind and c[0].code in (None, code)]
        return next((c for c in fitting if c[0].code == code), fitting[0] if fitting else None)
