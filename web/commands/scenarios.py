"""``cityloop scenarios run``: the designers' own tests of the processes, with what they cover."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from os import cpu_count
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from engine.deployments import load_folder
from engine.errors import InvalidInput
from engine.scenarios import (
    ENDING,
    Coverage,
    Outcome,
    Scenario,
    decision_coverage,
    process_coverage,
    read_scenarios,
    run_scenario,
)
from engine.settings import Settings


@click.group()
def command() -> None:
    """The designers' own tests."""


@command.command()
@click.argument("patterns", nargs=-1, metavar="[PROCESS …]")
@click.option(
    "--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Instead of the shipped one."
)
@click.option("--uncovered", is_flag=True, help="Name every element and rule no scenario passes.")
def run(patterns: Sequence[str], folder: Path | None, uncovered: bool) -> None:
    """Run the scenarios beside the diagrams (of folders matching PROCESS); exit status 1 when one is red."""
    console = Console(highlight=False)
    files = dict(load_folder(folder) if folder else load_folder())
    try:
        scenarios = list(_scenarios(files, patterns))
    except InvalidInput as error:
        raise click.ClickException("\n".join(f"{p.path}: {p.code} {dict(p.facts)}" for p in error.problems)) from error
    outcomes = _run(scenarios, files, console)
    red = [outcome for outcome in outcomes if outcome.failure]
    for outcome in outcomes:
        mark = "[red]red[/red]  " if outcome.failure else "[green]green[/green]"
        console.print(f"{mark} {escape(outcome.path)}: {escape(outcome.name)}", soft_wrap=True)
        if outcome.failure:
            console.print(f"      {escape(outcome.failure)}", soft_wrap=True)
    _print_coverage(console, "processes", process_coverage(files, outcomes), uncovered)
    _print_coverage(console, "decisions", decision_coverage(files, outcomes), uncovered)
    console.print(f"\n{len(outcomes)} scenarios: {len(outcomes) - len(red)} green, {len(red)} red.")
    raise SystemExit(1 if red else 0)


def _scenarios(files: dict[str, bytes], patterns: Sequence[str]) -> Iterable[Scenario]:
    for path, content in sorted(files.items()):
        bundle = path.split("/")[1] if path.startswith("workflows/") else ""
        if path.endswith(ENDING) and (not patterns or any(fnmatch.fnmatch(bundle, p) for p in patterns)):
            yield from read_scenarios(path, content)


def _run(scenarios: list[Scenario], files: dict[str, bytes], console: Console) -> list[Outcome]:
    settings = Settings.from_environment()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    outcomes: list[Outcome] = []
    with (
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
        ProcessPoolExecutor(max_workers=cpu_count()) as pool,
    ):
        bar = progress.add_task("scenarios", total=len(scenarios))
        count = len(scenarios)
        for outcome in pool.map(run_scenario, scenarios, [files] * count, [settings] * count):
            outcomes.append(outcome)
            progress.advance(bar)
    return outcomes


def _print_coverage(console: Console, title: str, rows: list[Coverage], uncovered: bool) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in ("key", "name", "covered", "of"):
        table.add_column(heading, justify="right" if heading in {"covered", "of"} else "left")
    for row in rows:
        table.add_row(row.key, row.name, str(row.covered), str(len(row.passed)))
    console.print()
    console.print(table)
    total = sum(len(row.passed) for row in rows)
    covered = sum(row.covered for row in rows)
    console.print(f"{covered} of {total} ({covered / total:.0%})" if total else "none")
    if uncovered:
        for row in rows:
            for missing in row.missing:
                console.print(f"  {row.key}: {missing}")
