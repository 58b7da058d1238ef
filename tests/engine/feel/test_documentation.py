"""What docs/feel.md says is what runs."""

from dataclasses import fields
from pathlib import Path

from engine.domain_functions import LIBRARY
from engine.feel import LIMITS, SCRIPT_LIMITS
from engine.feel.catalogue import catalogue, markdown

DOCUMENT = (Path(__file__).parents[3] / "docs" / "feel.md").read_text("utf-8")


def test_the_table_of_functions_is_the_library() -> None:
    _, _, table = DOCUMENT.partition("<!-- functions -->\n")
    assert table == markdown(LIBRARY), "run `cityloop feel --functions` and put its output at the end of docs/feel.md"


def test_the_budgets_are_the_ones_that_hold() -> None:
    for limit in (
        *(LIMITS.source, SCRIPT_LIMITS.source, LIMITS.nesting, LIMITS.nodes, LIMITS.steps, LIMITS.string, LIMITS.items),
        *(LIMITS.result_nodes, LIMITS.result_depth, LIMITS.calls, LIMITS.pattern, round(LIMITS.seconds * 1000)),
    ):
        assert f" {limit:,} " in DOCUMENT
    assert len(fields(LIMITS)) == 12


def test_every_function_is_listed_once_with_all_its_signatures() -> None:
    listed = {entry["name"]: entry for entry in catalogue(LIBRARY)}
    assert len(listed) == len(LIBRARY.names)
    assert len(listed["date and time"]["signatures"]) == 6
