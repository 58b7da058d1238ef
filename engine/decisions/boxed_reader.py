"""XML of boxed expressions (decision tables and all others) to the model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from engine.decisions.model import (
    AGGREGATIONS,
    HIT_POLICIES,
    Cell,
    ConditionalLogic,
    ContextEntry,
    ContextLogic,
    DecisionTable,
    Expression,
    FilterLogic,
    FunctionLogic,
    InputClause,
    InvocationLogic,
    IterationLogic,
    ListLogic,
    Literal,
    OutputClause,
    Parameter,
    RelationLogic,
    Rule,
)
from engine.errors import Problem
from engine.safe_xml import line_of

_FEEL_LANGUAGE = re.compile(r"(?i)feel|https?://www\.omg\.org/spec/(DMN/\d+/FEEL/?|FEEL/\d+)")
_SPACES = re.compile(r"\s+")


def name_of(text: str | None) -> str:
    """A FEEL name as it is compared: spaces around it gone, spaces inside it single."""
    return _SPACES.sub(" ", (text or "").strip())


class BoxedReader:
    """Reads the expressions of one file; what it cannot take becomes a problem in ``problems``."""

    def __init__(self, file: str, namespace: str, own: str) -> None:
        self.file = file
        self.namespace = namespace
        self.own = own
        self.problems: list[Problem] = []
        self._readers: dict[str, Callable[[etree._Element, str], Expression]] = {
            "literalExpression": self._literal,
            "decisionTable": self._table,
            "context": self._context,
            "relation": self._relation,
            "list": self._list,
            "functionDefinition": self.function,
            "invocation": self._invocation,
            "conditional": self._conditional,
            "filter": self._filter,
            "for": self._iteration,
            "some": self._iteration,
            "every": self._iteration,
        }

    # -- small things -------------------------------------------------------------------------------------------
    def local(self, node: etree._Element) -> str:
        """The local name of an element of this DMN version, else an empty string."""
        tag = node.tag
        if not isinstance(tag, str) or not tag.startswith(f"{{{self.namespace}}}"):
            return ""
        return tag[len(self.namespace) + 2 :]

    def children(self, node: etree._Element, name: str) -> Iterator[etree._Element]:
        return node.iterchildren(f"{{{self.namespace}}}{name}")

    def child(self, node: etree._Element, name: str) -> etree._Element | None:
        return next(self.children(node, name), None)

    def text(self, node: etree._Element | None, name: str = "text") -> str:
        """The text of the child ``name``; FEEL keeps its inner line breaks."""
        child = None if node is None else self.child(node, name)
        return "" if child is None else (child.text or "").strip()

    def refuse(self, code: str, node: etree._Element, **facts: Any) -> None:
        self.problems.append(
            Problem(code, self.file, node.get("id", ""), name_of(node.get("name")), line_of(node), facts)
        )

    def type_ref(self, node: etree._Element) -> str:
        """The type named by ``typeRef``; DMN 1.1 writes a QName (``feel:string``), later versions a FEEL name."""
        written = node.get("typeRef") or self.text(node, "typeRef")
        return self.plain_type(written, node)

    def plain_type(self, written: str, node: etree._Element) -> str:
        prefix, colon, local = written.strip().partition(":")
        if not colon:
            return name_of(written)
        target = node.nsmap.get(prefix) or ""
        if prefix == "feel" or _FEEL_LANGUAGE.fullmatch(target) or target == self.own or not target:
            return name_of(local)
        return f"{prefix}.{name_of(local)}"

    def check_language(self, node: etree._Element) -> None:
        language = node.get("expressionLanguage")
        if language and not _FEEL_LANGUAGE.fullmatch(language):
            self.refuse("expression_language", node, language=language[:200])

    # -- expressions --------------------------------------------------------------------------------------------
    def expression_in(self, node: etree._Element, default_id: str, *, required: bool = True) -> Expression | None:
        """The first boxed expression among the children of ``node``."""
        for child in node.iterchildren():
            reader = self._readers.get(self.local(child))
            if reader is not None:
                return reader(child, child.get("id") or default_id)
        if required:
            self.refuse("expression_missing", node, element=self.local(node))
        return None

    def _needed(self, node: etree._Element | None, parent: etree._Element, name: str, default_id: str) -> Expression:
        """As ``expression_in``, but a missing one is a problem and reads as null."""
        found = None
        if node is None:
            self.refuse("expression_missing", parent, element=name)
        else:
            found = self.expression_in(node, default_id)
        return found if found is not None else Literal(default_id, "null")

    def _literal(self, node: etree._Element, identity: str) -> Literal:
        self.check_language(node)
        if self.child(node, "importedValues") is not None:
            self.refuse("imported_values", node)
        return Literal(identity, self.text(node), self.type_ref(node), line_of(node))

    def _context(self, node: etree._Element, identity: str) -> ContextLogic:
        entries = []
        for number, entry in enumerate(self.children(node, "contextEntry"), 1):
            variable = self.child(entry, "variable")
            entries.append(
                ContextEntry(
                    "" if variable is None else name_of(variable.get("name")),
                    self._needed(entry, entry, "contextEntry", f"{identity}_entry_{number}"),
                    "" if variable is None else self.type_ref(variable),
                )
            )
        return ContextLogic(identity, tuple(entries), self.type_ref(node))

    def _relation(self, node: etree._Element, identity: str) -> RelationLogic:
        columns = tuple((name_of(c.get("name")), self.type_ref(c)) for c in self.children(node, "column"))
        rows = []
        for number, row in enumerate(self.children(node, "row"), 1):
            cells = self._all(row, f"{identity}_row_{number}")
            if len(cells) != len(columns):
                self.refuse("relation_row", row, row=number, cells=len(cells), columns=len(columns))
            rows.append(cells)
        return RelationLogic(identity, columns, tuple(rows), self.type_ref(node))

    def _all(self, node: etree._Element, identity: str) -> tuple[Expression, ...]:
        found = []
        for number, child in enumerate(node.iterchildren(), 1):
            reader = self._readers.get(self.local(child))
            if reader is not None:
                found.append(reader(child, child.get("id") or f"{identity}_{number}"))
        return tuple(found)

    def _list(self, node: etree._Element, identity: str) -> ListLogic:
        return ListLogic(identity, self._all(node, identity), self.type_ref(node))

    def function(self, node: etree._Element, identity: str) -> FunctionLogic:
        """A functionDefinition, also as the encapsulatedLogic of a business knowledge model."""
        self.check_language(node)
        kind = (node.get("kind") or "FEEL").upper()
        if kind not in {"FEEL", "F"}:
            self.refuse("function_kind", node, kind=kind[:20])
            return FunctionLogic(identity, (), None, kind, line=line_of(node))
        parameters = tuple(
            Parameter(name_of(p.get("name")), self.type_ref(p)) for p in self.children(node, "formalParameter")
        )
        body = self.expression_in(node, f"{identity}_body")
        return FunctionLogic(identity, parameters, body, "FEEL", self.type_ref(node), line_of(node))

    def _invocation(self, node: etree._Element, identity: str) -> InvocationLogic:
        bindings = []
        for number, binding in enumerate(self.children(node, "binding"), 1):
            parameter = self.child(binding, "parameter")
            if parameter is None:
                self.refuse("binding_parameter", binding)
                continue
            value = self.expression_in(binding, f"{identity}_binding_{number}", required=False)
            bindings.append((name_of(parameter.get("name")), value or Literal(f"{identity}_binding_{number}", "null")))
        called = self._needed(node, node, "invocation", f"{identity}_called")
        return InvocationLogic(identity, called, tuple(bindings), self.type_ref(node))

    def _part(self, node: etree._Element, name: str, identity: str) -> Expression:
        return self._needed(self.child(node, name), node, name, f"{identity}_{name}")

    def _conditional(self, node: etree._Element, identity: str) -> ConditionalLogic:
        condition, then, otherwise = (self._part(node, name, identity) for name in ("if", "then", "else"))
        return ConditionalLogic(identity, condition, then, otherwise, self.type_ref(node))

    def _filter(self, node: etree._Element, identity: str) -> FilterLogic:
        source, match = (self._part(node, name, identity) for name in ("in", "match"))
        return FilterLogic(identity, source, match, self.type_ref(node))

    def _iteration(self, node: etree._Element, identity: str) -> IterationLogic:
        kind = self.local(node)
        variable = name_of(node.get("iteratorVariable"))
        if not variable:
            self.refuse("iterator_variable", node, element=kind)
        source = self._part(node, "in", identity)
        body = self._part(node, "return" if kind == "for" else "satisfies", identity)
        return IterationLogic(identity, kind, variable, source, body, self.type_ref(node))

    # -- decision tables ----------------------------------------------------------------------------------------
    def _table(self, node: etree._Element, identity: str) -> DecisionTable:
        policy = (node.get("hitPolicy") or "UNIQUE").upper()
        if policy not in HIT_POLICIES:
            self.refuse("hit_policy", node, found=policy[:40], known=list(HIT_POLICIES))
        aggregation = (node.get("aggregation") or "").upper()
        if aggregation and (aggregation not in AGGREGATIONS or policy != "COLLECT"):
            self.refuse("aggregation", node, found=aggregation[:40], hit_policy=policy, known=list(AGGREGATIONS))
        inputs = tuple(self._input(c, f"{identity}_input_{n}") for n, c in enumerate(self.children(node, "input"), 1))
        outputs = tuple(
            self._output(c, f"{identity}_output_{n}") for n, c in enumerate(self.children(node, "output"), 1)
        )
        annotations = tuple(name_of(a.get("name")) for a in self.children(node, "annotation"))
        rules = []
        for number, row in enumerate(self.children(node, "rule"), 1):
            rules.append(self._rule(row, f"{identity}_rule_{number}", number, len(inputs), len(outputs)))
        width = max([len(annotations), *(len(r.annotations) for r in rules)])
        annotations += tuple("" for _ in range(width - len(annotations)))
        table = DecisionTable(
            identity,
            inputs,
            outputs,
            tuple(rules),
            policy,
            aggregation,
            annotations,
            node.get("outputLabel") or "",
            self.type_ref(node),
            node.get("preferredOrientation") or "",
            line_of(node),
        )
        self._check_columns(table, node)
        return table

    def _check_columns(self, table: DecisionTable, node: etree._Element) -> None:
        if not table.outputs:
            self.refuse("table_without_output", node)
        if len(table.outputs) > 1:
            names = [o.name for o in table.outputs]
            if "" in names or len(set(names)) < len(names):
                self.refuse("output_names", node, names=names)
            if table.aggregation in {"SUM", "MIN", "MAX"}:
                self.refuse("aggregation_outputs", node, aggregation=table.aggregation, outputs=len(names))
        if table.hit_policy in {"PRIORITY", "OUTPUT ORDER"} and not any(o.allowed or o.type_ref for o in table.outputs):
            self.refuse("priority_without_values", node, hit_policy=table.hit_policy)

    def _input(self, node: etree._Element, identity: str) -> InputClause:
        expression = self.child(node, "inputExpression")
        if expression is not None:
            self.check_language(expression)
        text = self.text(expression)
        if not text:
            self.refuse("input_expression", node)
        allowed = self._values(node, "inputValues")
        type_ref = "" if expression is None else self.type_ref(expression)
        return InputClause(
            node.get("id") or identity, text or "null", node.get("label") or "", type_ref, allowed, line_of(node)
        )

    def _values(self, node: etree._Element, name: str) -> str:
        child = self.child(node, name)
        if child is None:
            return ""
        self.check_language(child)
        return self.text(child)

    def _output(self, node: etree._Element, identity: str) -> OutputClause:
        default = self.child(node, "defaultOutputEntry")
        if default is not None:
            self.check_language(default)
        return OutputClause(
            node.get("id") or identity,
            name_of(node.get("name")),
            node.get("label") or "",
            self.type_ref(node),
            self._values(node, "outputValues"),
            self.text(default),
            line_of(node),
        )

    def _rule(self, node: etree._Element, identity: str, number: int, inputs: int, outputs: int) -> Rule:
        identity = node.get("id") or identity
        cells: dict[str, tuple[Cell, ...]] = {}
        for kind, wanted in (("inputEntry", inputs), ("outputEntry", outputs)):
            found = []
            for column, cell in enumerate(self.children(node, kind), 1):
                self.check_language(cell)
                default = f"{identity}_{kind}_{column}"
                found.append(Cell(cell.get("id") or default, self.text(cell), line_of(cell)))
            if len(found) != wanted:
                self.refuse("rule_cells", node, rule=number, kind=kind, cells=len(found), columns=wanted)
                found = (found + [Cell(f"{identity}_{kind}_{n}", "") for n in range(len(found), wanted)])[:wanted]
            cells[kind] = tuple(found)
        annotations = tuple(self.text(a) for a in self.children(node, "annotationEntry"))
        description = self.text(node, "description")
        return Rule(identity, cells["inputEntry"], cells["outputEntry"], annotations, description, line_of(node))
