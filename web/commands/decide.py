"""``cityloop decide FILE.dmn DECISION``: decide with data from a file, and see which rules fired and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine import clock
from engine.decisions import Analysis, Decision, DecisionSet, DecisionTable, DmnFile, read_dmn, write_table
from engine.decisions.spreadsheet import export_table, import_table
from engine.domain_functions import LIBRARY, expression_limits
from engine.errors import InvalidInput, Problem
from engine.feel import Host, feel_text, to_feel
from web.commands.sheets import reasons


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("decision", required=False)
@click.option(
    "--data",
    "data_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON object with the inputs; may be given several times.",
)
@click.option("--analyse", "analysed", is_flag=True, help="Show gaps, overlaps and rules that never fire instead.")
@click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), help="Write the table as a spreadsheet.")
@click.option(
    "--from-xlsx",
    "edited",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the edited spreadsheet back into FILE.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the value and its trace as JSON.")
def command(
    file: Path,
    decision: str | None,
    data_files: tuple[Path, ...],
    analysed: bool,
    xlsx: Path | None,
    edited: Path | None,
    as_json: bool,
) -> None:
    """Decide DECISION (its id or name) of FILE; other .dmn files beside it may be imported."""
    main = read_dmn(file.read_bytes(), file.name)
    found = [read_dmn(p.read_bytes(), p.name) for p in sorted(file.parent.glob("*.dmn")) if p.name != file.name]
    beside = [other for other in found if not other.problems]
    console = Console()
    decisions = DecisionSet([main, *beside], LIBRARY)
    _refuse(console, [*main.problems, *decisions.problems()], file.name)
    if decision is None:
        _list(console, main)
        return
    chosen = _chosen(main, decision)
    if xlsx is not None:
        xlsx.write_bytes(export_table(_table(chosen), chosen.name))
        click.echo(f"{xlsx}: {len(_table(chosen).rules)} rules")
        return
    if edited is not None:
        _table(chosen)
        _take_back(console, file, beside, chosen.id, edited)
        return
    if analysed:
        _table(chosen)
        _show_analysis(console, chosen, decisions.analyse(chosen.id))
        return
    host = Host(now=clock.now(), limits=expression_limits())
    decided = decisions.decide(chosen.id, _data(data_files), host)
    if as_json:
        click.echo(json.dumps(decided.trace, ensure_ascii=False, indent=2))
        return
    _show_trace(console, main, decided.trace)
    console.print(Text("= ") + Text(feel_text(to_feel(decided.value)), style="bold"), soft_wrap=True)


def _take_back(console: Console, file: Path, beside: list[DmnFile], decision_id: str, edited: Path) -> None:
    """Write the spreadsheet's rows into the file, unless one of them is wrong."""
    try:
        table = import_table(edited.read_bytes())
    except InvalidInput as error:
        raise click.ClickException("\n".join(f"{edited}: {reason}" for reason in reasons(error))) from error
    made = write_table(file.read_bytes(), decision_id, table)
    taken = read_dmn(made, file.name)
    _refuse(console, [*taken.problems, *DecisionSet([taken, *beside], LIBRARY).problems()], file.name)
    file.write_bytes(made)
    click.echo(f"{file}: {len(table.rules)} rules")


def _refuse(console: Console, problems: list[Problem], file: str) -> None:
    errors = [problem for problem in problems if problem.severity == "error" and problem.file == file]
    for problem in errors:
        facts = ", ".join(f"{name}={value}" for name, value in problem.facts.items())
        console.print(f"{file}:{problem.line or '?'} {problem.element_id} {problem.code}: {facts}", markup=False)
    if errors:
        raise click.ClickException(f"{file} has {len(errors)} problem(s).")


def _list(console: Console, file: DmnFile) -> None:
    table = Table("id", "name", "logic", "rules")
    for decision in file.decisions.values():
        logic = decision.logic
        policy = logic.hit_policy if isinstance(logic, DecisionTable) else type(logic).__name__.removesuffix("Logic")
        table.add_row(decision.id, decision.name, policy, str(len(decision.rule_ids) or ""))
    console.print(table)


def _chosen(file: DmnFile, wanted: str) -> Decision:
    for decision in file.decisions.values():
        if wanted in (decision.id, decision.name):
            return decision
    raise click.ClickException(f"{file.file} has no decision {wanted}; it has {', '.join(file.decisions) or 'none'}.")


def _table(decision: Decision) -> DecisionTable:
    if not isinstance(decision.logic, DecisionTable):
        raise click.ClickException(f"{decision.id} is no decision table.")
    return decision.logic


def _data(files: tuple[Path, ...]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for path in files:
        try:
            found = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        except ValueError as error:
            raise click.ClickException(f"{path}: {error}") from error
        if not isinstance(found, dict):
            raise click.ClickException(f"{path}: not a JSON object.")
        data.update(found)
    return data


def _show_trace(console: Console, file: DmnFile, trace: Mapping[str, Any]) -> None:
    """One decision: its inputs, and the rules that fired as rows of its table."""
    for required in trace.get("required", []):
        _show_trace(console, file, required)
    decision = file.decisions.get(trace["decision"])
    title = f"{trace['name']} ({trace['decision']})"
    if decision is None or not isinstance(decision.logic, DecisionTable):
        console.print(f"{title} = {json.dumps(trace.get('value'), ensure_ascii=False)}", markup=False)
    else:
        logic = decision.logic
        shown = Table(title=title, caption=f"{logic.hit_policy} {logic.aggregation}".strip(), title_justify="left")
        shown.add_column("#", justify="right")
        for name, value in trace.get("inputs", {}).items():
            shown.add_column(Text(f"{name}\n{json.dumps(value, ensure_ascii=False)}"))
        for output in logic.outputs:
            shown.add_column(Text(output.title or decision.name), style="bold")
        for row in trace.get("rows", []):
            rule = logic.rules[row - 1]
            cells = [Text(cell.text or "-") for cell in (*rule.inputs, *rule.outputs)]
            shown.add_row(str(row), *cells)
        console.print(shown)
        if not trace.get("rows"):
            console.print("no rule fired" + (": default" if trace.get("default") else ""))
    for reason in trace.get("reasons", []):
        console.print(f"  null at {reason['element']}: {reason['zh']} / {reason['en']}", markup=False)


def _show_analysis(console: Console, decision: Decision, found: Analysis) -> None:
    lines = [f"gap: {_inputs(gap.inputs, gap.any)}" for gap in found.gaps]
    lines += [f"overlap of rules {o.rows[0]} and {o.rows[1]}: {_inputs(o.inputs, ())}" for o in found.overlaps]
    lines += [f"rule {dead.row} never fires: {dead.reason}" for dead in found.dead_rules]
    lines += [f"rule {bad.row}, {bad.column}: {bad.text} is not among {bad.allowed}" for bad in found.bad_outputs]
    for item in found.undecided:
        place = " ".join(part for part in (f"rule {item.row}" if item.row else "", item.column, item.text) if part)
        lines.append(f"not decidable ({item.reason}): {place}")
    lines += [f"more {what} than shown" for what in found.more]
    console.print(f"{decision.name} ({decision.id}): {len(decision.rule_ids)} rules", markup=False)
    for line in lines or ["no gap, no overlap, every rule can fire"]:
        console.print(f"  {line}", markup=False, soft_wrap=True)


def _inputs(inputs: Mapping[str, str], free: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = {'any' if name in free else text}" for name, text in inputs.items())
