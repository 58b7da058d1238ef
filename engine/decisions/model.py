"""What a DMN file says, as plain immutable facts: no XML, nothing compiled. ``parser`` makes it, the rest reads it."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.errors import Problem

HIT_POLICIES = ("UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER")
AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")
EMPTY = frozenset({"", "-"})
"""What stands in a cell that says nothing."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One entry of a rule: FEEL text with the id of its element."""

    id: str
    text: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class InputClause:
    """An input column. ``allowed`` is the text of its inputValues (unary tests), or empty."""

    id: str
    expression: str
    label: str = ""
    type_ref: str = ""
    allowed: str = ""
    line: int | None = None

    @property
    def title(self) -> str:
        """What a person calls this column."""
        return self.label or self.expression


@dataclass(frozen=True, slots=True)
class OutputClause:
    """An output column. ``allowed`` is the text of its outputValues, by priority; ``default`` a FEEL expression."""

    id: str
    name: str = ""
    label: str = ""
    type_ref: str = ""
    allowed: str = ""
    default: str = ""
    line: int | None = None

    @property
    def title(self) -> str:
        """What a person calls this column."""
        return self.label or self.name


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: as many ``inputs`` and ``outputs`` as the table has columns, at most as many ``annotations``."""

    id: str
    inputs: tuple[Cell, ...]
    outputs: tuple[Cell, ...]
    annotations: tuple[str, ...] = ()
    description: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A decision table. ``annotations`` names the annotation columns (such as the source of a rule in the law)."""

    id: str
    inputs: tuple[InputClause, ...]
    outputs: tuple[OutputClause, ...]
    rules: tuple[Rule, ...]
    hit_policy: str = "UNIQUE"
    aggregation: str = ""
    annotations: tuple[str, ...] = ()
    output_label: str = ""
    type_ref: str = ""
    orientation: str = ""
    line: int | None = None

    @property
    def input_titles(self) -> tuple[str, ...]:
        """What a person calls the input columns; where two share a label, their expressions tell them apart."""
        labels = [clause.title for clause in self.inputs]
        return tuple(
            title if labels.count(title) == 1 else f"{title} ({clause.expression})"
            for title, clause in zip(labels, self.inputs, strict=True)
        )

    @property
    def single_output(self) -> bool:
        """Whether a hit is a bare value (one output column) and not a context."""
        return len(self.outputs) == 1


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal expression."""

    id: str
    text: str
    type_ref: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """``name`` is empty for the result entry."""

    name: str
    value: Expression
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class ContextLogic:
    id: str
    entries: tuple[ContextEntry, ...]
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class RelationLogic:
    id: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Expression, ...], ...]
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class ListLogic:
    id: str
    items: tuple[Expression, ...]
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class FunctionLogic:
    """A boxed function, also that of a business knowledge model. ``kind`` is FEEL, JAVA or PMML; only FEEL runs."""

    id: str
    parameters: tuple[Parameter, ...]
    body: Expression | None
    kind: str = "FEEL"
    type_ref: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class InvocationLogic:
    id: str
    called: Expression
    bindings: tuple[tuple[str, Expression], ...]
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class ConditionalLogic:
    id: str
    condition: Expression
    then: Expression
    otherwise: Expression
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class FilterLogic:
    id: str
    source: Expression
    match: Expression
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class IterationLogic:
    """``kind`` is ``for``, ``some`` or ``every``."""

    id: str
    kind: str
    variable: str
    source: Expression
    body: Expression
    type_ref: str = ""


Expression = (
    DecisionTable
    | Literal
    | ContextLogic
    | RelationLogic
    | ListLogic
    | FunctionLogic
    | InvocationLogic
    | ConditionalLogic
    | FilterLogic
    | IterationLogic
)


@dataclass(frozen=True, slots=True)
class InputData:
    id: str
    name: str
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """``variable`` is the name other decisions see. Requirements are hrefs: ``id`` or ``namespace#id``."""

    id: str
    name: str
    variable: str
    logic: Expression | None
    type_ref: str = ""
    required_decisions: tuple[str, ...] = ()
    required_inputs: tuple[str, ...] = ()
    required_knowledge: tuple[str, ...] = ()
    description: str = ""
    line: int | None = None

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The ids of the table's rules; none when the logic is no table."""
        return tuple(rule.id for rule in self.logic.rules) if isinstance(self.logic, DecisionTable) else ()


@dataclass(frozen=True, slots=True)
class KnowledgeModel:
    """A business knowledge model: a named function."""

    id: str
    name: str
    variable: str
    logic: FunctionLogic | None
    type_ref: str = ""
    required_knowledge: tuple[str, ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class DecisionService:
    """Decisions offered as one function: its parameters are ``input_data``, then ``input_decisions``."""

    id: str
    name: str
    variable: str
    outputs: tuple[str, ...]
    encapsulated: tuple[str, ...] = ()
    input_decisions: tuple[str, ...] = ()
    input_data: tuple[str, ...] = ()
    type_ref: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    """A named type. ``allowed`` constrains each item, ``constraint`` (DMN 1.5 typeConstraint) the whole value."""

    name: str
    type_ref: str = ""
    is_collection: bool = False
    allowed: str = ""
    constraint: str = ""
    components: tuple[ItemDefinition, ...] = ()
    function: tuple[tuple[Parameter, ...], str] | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Import:
    name: str
    namespace: str
    location: str = ""


@dataclass
class DmnFile:
    """One DMN file. When ``problems`` holds errors the rest may be incomplete."""

    file: str
    namespace: str = ""
    name: str = ""
    version: str = ""
    imports: tuple[Import, ...] = ()
    types: dict[str, ItemDefinition] = field(default_factory=dict)
    inputs: dict[str, InputData] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    knowledge: dict[str, KnowledgeModel] = field(default_factory=dict)
    services: dict[str, DecisionService] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def tables(self) -> list[Decision]:
        """The decisions whose logic is a table."""
        return [decision for decision in self.decisions.values() if isinstance(decision.logic, DecisionTable)]
