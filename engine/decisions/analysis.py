"""What a decision table leaves open, decides twice or can never reach, each as one concrete input.

Every input column is cut into classes of values that no rule tells apart; a set of rules is one integer, bit by bit.
Cells that compare with names or call functions are not decidable: they count as "may fit" for gaps (so that a gap
shown is one) and are left out of overlaps, and the analysis says so in ``undecided``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.decisions.axis import KINDS, points_of
from engine.decisions.findings import Analysis, BadOutput, DeadRule, Gap, Overlap, Undecided
from engine.decisions.model import Cell, DecisionTable
from engine.decisions.regions import EVERYTHING, NOTHING, Region, Undecidable, constant, intersection, region_of
from engine.decisions.types import NO_CONSTRAINT, Types
from engine.decisions.words import words
from engine.feel import SCRIPT_LIMITS, STANDARD, FeelError, FeelType, Library, compile_expression, compile_unary_tests
from engine.feel import nodes as n
from engine.feel.plain import write
from engine.feel.types import conforms

MAX_RULES = 2_000
MAX_STEPS = 200_000
MAX_SHOWN = 20


@dataclass
class _Axis:
    """One input: its classes as (a value's text, the rules that fit); ``null``: the rules that a null fits."""

    title: str
    classes: list[tuple[str, int]]
    undecided: int = 0
    null: int = 0


class _TooLarge(Exception):
    pass


def analyse(table: DecisionTable, types: Types | None = None, library: Library = STANDARD) -> Analysis:
    """Gaps, overlaps, rules that can never fire, and outputs outside the allowed values."""
    found = Analysis(has_default=any(output.default for output in table.outputs))
    _outputs(table, types, library, found)
    if len(table.rules) > MAX_RULES:
        found.undecided.append(Undecided("too_large", text=f"{len(table.rules)} > {MAX_RULES}"))
        return found
    axes = [_axis(table, group, types, library, found) for group in _groups(table)]
    _dependent(table, library, found)
    _overlaps(table, axes, found)
    search = _Search(axes, (1 << len(table.rules)) - 1)
    try:
        _gaps(search, found)
        _dead(table, axes, search, found)
    except _TooLarge:
        found.undecided.append(Undecided("too_large", text=f"> {MAX_STEPS}"))
    return found


# -- axes -------------------------------------------------------------------------------------------------------
def _groups(table: DecisionTable) -> list[list[int]]:
    """Columns by their expression: the same expression twice is one input."""
    groups: dict[str, list[int]] = {}
    for index, clause in enumerate(table.inputs):
        groups.setdefault(" ".join(clause.expression.split()), []).append(index)
    return list(groups.values())


def _axis(table: DecisionTable, group: list[int], types: Types | None, library: Library, found: Analysis) -> _Axis:
    title = table.input_titles[group[0]]
    regions, undecided = [], 0
    for number, rule in enumerate(table.rules):
        region = EVERYTHING
        for column in group:
            try:
                region = intersection(region, region_of(rule.inputs[column].text, library))
            except Undecidable as error:
                undecided |= 1 << number
                cell = rule.inputs[column]
                found.undecided.append(Undecided(error.reason, rule.id, number + 1, title, cell.text))
        regions.append(region)
    domain = _domain(table, group, types, library, found)
    kinds = {r.kind for r in (*regions, domain) if r is not NOTHING and not r.everything} - {"null"}
    if len(kinds) > 1:
        found.undecided.append(Undecided("kinds", column=title, text=", ".join(sorted(kinds))))
        everyone = (1 << len(regions)) - 1
        return _Axis(title, [("?", everyone)], everyone, everyone)
    kind = kinds.pop() if kinds else _declared(table, group, types)
    return _Axis(title, _classes(kind, regions, domain), undecided, _mask(regions, None))


def _declared(table: DecisionTable, group: list[int], types: Types | None) -> str:
    reference = table.inputs[group[0]].type_ref
    return (types.constraint(reference).type.kind if types else reference) or "Any"


def _domain(table: DecisionTable, group: list[int], types: Types | None, library: Library, found: Analysis) -> Region:
    """The values the column may have at all: its input values, its type's allowed values, both booleans."""
    domain = EVERYTHING
    for column in group:
        clause = table.inputs[column]
        wanted = types.constraint(clause.type_ref) if types else NO_CONSTRAINT
        for text in (clause.allowed, wanted.allowed.text if wanted.allowed else ""):
            try:
                domain = intersection(domain, region_of(text, library))
            except Undecidable as error:
                found.undecided.append(Undecided(error.reason, column=clause.title, text=text))
    return domain


def _classes(kind: str, regions: list[Region], domain: Region) -> list[tuple[str, int]]:
    candidates: list[Any] = []
    if kind == "boolean":
        candidates = [True, False]
    elif kind in KINDS:
        points, gaps = points_of(kind, [*regions, domain])
        candidates = [*points, *gaps]
    if any(region.null and not region.everything for region in regions):
        candidates.append(None)
    classes: dict[int, str] = {}
    for value in candidates:
        if not domain.everything and not domain.contains(value):
            continue
        classes.setdefault(_mask(regions, value), write(value, quoted=True))
    if kind == "string" and (domain.everything or domain.negated):
        others = _others(regions)
        classes.setdefault(others, f'"{words()["other"]}"')
    if not classes and domain.everything:
        classes[_others(regions)] = "?"
    return [(text, mask) for mask, text in classes.items()]


def _mask(regions: list[Region], value: Any) -> int:
    return sum(1 << number for number, region in enumerate(regions) if region is not NOTHING and region.contains(value))


def _others(regions: list[Region]) -> int:
    return sum(1 << number for number, region in enumerate(regions) if region.everything or region.negated)


def _dependent(table: DecisionTable, library: Library, found: Analysis) -> None:
    """Two columns that read the same variable in different ways: an example may be one that cannot come."""
    seen: list[tuple[str, frozenset[str], bool]] = []
    for clause in table.inputs:
        try:
            expression = compile_expression(clause.expression, library=library, limits=SCRIPT_LIMITS)
            tree = expression.tree
        except FeelError:
            continue
        path = all(isinstance(part, (n.Path, n.Name)) for part in n.walk(tree))
        for other, names, other_path in seen:
            apart = path and other_path and not (_inside(clause.expression, other) or _inside(other, clause.expression))
            if names & expression.names and not apart and other != clause.expression:
                found.undecided.append(Undecided("dependent", column=clause.title, text=other))
        seen.append((clause.expression, expression.names, path))


def _inside(whole: str, part: str) -> bool:
    return whole == part or whole.startswith(f"{part}.")


# -- findings ---------------------------------------------------------------------------------------------------
class _Search:
    """Looks for combinations of classes that leave no rule, within a budget of steps."""

    def __init__(self, axes: list[_Axis], everyone: int) -> None:
        self.axes, self.everyone = axes, everyone
        self.steps = 0

    def gaps(self, rules: int, within: int = 0) -> Iterator[list[str]]:
        """Chosen texts, shorter than the axes when the rest does not matter. ``within``: only classes of that rule."""
        yield from self._below(0, rules, within, [], set())

    def _below(
        self, depth: int, rules: int, within: int, chosen: list[str], clean: set[tuple[int, int]]
    ) -> Iterator[list[str]]:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise _TooLarge
        if not rules:
            yield list(chosen)
            return
        if depth == len(self.axes) or (depth, rules) in clean:
            return
        any_found = False
        axis = self.axes[depth]
        # A rule with "-" also fires for null, which is no gap to be shown but keeps the rule alive.
        for text, mask in [*axis.classes, ("null", axis.null)] if within else axis.classes:
            if within and not (mask | axis.undecided) & within:
                continue
            reached = rules & (mask | axis.undecided)
            for gap in self._below(depth + 1, reached, within, [*chosen, text], clean):
                any_found = True
                yield gap
        if not any_found:
            clean.add((depth, rules))


def _gaps(search: _Search, found: Analysis) -> None:
    if any(not axis.classes for axis in search.axes):
        return
    for chosen in search.gaps(search.everyone):
        if len(found.gaps) == MAX_SHOWN:
            found.more.append("gaps")
            return
        rest = search.axes[len(chosen) :]
        titles = [axis.title for axis in search.axes]
        texts = [*chosen, *(axis.classes[0][0] for axis in rest)]
        found.gaps.append(Gap(dict(zip(titles, texts, strict=True)), tuple(axis.title for axis in rest)))


def _overlaps(table: DecisionTable, axes: list[_Axis], found: Analysis) -> None:
    count = len(table.rules)
    together = [(1 << count) - 1] * count
    for axis in axes:
        meets = [0] * count
        for _, mask in axis.classes:
            for number in _bits(mask):
                meets[number] |= mask
        for number in range(count):
            together[number] &= meets[number] & ~axis.undecided
            if axis.undecided >> number & 1:
                together[number] = 0
    for first in range(count):
        for second in _bits(together[first] >> (first + 1)):
            if len(found.overlaps) == MAX_SHOWN:
                found.more.append("overlaps")
                return
            found.overlaps.append(_overlap(table, axes, first, first + 1 + second))


def _overlap(table: DecisionTable, axes: list[_Axis], first: int, second: int) -> Overlap:
    both = 1 << first | 1 << second
    inputs = {axis.title: next(text for text, mask in axis.classes if mask & both == both) for axis in axes}
    one, other = table.rules[first], table.rules[second]
    agrees = [cell.text for cell in one.outputs] == [cell.text for cell in other.outputs]
    return Overlap((one.id, other.id), (first + 1, second + 1), inputs, agrees)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        yield bit.bit_length() - 1
        mask ^= bit


def _dead(table: DecisionTable, axes: list[_Axis], search: _Search, found: Analysis) -> None:
    unsure = 0
    for axis in axes:
        unsure |= axis.undecided
    for number, rule in enumerate(table.rules):
        bit = 1 << number
        if any(not any(mask & bit for _, mask in axis.classes) and not axis.undecided & bit for axis in axes):
            found.dead_rules.append(DeadRule(rule.id, number + 1, "nothing_fits"))
        elif table.hit_policy == "FIRST" and number and not unsure & bit:
            earlier = (bit - 1) & ~unsure
            if next(search.gaps(earlier, bit), None) is None:
                found.dead_rules.append(DeadRule(rule.id, number + 1, "covered"))


def _outputs(table: DecisionTable, types: Types | None, library: Library, found: Analysis) -> None:
    for index, clause in enumerate(table.outputs):
        wanted = types.constraint(clause.type_ref) if types else NO_CONSTRAINT
        for number, rule in enumerate(table.rules):
            cell = rule.outputs[index]
            value = _constant_output(cell, library)
            if value is None:
                continue
            for text in (clause.allowed, wanted.allowed.text if wanted.allowed else ""):
                if text and not _allowed(text, value, library):
                    found.bad_outputs.append(BadOutput(rule.id, number + 1, clause.title, cell.text, "allowed", text))
                    break
            else:
                kind = wanted.type if types else FeelType(clause.type_ref or "Any")
                if not conforms(value, kind, library.types) and (types or kind.kind in KINDS):
                    found.bad_outputs.append(BadOutput(rule.id, number + 1, clause.title, cell.text, "type", str(kind)))


def _constant_output(cell: Cell, library: Library) -> Any:
    if cell.text in {"", "-"}:
        return None
    try:
        return constant(compile_expression(cell.text, library=library, limits=SCRIPT_LIMITS).tree, library)
    except (FeelError, Undecidable):
        return None


def _allowed(text: str, value: Any, library: Library) -> bool:
    try:
        return compile_unary_tests(text, library=library, limits=SCRIPT_LIMITS).test(value, {}) is True
    except FeelError:
        return True  # the check of expressions tells that the allowed values are no FEEL


__all__ = ["Analysis", "BadOutput", "DeadRule", "Gap", "Overlap", "Undecided", "analyse"]
