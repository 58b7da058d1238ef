"""``cityloop cases run FILE``: simulated people work on reported cases; the outcome is held against the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from engine import clock
from engine.errors import InvalidInput
from engine.settings import Settings
from engine.simulation import CaseRun, Difference, Sample, Timeline, compare, read_samples
from engine.simulation.outcome import Outcome, outcome_of
from engine.simulation.scratch import configured_files, scratch_database
from engine.storage import Database


@click.group()
def command() -> None:
    """Cases from files."""


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--case", "wanted", multiple=True, metavar="ID", help="Only these cases (and those they refer to).")
@click.option(
    "--keep", is_flag=True, help="Work in the configured database instead of a scratch one, and keep the cases."
)
@click.option("--quiet", is_flag=True, help="Only cases with differences, and the last line.")
def run(file: Path, wanted: Sequence[str], keep: bool, quiet: bool) -> None:
    """Run the cases of a JSON Lines FILE; exit status 1 when anything differs from what the file expects."""
    console = Console(highlight=False)
    try:
        samples = _chosen(read_samples(file.read_text("utf-8").splitlines()), wanted)
    except (InvalidInput, UnicodeDecodeError) as error:
        raise click.ClickException(_file_problems(file, error)) from error
    settings = Settings.from_environment()
    with _database(settings, keep) as (database, own_settings):
        runs = _run(samples, database, own_settings, console)
        different = _report(runs, database, console, quiet)
    raise SystemExit(1 if different else 0)


def _file_problems(file: Path, error: Exception) -> str:
    problems = [f"{p.path}: {p.code} {dict(p.facts) or ''}".rstrip() for p in getattr(error, "problems", ())]
    return "\n".join([f"{file} is no case file:", *(problems or [str(error)])])


def _chosen(samples: list[Sample], wanted: Sequence[str]) -> list[Sample]:
    if not wanted:
        return samples
    known = {sample.id: sample for sample in samples}
    missing = [identity for identity in wanted if identity not in known]
    if missing:
        raise click.ClickException(f"The file has no case {', '.join(missing)}.")
    referred = {str(known[identity].context.get("open_case")) for identity in wanted}
    return [sample for sample in samples if sample.id in {*wanted, *referred}]


@contextmanager
def _database(settings: Settings, keep: bool) -> Iterator[tuple[Database, Settings]]:
    """The configured database, or a scratch one with the same processes and the demonstration's people."""
    if keep:
        database = Database(settings.database_url, settings=settings)
        try:
            yield database, settings
        finally:
            database.close()
        return
    with scratch_database(settings, configured_files(settings)) as scratch:
        yield scratch


def _run(samples: list[Sample], database: Database, settings: Settings, console: Console) -> list[CaseRun]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("cases", total=len(samples))
        runs = []
        for done in Timeline(database, settings).run(samples):
            runs.append(done)
            progress.advance(bar)
    return sorted(runs, key=lambda r: r.sample.line)


def _report(runs: list[CaseRun], database: Database, console: Console, quiet: bool) -> int:
    numbers = {run.sample.id: run.number for run in runs}
    different = undeployed = 0
    for run in runs:
        if run.not_deployed:
            undeployed += 1
            if not quiet:
                console.print(
                    f"[dim]{run.sample.id}  {_title(run)}: no process is deployed for this service type[/dim]"
                )
            continue
        outcome, differences = None, [Difference("run", "a case at its end", run.failure)] if run.failure else []
        if run.case_id is not None:
            with database.reading() as session:
                outcome = outcome_of(session, run.case_id)
            if not run.failure:
                differences = compare(run.sample.expected, outcome, numbers, run.sample.context)
        different += bool(differences)
        if differences or not quiet:
            _print_case(console, run, outcome, differences)
    console.print(
        f"\n{len(runs)} cases: {len(runs) - different - undeployed} as expected, {different} different, "
        f"{undeployed} of service types without a process."
    )
    return different


def _title(run: CaseRun) -> str:
    return escape(f"{run.sample.report.get('service_type', '')} · {run.sample.report.get('title', '')}")


def _print_case(console: Console, run: CaseRun, outcome: Outcome | None, differences: Sequence[Difference]) -> None:
    mark = "[red]≠[/red]" if differences else "[green]=[/green]"
    console.print(f"\n{mark} [bold]{run.sample.id}[/bold]  {run.number}  {_title(run)}", soft_wrap=True)
    for what, text in _lines(outcome) if outcome else ():
        console.print(f"    {what:<12} {escape(text)}", soft_wrap=True)
    for difference in differences:
        text = f"expected {difference.expected}, found {difference.found}"
        console.print(f"  [red]≠ {difference.what:<12}[/red] {escape(text)}", soft_wrap=True)


def _lines(outcome: Outcome) -> Iterator[tuple[str, str]]:
    def moment(value: object) -> str:
        return clock.city_time(value).strftime("%Y-%m-%d %H:%M") if value else "–"  # type: ignore[arg-type]

    yield "route", outcome.route or "–"
    yield "row", f"{outcome.decision_row or '–'}  {outcome.close_condition}".rstrip()
    if outcome.limit:
        provisional = " (provisional)" if outcome.provisional else ""
        yield "limit", f"{outcome.limit} from {moment(outcome.started_at)}"
        yield (
            "deadline",
            f"{moment(outcome.first_due_at)}{provisional}"
            + (f", in the end {moment(outcome.due_at)}" if outcome.due_at != outcome.first_due_at else ""),
        )
    yield "responsible", " → ".join(f"{p.name} ({moment(p.since)})" for p in outcome.parties) or "–"
    yield "path", " → ".join(outcome.path) or "–"
    ended = outcome.status + (f" of {outcome.duplicate_of}" if outcome.duplicate_of else "")
    yield "closed", f"{ended}  {outcome.close_reason}".rstrip()
