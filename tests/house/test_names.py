"""The five top-level names belong to us alone: another distribution's ``web`` would silently replace ours."""

from importlib.metadata import packages_distributions

import pytest


@pytest.mark.parametrize("name", ["engine", "web", "workflows", "forms", "migrations"])
def test_the_top_level_name_is_ours_alone(name: str) -> None:
    owners = set(packages_distributions().get(name, []))
    assert owners <= {"cityloop"}, f"{name} is also installed by {sorted(owners - {'cityloop'})}"
