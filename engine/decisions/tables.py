"""Decision tables to closures: cells compiled, constant columns indexed, hit policies, defaults, allowed values."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.decisions.axis import KINDS, points_of
from engine.decisions.hits import Outcome, aggregate, compile_ranks
from engine.decisions.model import EMPTY, Cell, DecisionTable, InputClause, OutputClause, Rule
from engine.decisions.regions import EVERYTHING, NOTHING, Region, Undecidable, region_of
from engine.decisions.session import Names, Session, coerced, jsonable
from engine.decisions.types import Types
from engine.errors import ExecutionFailed
from engine.feel import (
    SCRIPT_LIMITS,
    Context,
    Expression,
    FeelError,
    Library,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
)
from engine.feel import nodes as n
from engine.feel.temporal import DateTime, Time


def compile_table(
    table: DecisionTable, types: Types, library: Library, known: frozenset[str]
) -> Callable[[Names, Session], Any]:
    """The table as a closure; what does not compile fails when it is reached (``problems`` tells of it before)."""
    return _Table(table, types, library, known)


class _Table:
    def __init__(self, table: DecisionTable, types: Types, library: Library, known: frozenset[str]) -> None:
        self.table, self.library, self.known = table, library, known
        self.titles = table.input_titles
        self.columns = [_Column(clause, index, self, types) for index, clause in enumerate(table.inputs)]
        self.outputs = [_Output(clause, self, types, table) for clause in table.outputs]
        # Constants need no evaluation: (value, expression or None) by rule and column.
        self.cells = [[self.output(cell) for cell in rule.outputs] for rule in table.rules]
        self.everyone = (1 << len(table.rules)) - 1
        self.ranks = compile_ranks(table, [output.allowed_text for output in self.outputs], library)

    def expression(self, text: str, element_id: str) -> Expression:
        try:
            return compile_expression(text, library=self.library, limits=SCRIPT_LIMITS, names=self.known)
        except FeelError as error:
            raise ExecutionFailed(
                error.text("en"), kind="feel", element_id=element_id, expression=text, code=error.code
            ) from error

    def tests(self, text: str, element_id: str) -> UnaryTests:
        try:
            return compile_unary_tests(text, library=self.library, limits=SCRIPT_LIMITS, names=self.known)
        except FeelError as error:
            raise ExecutionFailed(
                error.text("en"), kind="feel", element_id=element_id, expression=text, code=error.code
            ) from error

    def output(self, cell: Cell) -> tuple[Any, Expression | None]:
        if cell.text in EMPTY:
            return None, None
        expression = self.expression(cell.text, cell.id)
        tree = expression.tree
        return (tree.value, None) if isinstance(tree, n.Literal) else (None, expression)

    def __call__(self, names: Names, session: Session) -> Any:
        values = [column.value(names, session) for column in self.columns]
        fired = self._fired(values, names, session)
        value = self._result(fired, names, session)
        rules, table_titles = self.table.rules, self.titles
        entry = {
            "table": self.table.id,
            "inputs": {title: jsonable(value) for title, value in zip(table_titles, values, strict=True)},
            "rules": [rules[index].id for index in fired],
            "rows": [index + 1 for index in fired],
        }
        if any(rules[index].annotations for index in fired):
            entry["annotations"] = [list(rules[index].annotations) for index in fired]
        session.trace.setdefault("tables", []).append(entry)
        return value

    def _fired(self, values: list[Any], names: Names, session: Session) -> list[int]:
        mask = self.everyone
        for column, value in zip(self.columns, values, strict=True):
            mask &= column.mask(value)
            if not mask:
                return []
        first_only = self.table.hit_policy == "FIRST"
        fired = []
        while mask:
            bit = mask & -mask
            mask ^= bit
            index = bit.bit_length() - 1
            if all(
                column.passes(index, value, names, session) for column, value in zip(self.columns, values, strict=True)
            ):
                fired.append(index)
                if first_only:
                    break
        return fired

    # -- results ------------------------------------------------------------------------------------------------
    def _result(self, fired: list[int], names: Names, session: Session) -> Any:
        table = self.table
        if not fired:
            return self._default(names, session)
        policy = table.hit_policy
        if policy == "UNIQUE" and len(fired) > 1:
            self._refuse("more than one rule of a unique table fits", "decision_not_unique", fired)
        hits = [Outcome(index, self._hit(index, names, session)) for index in fired]
        if policy in {"UNIQUE", "FIRST"}:
            return self._shape(hits[0])
        if policy == "ANY":
            if any(hit.values != hits[0].values for hit in hits[1:]):
                self._refuse("rules that fit do not agree", "decision_not_any", fired)
            return self._shape(hits[0])
        if policy in {"PRIORITY", "OUTPUT ORDER"}:
            hits.sort(key=lambda hit: self.ranks(hit.values))
            if policy == "PRIORITY":
                return self._shape(hits[0])
        shaped = tuple([self._shape(hit) for hit in hits])
        if policy == "COLLECT" and table.aggregation:
            return aggregate(table.aggregation, shaped, session, table.id)
        return shaped

    def _refuse(self, reason: str, kind: str, fired: list[int]) -> None:
        rules = [self.table.rules[index].id for index in fired]
        raise ExecutionFailed(reason, kind=kind, element_id=self.table.id, rules=rules, rows=[i + 1 for i in fired])

    def _hit(self, index: int, names: Names, session: Session) -> list[Any]:
        made = []
        cells = self.table.rules[index].outputs
        for output, (value, expression), cell in zip(self.outputs, self.cells[index], cells, strict=True):
            if expression is not None:
                value = session.evaluate(expression, names, cell.id)
            made.append(output.checked(value, session, cell.id))
        return made

    def _shape(self, hit: Outcome) -> Any:
        if self.table.single_output:
            return hit.values[0]
        return Context(zip((clause.name for clause in self.table.outputs), hit.values, strict=True))

    def _default(self, names: Names, session: Session) -> Any:
        table = self.table
        if any(clause.default for clause in table.outputs):
            session.trace["default"] = True
            values = []
            for output in self.outputs:
                value = None
                if output.default is not None:
                    value = session.evaluate(output.default, names, output.clause.id)
                values.append(output.checked(value, session, output.clause.id))
            made = self._shape(Outcome(-1, values))
            return (made,) if table.hit_policy in {"RULE ORDER", "OUTPUT ORDER"} or _collects(table) else made
        return Decimal(0) if table.aggregation == "COUNT" else None


def _collects(table: DecisionTable) -> bool:
    return table.hit_policy == "COLLECT" and not table.aggregation


class _Output:
    def __init__(self, clause: OutputClause, table: _Table, types: Types, source: DecisionTable) -> None:
        self.clause = clause
        reference = clause.type_ref or (source.type_ref if source.single_output else "")
        own = types.constraint(clause.type_ref)
        self.type = own
        self.allowed_text = clause.allowed or (
            types.constraint(reference).allowed.text if types.constraint(reference).allowed else ""  # type: ignore[union-attr]
        )
        self.allowed = table.tests(clause.allowed, clause.id) if clause.allowed not in EMPTY else None
        self.default = table.expression(clause.default, clause.id) if clause.default else None

    def checked(self, value: Any, session: Session, element_id: str) -> Any:
        if value is None:
            return None
        if self.allowed is not None and not session.test(self.allowed, value, {}, element_id):
            raise ExecutionFailed(
                "an output is not among the allowed values",
                kind="decision_output_not_allowed",
                element_id=element_id,
                column=self.clause.title,
                value=jsonable(value),
                allowed=self.clause.allowed,
            )
        return value if self.type.type.kind == "Any" else coerced(value, self.type, session, element_id)


@dataclass(frozen=True)
class _Index:
    """Which rules a value of one kind may fit: by value, or by the place among the rising ``cuts``."""

    kind: type
    by_value: dict[Any, int]
    otherwise: int
    cuts: list[Any]
    between: list[int]

    def mask(self, value: Any) -> int:
        found = self.by_value.get(value)
        if found is not None:
            return found
        return self.between[bisect_left(self.cuts, value)] if self.cuts else self.otherwise


class _Column:
    """An input column. Cells that are constant are answered by the index, the others one by one."""

    def __init__(self, clause: InputClause, index: int, table: _Table, types: Types) -> None:
        self.clause = clause
        self.expression = table.expression(clause.expression, clause.id)
        self.type = types.constraint(clause.type_ref)
        allowed = clause.allowed
        self.allowed = table.tests(allowed, clause.id) if allowed not in EMPTY else None
        cells = [rule.inputs[index] for rule in table.table.rules]
        self.cell_ids = [cell.id for cell in cells]
        self.tests = [None if cell.text in EMPTY else table.tests(cell.text, cell.id) for cell in cells]
        regions = [_region(cell.text, table.library) for cell in cells]
        self.everyone = (1 << len(cells)) - 1
        self.index = _build_index(regions)
        self.open = frozenset(
            number for number, region in enumerate(regions) if self.tests[number] is not None and region is None
        )

    def value(self, names: Names, session: Session) -> Any:
        value = session.evaluate(self.expression, names, self.clause.id)
        if value is None:
            return None
        if self.type.type.kind != "Any":
            value = coerced(value, self.type, session, self.clause.id)
        if self.allowed is not None and not session.test(self.allowed, value, names, self.clause.id):
            raise ExecutionFailed(
                "an input is not among the allowed values",
                kind="decision_input_not_allowed",
                element_id=self.clause.id,
                expression=self.clause.expression,
                value=jsonable(value),
                allowed=self.clause.allowed,
            )
        return value

    def mask(self, value: Any) -> int:
        """The rules that may fit: those that surely do, and those whose cell must be evaluated."""
        index = self.index
        return index.mask(value) if index is not None and type(value) is index.kind else self.everyone

    def passes(self, rule: int, value: Any, names: Names, session: Session) -> bool:
        tests = self.tests[rule]
        if tests is None:
            return True
        index = self.index
        if index is not None and type(value) is index.kind and rule not in self.open:
            return True  # the mask has said so already
        return session.test(tests, value, names, self.cell_ids[rule])


def _region(text: str, library: Library) -> Region | None:
    try:
        return region_of(text, library)
    except Undecidable:
        return None


def _build_index(regions: list[Region | None]) -> _Index | None:
    """An index over the constant cells, when they are of one kind."""
    kinds = {r.kind for r in regions if r is not None and r is not NOTHING and not r.everything} - {"null"}
    if len(kinds) != 1 or (kind := kinds.pop()) not in KINDS:
        return None
    if KINDS[kind] in (Time, DateTime):
        return None  # local and zoned ones have no order; FEEL itself must say so
    closed = [r if r is not None else EVERYTHING for r in regions]
    points, gaps = points_of(kind, closed)

    def mask(value: Any) -> int:
        return sum(1 << number for number, region in enumerate(closed) if region.contains(value))

    by_value = {value: mask(value) for value in points}
    if not gaps:
        return _Index(KINDS[kind], by_value, _others(closed), [], [])
    return _Index(KINDS[kind], by_value, 0, points, [mask(value) for value in gaps])


def _others(regions: Iterable[Region]) -> int:
    """The rules that fit a value no cell names."""
    return sum(1 << number for number, r in enumerate(regions) if r.everything or r.negated)


__all__ = ["Rule", "compile_table"]
