"""The workbench's deeds: open a bundle as a draft, save, go back, check, review by a second person, publish."""

from engine.drafts.editing import abandon, import_files, keep_aside, restore, revisions, save, take_out
from engine.drafts.files import files_of, published_files, together
from engine.drafts.findings import are_scenarios_owed, findings, is_blocked, outcomes
from engine.drafts.listing import Bundle, bundles
from engine.drafts.opening import living_draft, new_bundle, open_draft
from engine.drafts.publishing import approve, authors, override, publish, request_review, send_back
from engine.drafts.scheduling import publish_due
from engine.drafts.usage import User, uses
from engine.drafts.versions import go_back, retire

__all__ = [
    "Bundle",
    "User",
    "abandon",
    "approve",
    "are_scenarios_owed",
    "authors",
    "bundles",
    "files_of",
    "findings",
    "go_back",
    "import_files",
    "is_blocked",
    "keep_aside",
    "living_draft",
    "new_bundle",
    "open_draft",
    "outcomes",
    "override",
    "publish",
    "publish_due",
    "published_files",
    "request_review",
    "restore",
    "retire",
    "revisions",
    "save",
    "send_back",
    "take_out",
    "together",
    "uses",
]
