"""The pages, by noun. Each module has a ``door`` whose routes say what they need."""

PAGES = (
    "auth",
    "desk",
    "tasks",
    "cases",
    "actions",
    "exports",
    "intake",
    "responses",
    "files",
    "notifications",
    "incidents",
    "people",
    "organisations",
    "calendar",
    "audit",
    "about",
    "workbench",
)
