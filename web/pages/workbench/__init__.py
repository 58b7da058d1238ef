"""The workbench: change, check, try, review and publish the city's processes in the browser."""

from web.doors import Door

door = Door("workbench", __name__, url_prefix="/workbench")

from web.pages.workbench import (  # noqa: E402  the modules declare their pages on the door
    deciding,
    editing,
    importing,
    instances,
    listing,
    migrating,
    parts,
    playing,
    policies,
    reviewing,
    telling,
    trying,
    versions,
)

door.context_processor(telling.words_for_templates)

__all__ = [
    "deciding",
    "door",
    "editing",
    "importing",
    "instances",
    "listing",
    "migrating",
    "parts",
    "playing",
    "policies",
    "reviewing",
    "telling",
    "trying",
    "versions",
]
